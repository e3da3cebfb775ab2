"""The results of a verification as values: one row for each implementation and dtype, and where they were obtained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lstm_parity.cases.case import Case
from lstm_parity.judging.arithmetic import Explanation
from lstm_parity.judging.failure import find_failure
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.reports.failure import describe_failure

MAX_SHOWN = 3  # failures printed in full

OUTPUTS = "outputs"  # the question that most rows answer; others: a second call, gradients
_JUDGED_AXES = (Outcome.PARITY, Outcome.DEVIATES)


@dataclass(frozen=True)
class Row:
    """What became of one implementation in one dtype.

    outcome: PARITY where everything judged agrees in the expected arithmetic, REFUSED where nothing was supported.
    arithmetic: the likeliest one that explains every case, None where none of those that are known does.
    counts: cases by outcome; worst and rms: the largest distances, in noises of the expected arithmetic.
    coverage: judged cases by axis and value. reasons: why cases were refused or not judged, with their number.
    failures: the stories of the first cases that deviate or fail; failing: the ids of all of them.
    question: what was judged.
    """

    implementation: str
    dtype: str
    outcome: Outcome
    expected: str
    arithmetic: str | None
    counts: Mapping[str, int]
    worst: float
    rms: float
    coverage: Mapping[str, Mapping[str, int]]
    reasons: Mapping[str, int]
    failures: tuple[str, ...]
    failing: tuple[str, ...]
    question: str = OUTPUTS


@dataclass(frozen=True)
class Certificate:
    """Everything that one verification found, with the versions and the machine it was found on.

    beyond: what it does not cover at all.
    """

    provenance: Mapping[str, str]
    rows: tuple[Row, ...]
    beyond: str

    @property
    def holds(self) -> bool:
        """Whether something was judged and everything that was judged agrees."""
        outcomes = {row.outcome for row in self.rows}
        return Outcome.PARITY in outcomes and outcomes <= {Outcome.PARITY, Outcome.REFUSED}


def not_covered(device: str, gradients: bool = False) -> str:
    """Say what a verification on that device does not judge; gradients: whether it judged those."""
    others = f"dropout in train mode, devices other than {'the CPU' if device == 'cpu' else device}"
    return f"gradients in half types, {others}" if gradients else f"gradients, {others}"


def make_row(implementation: str, dtype: str, explanation: Explanation, question: str = OUTPUTS) -> Row:
    """Sum up the verdicts of one implementation in one dtype."""
    verdicts = explanation.verdicts
    counts = Counter(verdict.outcome for verdict in verdicts)
    bad = [verdict for verdict in verdicts if verdict.outcome.is_wrong]
    return Row(
        implementation,
        dtype,
        _outcome(counts),
        explanation.expected.name,
        explanation.arithmetic.name if explanation.arithmetic else None,
        {outcome.value: counts[outcome] for outcome in Outcome},
        max((verdict.worst for verdict in verdicts), default=0.0),
        max((m.rms for verdict in verdicts for m in verdict.measured if m.rms_is_meaningful), default=0.0),
        _coverage([verdict for verdict in verdicts if verdict.outcome in _JUDGED_AXES]),
        Counter(reason for verdict in verdicts for reason in _count_unjudged(verdict)),
        tuple(describe_failure(find_failure(verdict)) for verdict in bad[:MAX_SHOWN]),
        tuple(verdict.case.id for verdict in bad),
        question,
    )


def _outcome(counts: Counter[Outcome]) -> Outcome:
    for outcome in (Outcome.FAILED, Outcome.DEVIATES, Outcome.PARITY, Outcome.NOT_JUDGED):
        if counts[outcome]:
            return outcome
    return Outcome.REFUSED


def _count_unjudged(verdict: Verdict) -> list[str]:
    """Why a case was not judged, or which part of one that was."""
    if verdict.outcome in (Outcome.REFUSED, Outcome.NOT_JUDGED):
        return [f"{verdict.outcome.value}: {verdict.reason}"]
    unchained = ["chain: single padded steps are refused"] * verdict.observation.unchained
    return [f"judged in part, {part}" for part in (*verdict.unjudged, *unchained)]


def _coverage(verdicts: Sequence[Verdict]) -> dict[str, dict[str, int]]:
    points = [_axis_values(verdict.case) for verdict in verdicts]
    return {axis: dict(Counter(point[axis] for point in points)) for axis in (points[0] if points else ())}


def _axis_values(case: Case) -> dict[str, str]:
    """Where a case lies on the axes that a reader of a certificate looks for."""
    a, c, r = case.setting.architecture, case.setting.call, case.setting.runtime
    packed = "packed" if c.lengths is not None else "padded"
    return {
        "num_layers": str(a.num_layers),
        "bidirectional": str(a.bidirectional),
        "proj_size": "with" if a.proj_size else "without",
        "bias": str(a.bias),
        "batch_first": str(a.batch_first),
        "input": "unbatched" if c.batch is None else packed,
        "hx": "given" if c.states else "None",
        "memory": "strided" if c.strided else "contiguous",
        "grad mode": r.grad_mode,
        "oneDNN": "allowed" if r.mkldnn else "off",
        "threads": str(r.threads or "the process's"),
        "deterministic": str(r.deterministic),
        "values": case.profile,
    }
