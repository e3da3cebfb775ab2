"""Verification: implementations are run on a covering design of the lattice, judged, and certified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lstm_parity.audits.own_arithmetic import InOwnArithmetic
from lstm_parity.audits.plan import discover, draw_plan
from lstm_parity.audits.questions import QUESTIONS
from lstm_parity.cases.case import Case
from lstm_parity.cases.covering import draw_design, draw_tall
from lstm_parity.cases.setting import DTYPES
from lstm_parity.implementations.references import NumpyReference, TorchReference
from lstm_parity.implementations.torch_modules import TorchLSTM, TorchLSTMCell
from lstm_parity.judging.arithmetic import Explanation, explain
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reports.certificate import OUTPUTS, Certificate, Row, make_row, not_covered
from lstm_parity.reports.provenance import collect_provenance
from lstm_parity.running.evidence import Observation
from lstm_parity.running.observe import observe_all
from lstm_parity.running.protocol import Implementation

_SIMPLEST = 24  # one of so many cases is judged first
_EVERY = {"life of the module": 12, "gradients": 5, "second derivatives": 1}  # one of so many cases is taken
_NON_FINITE = "outputs of NaN and infinities"
OUR_IMPLEMENTATIONS: tuple[Implementation, ...] = (TorchLSTM(), TorchLSTMCell(), TorchReference(), NumpyReference())


def verification_cases(dtype: str, device: str = "cpu") -> list[Case]:
    """Draw the cases of a verification in one dtype.

    For every value profile, every pair of values of the other axes; and the tall cases.
    """
    return [*draw_design(dtype=dtype, device=device), *draw_tall(dtype=dtype, device=device)]


def explain_each(observations: Sequence[Observation]) -> list[Explanation]:
    """Explain a run separately for each expected arithmetic: one on the CPU, perhaps two on a GPU."""
    groups: dict[Arithmetic, list[Observation]] = {}
    for observation in observations:
        groups.setdefault(observation.expected_arithmetic, []).append(observation)
    return [explain(group) for group in groups.values()]


def verify(
    implementations: Sequence[Implementation] = OUR_IMPLEMENTATIONS,
    dtypes: Sequence[str] = DTYPES,
    progress: Callable[[str], None] = lambda _: None,
    device: str = "cpu",
) -> Certificate:
    """Judge each implementation in each dtype; progress is called with what comes next."""
    rows, designs = [], {dtype: verification_cases(dtype, device) for dtype in dtypes}
    for implementation in implementations:
        for dtype in dtypes:
            progress(f"{implementation.name}, {dtype}")
            seen = observe_all(implementation, designs[dtype])
            rows += [make_row(implementation.name, dtype, explanation) for explanation in explain_each(seen)]
    return Certificate(collect_provenance(device), tuple(rows), not_covered(device))


def verify_one(
    implementation: Implementation,
    dtypes: Sequence[str] = DTYPES,
    progress: Callable[[str], None] = lambda _: None,
    device: str = "cpu",
    *,
    strict: bool = False,
) -> tuple[Certificate, Sequence[Verdict]]:
    """Judge one implementation in each dtype until it is wrong in one; also the verdicts of that one, or none.

    What it offers is found first, and all of that is judged: outputs, the life of a module, gradients. A few cases
    come first; what comes after the first that are wrong is not judged. Unless strict, it is judged in the arithmetic
    of the dtype that it is measured to work in.
    """
    judged = implementation if strict else InOwnArithmetic(implementation)
    rows: list[Row] = []
    wrong: Sequence[Verdict] = ()
    for dtype in dtypes:
        for question, explanation in _judge_dtype(judged, dtype, device, progress):
            rows.append(make_row(implementation.name, dtype, explanation, question))
            if not explanation.parity:
                wrong = explanation.verdicts
                break
        if wrong:
            break
    gradients = any(row.question == "gradients" for row in rows)
    return Certificate(collect_provenance(device), tuple(rows), not_covered(device, gradients)), wrong


def _judge_dtype(
    implementation: Implementation, dtype: str, device: str, progress: Callable[[str], None]
) -> Iterator[tuple[str, Explanation]]:
    """Judge outputs, the life of a module and gradients in one dtype; each with the question that it answers."""
    progress(f"{implementation.name}, {dtype}: what it offers")
    offer = discover(implementation, dtype, device)
    cases = draw_plan(offer, dtype, device)
    finite, others = ([case for case in cases if case.is_finite is wanted] for wanted in (True, False))
    progress(f"{implementation.name}, {dtype}: {len(cases)} cases")
    some = explain([*observe_all(implementation, finite[::_SIMPLEST]), *offer.refused])
    if not cases or not some.parity:
        yield OUTPUTS, some
        return
    whole = explain([*observe_all(implementation, finite), *offer.refused])
    yield OUTPUTS, whole
    if not whole.parity:
        return
    yield _NON_FINITE, _as_explanation(judge_all(observe_all(implementation, others)))
    for question, ask in QUESTIONS.items():
        progress(f"{implementation.name}, {dtype}: {question}")
        verdicts = ask(implementation, finite, _EVERY[question])
        if any(verdict.outcome is not Outcome.REFUSED for verdict in verdicts):
            yield question, _as_explanation(verdicts)


def _as_explanation(verdicts: Sequence[Verdict]) -> Explanation:
    """Return verdicts that no other arithmetic is sought for."""
    expected = verdicts[0].arithmetic
    agrees = not any(verdict.outcome.is_wrong for verdict in verdicts)
    return Explanation(expected, expected if agrees else None, tuple(verdicts))
