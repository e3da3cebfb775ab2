"""Answering a report: the reading in which the numbers agree, or what is wrong in the one that is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lstm_parity.audits.bug_reports.hints import suggest_causes
from lstm_parity.audits.bug_reports.readings.assumptions import (
    Assumptions,
    Choices,
    Fault,
    describe_assumed,
    list_faults,
    list_readings,
)
from lstm_parity.audits.bug_reports.readings.calls import Reading, find_dtype, read_calls
from lstm_parity.audits.bug_reports.readings.choices import list_choices, list_possible
from lstm_parity.audits.bug_reports.readings.surroundings import NotGivenError
from lstm_parity.audits.bug_reports.report import Report
from lstm_parity.audits.folders.run import Naming, explain_numbers, mark_row
from lstm_parity.diagnosis.forward import diagnose
from lstm_parity.diagnosis.similarity import comparable_run
from lstm_parity.files.stored import FolderError
from lstm_parity.judging.arithmetic import Explanation
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import WORST_LIMIT, Outcome, Verdict
from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.reports.answers.answer import Answer, JudgedTensor
from lstm_parity.reports.certificate import make_row
from lstm_parity.running.evidence import TENSORS
from lstm_parity.running.halves import select_items

Progress = Callable[[str], None]
_NEAR = 0.1
_MOST_NAMED = 6  # readings in which known mistakes are sought


@dataclass(frozen=True, eq=False)
class _Judged:
    """A reading and the verdicts on its calls."""

    reading: Reading
    verdicts: tuple[Verdict, ...]

    @property
    def judged(self) -> int:
        """How many numbers are judged."""
        return sum(int((one.noise > 0.0).sum()) for verdict in self.verdicts for one in verdict.measured)

    @property
    def distance(self) -> float:
        """How far it is from agreeing, in noises: the root mean square of the worst tensor."""
        found = [v.rms if np.isfinite(v.rms) else np.inf for v in self.verdicts if v.outcome.is_wrong]
        return max(found, default=0.0)

    @property
    def is_large(self) -> bool:
        """Whether judging it takes a large part of a second."""
        return any((run := comparable_run(verdict)) is not None and run.is_large for verdict in self.verdicts)

    @property
    def agrees(self) -> bool:
        """Whether something was judged and nothing deviates."""
        found = {verdict.outcome for verdict in self.verdicts}
        return Outcome.PARITY in found and not any(outcome.is_wrong for outcome in found)


def answer_report(report: Report, name: str, repeat: str, progress: Progress = lambda _: None) -> Answer:
    """Judge a report in every reading that it allows. Raises FolderError if it allows none.

    repeat: the command that answers it again.
    """
    if report.missing or report.lacking:
        return _refuse_to_tell(report, name, repeat, report.lacking)
    choices = list_choices(report)
    judged = list[_Judged]()
    refusals = list[FolderError]()
    for assumed in list_readings(choices):
        try:
            one = _judge_reading(report, assumed)
        except NotGivenError as error:
            return _refuse_to_tell(report, name, repeat, str(error))
        except FolderError as error:
            refusals.append(error)
            continue
        if one.agrees:
            return _make_answer(report, one, choices, name, repeat)
        judged.append(one)
        progress(f"{len(judged)} readings")
    if not judged:
        raise refusals[0]
    wrong = [one for one in judged if any(verdict.outcome.is_wrong for verdict in one.verdicts)]
    for base in wrong:  # the likeliest reading first
        if fault := _find_fault(report, base, progress):
            return _make_answer(report, base, choices, name, repeat, fault)
    progress("naming what deviates")
    return _make_answer(report, _find_nameable(wrong or judged), choices, name, repeat)


def _refuse_to_tell(report: Report, name: str, repeat: str, lacking: str = "") -> Answer:
    """Return the answer to a report from which something is missing; lacking: what, if it is not one of the parts."""
    dtype = str(report.fields.get("dtype", "float32"))
    row = make_row(name, dtype, Explanation(NATIVE[dtype], None, ()))
    reasons = {f"{part} {'is' if part == 'an input' else 'are'} not given": 1 for part in report.missing}
    reasons |= {lacking: 1} if lacking else {}
    return Answer(replace(row, reasons=reasons), (), tuple(report.ignored), (), repeat=repeat)


def _find_nameable(judged: Sequence[_Judged]) -> _Judged:
    """Return the reading that is far nearer than the likeliest, else the first that a known mistake explains."""
    if len(judged) == 1:
        return judged[0]
    nearest = min(judged, key=lambda one: one.distance)
    if nearest.distance < _NEAR * judged[0].distance:
        return nearest
    named = (one for one in judged[:_MOST_NAMED] if diagnose(one.verdicts, seek_arithmetic=False).mistake is not None)
    return next(named, judged[0])


def _judge_reading(report: Report, assumed: Assumptions) -> _Judged:
    reading = read_calls(report, assumed)
    return _Judged(reading, tuple(judge_all(reading.observations)))


def _find_fault(report: Report, base: _Judged, progress: Progress) -> Fault | None:
    """Return the single thing by which the numbers were computed otherwise than declared, if one explains them."""
    faults = list(list_faults(base.reading.assumed, list_possible(report)))
    progress(f"tries {len(faults)} other readings")

    def holds(fault: Fault) -> bool:
        try:
            return _explains(_judge_reading(report, fault.assumed), base)
        except FolderError:
            return False

    found = select_items(faults, holds, most=1, may_fork=lambda _: base.is_large)
    return faults[found.places[0]] if found.places else None


def _explains(other: _Judged, base: _Judged) -> bool:
    """Whether each call that deviates in a reading agrees in the other, which judges at least half as many numbers."""
    if len(other.verdicts) != len(base.verdicts) or 2 * other.judged < base.judged:
        return False
    pairs = list(zip(base.verdicts, other.verdicts, strict=True))
    return all(two.outcome is Outcome.PARITY for one, two in pairs if one.outcome.is_wrong)


def _make_answer(
    report: Report, judged: _Judged, choices: Choices, name: str, repeat: str, fault: Fault | None = None
) -> Answer:
    """Sum up what was found; the arithmetic and the name of what deviates are sought if no fault of reading is it."""
    assumed, verdicts = judged.reading.assumed, judged.verdicts
    dtype = find_dtype(report, assumed)
    naming = _explain(judged, dtype, fault)
    explanation = naming.explanation
    row = make_row(name, dtype, explanation)
    places = [(f"call {call.number}", repeat) for call in report.calls if call.results]
    lstm = report.lstms[assumed.lstm]
    return Answer(
        row=mark_row(row, explanation, places),
        read_as=(lstm.convention, *lstm.notes, *report.notes, *describe_assumed(assumed, choices)),
        ignored=tuple(report.ignored),
        tensors=tuple(_list_tensors(verdicts)),
        fault=(fault.sentence, fault.change) if fault else None,
        diagnosis=naming.paragraphs,
        calls=tuple(_describe_calls(report, verdicts)),
        absent=tuple(name for name in TENSORS if not any(name in call.results for call in report.calls)),
        repeat=repeat,
    )


def _explain(judged: _Judged, dtype: str, fault: Fault | None) -> Naming:
    """Return what explains the verdicts, and its name if that is not known yet."""
    is_wrong = any(verdict.outcome.is_wrong for verdict in judged.verdicts)
    if is_wrong and fault is None:
        naming = explain_numbers(judged.verdicts)
        hints = () if naming.is_named else tuple(suggest_causes(judged.verdicts))
        return replace(naming, paragraphs=(*naming.paragraphs, *hints))
    return Naming(Explanation(NATIVE[dtype], NATIVE[dtype] if judged.agrees else None, judged.verdicts))


def _list_tensors(verdicts: Sequence[Verdict]) -> Iterator[JudgedTensor]:
    """List what was given of each tensor, and from which difference on half of its elements would deviate."""
    for k, verdict in enumerate(verdicts):
        for one in verdict.measured:
            noise = one.noise[one.noise > 0.0]
            visible = WORST_LIMIT * float(np.median(noise)) if noise.size else 0.0
            yield JudgedTensor(k, one.tensor, one.worst, one.rms, int(noise.size), int(one.lost.sum()), visible)


def _describe_calls(report: Report, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Say which calls agree and which do not, if there are several."""
    given = [call for call in report.calls if call.results]
    if len(given) > 1:
        for call, verdict in zip(given, verdicts, strict=True):
            after = "" if call.continues is None else f", which continues call {call.continues}"
            yield f"call {call.number}{after}: {verdict.outcome.value}, {verdict.worst:.2g} x noise at worst"
