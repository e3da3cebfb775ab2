"""Verification: implementations are run on a covering design of the lattice, judged, and certified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from lstm_parity.audits.plan import discover, draw_plan
from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.covering import TALL_SEED, draw_design, draw_tall
from lstm_parity.cases.setting import DTYPES
from lstm_parity.diagnosis.probes import observe_in
from lstm_parity.implementations.references import NumpyReference, TorchReference
from lstm_parity.implementations.torch_modules import TorchLSTM, TorchLSTMCell
from lstm_parity.judging.arithmetic import Explanation, explain
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.gradients import judge_gradients
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reports.certificate import OUTPUTS, Certificate, Row, make_row, not_covered
from lstm_parity.reports.provenance import collect_provenance
from lstm_parity.running.autograd import adjoints
from lstm_parity.running.evidence import LATE, RELOADED, TRAINING, TWICE, Observation
from lstm_parity.running.observe import observe_all
from lstm_parity.running.protocol import Implementation

_SIMPLEST = 24  # one of so many cases is judged first
_GRADIENTS, _LIFE = "gradients", "life of the module"
_WIDE = ("float64", "float32")  # in half types, gradients of a correct LSTM in another style have another noise
_USES = (TWICE, LATE, TRAINING, RELOADED)
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
) -> tuple[Certificate, Sequence[Verdict]]:
    """Judge one implementation in each dtype until it is wrong in one; also the verdicts of that one, or none.

    What it offers is found first, and all of that is judged: outputs, the life of a module, gradients. A few cases
    come first; what comes after the first that are wrong is not judged.
    """
    rows: list[Row] = []
    wrong: Sequence[Verdict] = ()
    for dtype in dtypes:
        for question, explanation in _judge_dtype(implementation, dtype, device, progress):
            rows.append(make_row(implementation.name, dtype, explanation, question))
            if not explanation.parity and explanation.arithmetic is None:
                wrong = explanation.verdicts
                break
        if wrong:
            break
    gradients = any(row.question == _GRADIENTS for row in rows)
    return Certificate(collect_provenance(device), tuple(rows), not_covered(device, gradients)), wrong


def _judge_dtype(
    implementation: Implementation, dtype: str, device: str, progress: Callable[[str], None]
) -> Iterator[tuple[str, Explanation]]:
    """Judge outputs, the life of a module and gradients in one dtype; each with the question that it answers."""
    progress(f"{implementation.name}, {dtype}: what it offers")
    offer = discover(implementation, dtype, device)
    cases = draw_plan(offer, dtype, device)
    progress(f"{implementation.name}, {dtype}: {len(cases)} cases")
    some = explain([*observe_all(implementation, cases[::_SIMPLEST]), *offer.refused])
    if not cases or (not some.parity and some.arithmetic is None):
        yield OUTPUTS, some
        return
    whole = explain([*observe_all(implementation, cases), *offer.refused])
    yield OUTPUTS, whole
    if whole.parity:
        progress(f"{implementation.name}, {dtype}: second calls, train mode, changed weights")
        yield _LIFE, _as_explanation(_judge_life(implementation, cases))
    if whole.parity and dtype in _WIDE:
        progress(f"{implementation.name}, {dtype}: gradients")
        verdicts = _judge_gradients(implementation, cases)
        if any(verdict.outcome is not Outcome.REFUSED for verdict in verdicts):
            yield _GRADIENTS, _as_explanation(verdicts)


def _judge_life(implementation: Implementation, cases: Sequence[Case]) -> list[Verdict]:
    """Judge second calls with the same tensors, results read after them, train mode, and changed weights."""
    chosen = [case for case in cases[:: _SIMPLEST // 2] if case.setting.runtime.grad_mode != "inference"]
    return judge_all([observe_in(way, implementation, case) for way in _USES for case in chosen])


def _judge_gradients(implementation: Implementation, cases: Sequence[Case]) -> list[Verdict]:
    """Judge gradients on some of the cases, the tall ones among them; a large noise needs other cases."""
    chosen = [_with_gradients(case) for case in cases if case.profile in ("normal", "trained")]
    tall = [case for case in chosen if case.seed == TALL_SEED]
    small = [case for case in chosen if case.seed != TALL_SEED]
    return [judge_gradients(implementation, case, adjoints(case)) for case in (*small[::6], *tall)]


def _with_gradients(case: Case) -> Case:
    runtime = replace(case.setting.runtime, grad_mode="grad")
    return draw_case(replace(case.setting, runtime=runtime), case.profile, case.seed)


def _as_explanation(verdicts: Sequence[Verdict]) -> Explanation:
    """Return verdicts that no other arithmetic is sought for."""
    expected = verdicts[0].arithmetic
    agrees = not any(verdict.outcome.is_wrong for verdict in verdicts)
    return Explanation(expected, expected if agrees else None, tuple(verdicts))
