"""Verification: implementations are run on a covering design of the lattice, judged, and certified."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lstm_parity.cases.case import Case
from lstm_parity.cases.covering import draw_design
from lstm_parity.cases.setting import DTYPES
from lstm_parity.implementations.references import NumpyReference, TorchReference
from lstm_parity.implementations.torch_modules import TorchLSTM, TorchLSTMCell
from lstm_parity.judging.arithmetic import Explanation, explain
from lstm_parity.judging.verdict import Verdict
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reports.certificate import Certificate, make_row, not_covered
from lstm_parity.reports.provenance import collect_provenance
from lstm_parity.running.evidence import Observation
from lstm_parity.running.observe import observe_all
from lstm_parity.running.protocol import Implementation

_SIMPLEST = 24  # one of so many cases is judged first
OUR_IMPLEMENTATIONS: tuple[Implementation, ...] = (TorchLSTM(), TorchLSTMCell(), TorchReference(), NumpyReference())


def verification_cases(dtype: str, device: str = "cpu") -> list[Case]:
    """The cases of a verification in one dtype: for every value profile, every pair of values of the other axes."""
    return list(draw_design(dtype=dtype, device=device))


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

    A few cases of a dtype are judged first. If one is wrong, the rest is not judged.
    """
    rows = []
    for dtype in dtypes:
        progress(f"{implementation.name}, {dtype}")
        whole = verification_cases(dtype, device)
        for some in (whole[::_SIMPLEST], whole):
            explanation = explain(observe_all(implementation, some))
            if wrong := not explanation.parity and explanation.arithmetic is None:
                break
        rows.append(make_row(implementation.name, dtype, explanation))
        if wrong:
            return Certificate(collect_provenance(device), tuple(rows), not_covered(device)), explanation.verdicts
    return Certificate(collect_provenance(device), tuple(rows), not_covered(device)), ()
