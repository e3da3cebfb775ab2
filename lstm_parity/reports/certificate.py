"""The results of a verification as values: one row for each implementation and dtype, and where they were obtained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lstm_parity.cases.case import Case
from lstm_parity.cases.profiles import PROFILES
from lstm_parity.cases.setting import GRAD_MODES
from lstm_parity.judging.arithmetic import Explanation
from lstm_parity.judging.failure import find_failure
from lstm_parity.judging.spread import Spread, StepSpread, spread_by_step, spread_by_tensor
from lstm_parity.judging.verdict import OF_ONE_CASE, Outcome, Verdict
from lstm_parity.reports.deviation import Deviation, make_deviation
from lstm_parity.reports.lines import ALONE, repeat_case

MAX_SHOWN = 3  # failures printed in full
_MAX_PICTURED = 400  # cells

OUTPUTS = "outputs"  # the question that most rows answer; others: a second call, gradients
_UNJUDGED = "not judged"
_LOST = f"{_UNJUDGED}: lost in noise, or a sum may overflow"
DROPOUT = "dropout"  # the question
WORST_FIRST = (
    Outcome.FAILED,
    Outcome.DEVIATES,
    Outcome.NARROWER,
    Outcome.NOT_ENOUGH,
    Outcome.NOT_JUDGED,
    Outcome.PARITY,
)
INTERRUPTED = "interrupted, what follows was not judged"
_JUDGED_AXES = (Outcome.PARITY, Outcome.DEVIATES)


@dataclass(frozen=True)
class Tally:
    """What became of the cases at one value of an axis: how many of each kind, the worst distance, and whose it is.

    judged: those that agree or deviate. worst: in noises, 0 if nothing is judged; case: its identifier.
    """

    judged: int = 0
    deviating: int = 0
    failed: int = 0
    refused: int = 0
    unjudged: int = 0
    worst: float = 0.0
    case: str = ""


@dataclass(frozen=True)
class Row:
    """What became of one implementation in one dtype.

    outcome: PARITY if everything judged agrees in the expected arithmetic, NARROWER if it does in a narrower one,
    REFUSED if nothing was supported, NOT ENOUGH if something that it offers was not judged.
    arithmetic: the likeliest one that explains every case, None if none of those that are known does.
    counts: cases by outcome; worst and rms: the largest distances, in noises of the expected arithmetic.
    coverage: judged cases by axis and value. uncovered: the values without any, with the reason.
    reasons: why cases were refused or not judged, with their number.
    failures: the stories of cases that deviate or fail, one for each way to; failing: the ids of all of them.
    question: what was judged. command: what `--case` is added to, to repeat a case.
    tallies: the same as coverage, with what was not judged, and the worst case. deviations: failures as values.
    spreads, steps: how the distances are spread, for each tensor and over the steps.
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
    uncovered: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    command: str = ""
    tallies: Mapping[str, Mapping[str, Tally]] = field(default_factory=dict)
    deviations: tuple[Deviation, ...] = ()
    spreads: tuple[Spread, ...] = ()
    steps: tuple[StepSpread, ...] = ()


@dataclass(frozen=True)
class Certificate:
    """Everything that one verification found, with the versions and the machine it was found on.

    beyond: what it does not cover at all. limits: what this verification left out of what it could have covered.
    """

    provenance: Mapping[str, str]
    rows: tuple[Row, ...]
    beyond: str
    limits: str = ""

    @property
    def outcome(self) -> Outcome:
        """The worst of the rows; NOT ENOUGH if it was interrupted, or judged nothing. A refused row changes nothing."""
        outcomes = {row.outcome for row in self.rows} - {Outcome.REFUSED}
        outcomes |= {Outcome.NOT_ENOUGH} if INTERRUPTED in self.limits else set()
        return next((one for one in WORST_FIRST if one in outcomes), Outcome.NOT_ENOUGH)

    @property
    def holds(self) -> bool:
        """Whether something was judged and everything that was judged agrees."""
        return self.outcome is Outcome.PARITY

    @property
    def exit_code(self) -> int:
        """What a command exits with: 0 for PARITY, 1 if something is wrong, 3 if too little was judged to say."""
        return 0 if self.holds else 1 if self.outcome.is_wrong else 3


def not_covered(device: str, asked: Collection[str] = ()) -> str:
    """Say what a verification on that device does not judge; asked: the questions that it was about."""
    left = ["gradients in half types" if "gradients" in asked else "gradients"]
    left += ["dropout in train mode"] * (DROPOUT not in asked)
    return ", ".join([*left, f"devices other than {'the CPU' if device == 'cpu' else device}"])


def make_row(
    implementation: str, dtype: str, explanation: Explanation, question: str = OUTPUTS, command: str = ""
) -> Row:
    """Sum up the verdicts of one implementation in one dtype; command: what `--case` is added to, to repeat a case."""
    verdicts = explanation.verdicts
    counts = Counter(verdict.outcome for verdict in verdicts)
    bad = [verdict for verdict in verdicts if verdict.outcome.is_wrong]
    uncovered = _uncovered(verdicts) if question == OUTPUTS else _not_asked(verdicts) if question == DROPOUT else {}
    groups = _group(bad)[:MAX_SHOWN]
    deviations = tuple(_describe_group(group, explanation, command, question) for group in groups)
    return Row(
        implementation,
        dtype,
        _outcome(counts, explanation, uncovered),
        explanation.expected.name,
        explanation.arithmetic.name if explanation.arithmetic else None,
        {outcome.value: counts[outcome] for outcome in OF_ONE_CASE},
        max((verdict.worst for verdict in verdicts), default=0.0),
        _find_rms(verdicts),
        _coverage([verdict for verdict in verdicts if verdict.outcome in _JUDGED_AXES]),
        dict(Counter(reason for verdict in verdicts for reason in _count_unjudged(verdict))),
        tuple(deviation.story for deviation in deviations),
        tuple(verdict.case.id for verdict in bad),
        question,
        uncovered,
        command,
        _tally(verdicts),
        deviations,
        spread_by_tensor(verdicts),
        spread_by_step(verdicts),
    )


def _find_rms(verdicts: Sequence[Verdict]) -> float:
    """Return the largest RMS that is meaningful, which takes long to know: the largest are asked first."""
    measured = sorted((m for verdict in verdicts for m in verdict.measured), key=lambda m: m.rms, reverse=True)
    return next((m.rms for m in measured if m.rms_is_meaningful), 0.0)


def _group(bad: Sequence[Verdict]) -> list[list[Verdict]]:
    """Group cases that fail in the same way, the largest group first, in each the case with the fewest numbers."""
    groups: dict[tuple[str, ...], list[Verdict]] = {}
    for verdict in sorted(bad, key=lambda v: v.case.input.size + v.case.h_0.size):
        raised = verdict.reason.strip().splitlines()[-1:] if verdict.outcome is Outcome.FAILED else []
        found = verdict.deviating
        what = {m.tensor for m in found} if verdict.adjoints is None else {m.tensor.split("_l")[0] for m in found}
        key = (verdict.outcome.value, *raised, *verdict.faults[:1], *sorted(what))
        groups.setdefault(key, []).append(verdict)
    return sorted(groups.values(), key=len, reverse=True)


def _describe_group(group: Sequence[Verdict], run: Explanation, command: str, question: str) -> Deviation:
    """Describe the first of some cases that fail in the same way, and how many others do."""
    others = tuple(verdict.case.id for verdict in group[1:])
    pictured = max(group, key=_count_cells)
    larger = find_failure(pictured, run=run) if pictured is not group[0] else None
    repeat = repeat_case(command, group[0].case.id, question) if command and question in ALONE else ""
    return make_deviation(find_failure(group[0], repeat=repeat, run=run), command, others, larger)


def _count_cells(verdict: Verdict) -> int:
    """Count the cells of a picture of a case: its rows, steps, layers and directions; none of what is too large."""
    a, call = verdict.case.setting.architecture, verdict.case.setting.call
    count = call.time * call.rows * a.num_layers * a.num_directions
    return count if count <= _MAX_PICTURED and verdict.deviating else 0


def _tally(verdicts: Sequence[Verdict]) -> dict[str, dict[str, Tally]]:
    """Sum up the verdicts at each value of each axis."""
    found: dict[str, dict[str, list[Verdict]]] = {}
    for verdict in verdicts:
        for axis, value in _axis_values(verdict.case).items():
            found.setdefault(axis, {}).setdefault(value, []).append(verdict)
    return {axis: {value: _count(some) for value, some in values.items()} for axis, values in found.items()}


def _count(verdicts: Sequence[Verdict]) -> Tally:
    counts = Counter(verdict.outcome for verdict in verdicts)
    farthest = max(verdicts, key=lambda verdict: verdict.worst)
    return Tally(
        counts[Outcome.PARITY] + counts[Outcome.DEVIATES],
        counts[Outcome.DEVIATES],
        counts[Outcome.FAILED],
        counts[Outcome.REFUSED],
        counts[Outcome.NOT_JUDGED],
        farthest.worst,
        farthest.case.id if farthest.measured else "",
    )


def _outcome(counts: Counter[Outcome], explanation: Explanation, uncovered: Mapping[str, Mapping[str, str]]) -> Outcome:
    if counts[Outcome.DEVIATES] and not counts[Outcome.FAILED] and explanation.arithmetic is not None:
        return Outcome.NARROWER
    for outcome in (Outcome.FAILED, Outcome.DEVIATES, Outcome.PARITY, Outcome.NOT_JUDGED):
        if counts[outcome]:
            lost = any(reason == _LOST for values in uncovered.values() for reason in values.values())
            lost = lost or DROPOUT in uncovered
            return Outcome.NOT_ENOUGH if lost and outcome is Outcome.PARITY else outcome
    return Outcome.REFUSED


def _count_unjudged(verdict: Verdict) -> list[str]:
    """Return the reasons for which a case, or a part of one, was not judged."""
    if verdict.outcome in (Outcome.REFUSED, Outcome.NOT_JUDGED):
        return [f"{verdict.outcome.value}: {verdict.reason}"]
    unchained = ["chain: single padded steps are refused"] * verdict.observation.unchained
    return [f"judged in part, {part}" for part in (*verdict.unjudged, *unchained)]


def _coverage(verdicts: Sequence[Verdict]) -> dict[str, dict[str, int]]:
    points = [_axis_values(verdict.case) for verdict in verdicts]
    return {axis: dict(Counter(point[axis] for point in points)) for axis in (points[0] if points else ())}


def _uncovered(verdicts: Sequence[Verdict]) -> dict[str, dict[str, str]]:
    """Return the values that cases have on each axis, but none that was judged, with the reason."""
    lost: dict[str, dict[str, Counter[str]]] = {}
    judged = _coverage([verdict for verdict in verdicts if verdict.outcome in (*_JUDGED_AXES, Outcome.FAILED)])
    for verdict in verdicts:
        for axis, value in _axis_values(verdict.case).items():
            if value not in judged.get(axis, {}):
                reason = f"refused: {verdict.reason}" if verdict.outcome is Outcome.REFUSED else _LOST
                lost.setdefault(axis, {}).setdefault(value, Counter())[reason] += 1
    return {axis: {value: _pick_reason(reasons) for value, reasons in values.items()} for axis, values in lost.items()}


def _not_asked(verdicts: Sequence[Verdict]) -> dict[str, dict[str, str]]:
    """Return that dropout was not judged at all in train mode, with the reason."""
    reasons = [v.reason for v in verdicts if v.outcome is Outcome.NOT_JUDGED and not v.observation.evidence]
    return {DROPOUT: {"in train mode": f"{_UNJUDGED}: {reasons[0]}"}} if reasons else {}


def _pick_reason(reasons: Counter[str]) -> str:
    """Return that something was lost in noise before any refusal; of several refusals, the most frequent."""
    return _LOST if _LOST in reasons else reasons.most_common(1)[0][0]


ALL_VALUES = {  # of each axis that has few: what may never have been judged
    "num_layers": ("1", "2", "3"),
    **dict.fromkeys(("bidirectional", "bias", "batch_first", "deterministic"), ("False", "True")),
    "proj_size": ("without", "with"),
    "input": ("padded", "packed", "unbatched"),
    "hx": ("given", "None"),
    "memory": ("contiguous", "strided"),
    "grad mode": GRAD_MODES,
    "oneDNN": ("allowed", "off"),
    "values": tuple(PROFILES),
}


def _axis_values(case: Case) -> dict[str, str]:
    """Return a case's values on the axes that a certificate counts."""
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
