"""What became of the modes, as values, text and JSON: a line for each mode, a table of dtypes, what fails and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lstm_parity.audits.known.entry import Deviation, KnownResult, describe_features
from lstm_parity.audits.known.judge import KnownFile
from lstm_parity.audits.modes.run import TrialResult, run_trials
from lstm_parity.audits.modes.trials import design_trials
from lstm_parity.cases.setting import DTYPES
from lstm_parity.implementations.modes import MODES, find_mode
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.formats.junit import Ending, JUnitTest, junit_xml, known_tests
from lstm_parity.reports.formats.known import known_fields, known_markdown, known_text
from lstm_parity.reports.formats.markdown import Document, bullets, fold, fold_page, table
from lstm_parity.reports.formats.report import Report
from lstm_parity.reports.json_text import json_text
from lstm_parity.reports.page import FittedTable, make_table, print_line, render_page, render_text

_PARTS = ("answers", "gradients")
_WORDS = ("mode", "in arithmetic")
_NUMBERS = ("trials", "agree", "fail as listed", "not judged", "worst", "RMS", "gradients", "RMS")


@dataclass(frozen=True)
class ModeRow:
    """What became of the trials of one mode.

    counts: trials by outcome; worst and rms: the largest distances in noises of the trials that agree, of answers and
    of gradients. arithmetics: what they were judged in. lacks: what fails as listed, with the number of trials.
    surprises: trials that are not as listed, with the words for it.
    """

    mode: str
    counts: Mapping[str, int]
    worst: Mapping[str, float]
    rms: Mapping[str, float]
    arithmetics: Sequence[str]
    dtypes: Mapping[str, str]
    lacks: Mapping[str, int]
    surprises: Sequence[Deviation]
    missing: str = ""

    @property
    def judged(self) -> int:
        """How many trials were compared number for number, or form for form."""
        return self.counts[Outcome.PARITY.value] + self.counts[Outcome.DEVIATES.value]


def judge_modes(names: Sequence[str] = (), progress: Callable[[str], None] = lambda _: None) -> list[ModeRow]:
    """Return the rows of these modes, or of all; one whose package is missing is not judged. Raises KeyError."""
    rows = []
    for mode in [find_mode(name) for name in names or MODES]:
        some = [] if mode.missing else design_trials(mode)
        rows.append(mode_row(mode.name, list(run_trials(some, progress))))
    return rows


def mode_row(mode: str, tried: Sequence[TrialResult]) -> ModeRow:
    """Sum up the trials of one mode."""
    agreeing = [one for one in tried if one.outcome is Outcome.PARITY]
    seen = {part: [d for one in agreeing if (d := getattr(one, part)) is not None] for part in _PARTS}
    counts = Counter(one.outcome.value for one in tried)
    return ModeRow(
        mode,
        {outcome.value: counts[outcome.value] for outcome in Outcome},
        {part: max((d.worst for d in seen[part]), default=0.0) for part in _PARTS},
        {part: max((d.rms for d in seen[part]), default=0.0) for part in _PARTS},
        sorted({d.arithmetic for d in seen["answers"]}),
        {dtype: _in_dtype([one for one in tried if one.trial.setting.runtime.dtype == dtype]) for dtype in DTYPES},
        Counter(_list_failures(one) for one in tried if one.lack is not None),
        [_describe_surprise(one) for one in tried if one.surprise is not None],
        MODES[mode].missing or "",
    )


def _describe_surprise(one: TrialResult) -> Deviation:
    distances = [distance.worst for distance in (one.answers, one.gradients) if distance is not None]
    worst = max(distances, default=0.0) if one.outcome is Outcome.DEVIATES else 0.0
    setting, features = one.trial.setting, describe_features(one.trial.case)
    words = one.surprise or ""
    return Deviation(
        one.trial.mode, one.outcome.value, setting.runtime.dtype, "", worst, words, features, one.trial.name
    )


def _list_failures(one: TrialResult) -> str:
    assert one.lack is not None
    return one.lack.reason + (f" ({one.lack.reported_at})" if one.lack.reported_at else "")


def _in_dtype(tried: Sequence[TrialResult]) -> str:
    """Describe how many trials of a dtype agree, of how many, and how far the farthest is."""
    worst = [one.answers.worst for one in tried if one.outcome is Outcome.PARITY and one.answers is not None]
    agreeing = sum(one.outcome is Outcome.PARITY for one in tried)
    return f"{agreeing}/{len(tried)}" + (f" {max(worst):.2f}" if worst else "")


def modes_text(rows: Sequence[ModeRow], provenance: Mapping[str, str], width: int = 150) -> str:
    """Return the whole report as plain text."""
    console = render_page("EXECUTION MODES OF nn.LSTM", provenance, width)
    console.print(_table(rows))
    console.print("\nTrials that agree, of all, and the farthest of them in noises, by the layer's dtype:\n")
    console.print(_dtypes(rows))
    console.print("\nExpected failures:")
    for line in list_lacks(rows):
        print_line(console, f"  {line}")
    print_line(console, "\n".join(["", "Notes:", *(f"  {line}" for line in _list_notes(rows))]))
    surprises = [f"  {line}" for line in list_surprises(rows)]
    print_line(console, "\n".join(["", "Unexpected:" if surprises else "All as expected.", *surprises]))
    return render_text(console)


def list_surprises(rows: Sequence[ModeRow]) -> list[str]:
    """List the trials that are not as expected, in words."""
    return [f"{row.mode}, {one.case}: {one.words}" for row in rows for one in row.surprises]


def list_lacks(rows: Sequence[ModeRow]) -> list[str]:
    """List what fails as expected, with the number of trials."""
    return [f"{row.mode}: {count} trials: {reason}" for row in rows for reason, count in row.lacks.items()]


def _list_notes(rows: Sequence[ModeRow]) -> list[str]:
    return [f"{row.mode}: {MODES[row.mode].note}" for row in rows if MODES[row.mode].note]


def _table(rows: Sequence[ModeRow]) -> FittedTable:
    return make_table(_WORDS, _NUMBERS, ([one.mode, *_cells(one)] for one in rows))


def _cells(one: ModeRow) -> list[str]:
    if one.missing:
        return [f"not judged: {one.missing} is not installed"]
    numbers = [sum(one.counts.values()), one.counts["PARITY"], sum(one.lacks.values()), one.counts["NOT JUDGED"]]
    distances = [f"{v:.2f}" if v else "" for part in _PARTS for v in (one.worst[part], one.rms[part])]
    own = all(name in DTYPES for name in one.arithmetics)
    return ["its dtype's" if own and one.arithmetics else ", ".join(one.arithmetics), *map(str, numbers), *distances]


def _dtypes(rows: Sequence[ModeRow]) -> FittedTable:
    there = ([one.mode, *one.dtypes.values()] for one in rows if not one.missing)
    return make_table(("mode", *DTYPES), (), there, title=None)


def modes_json(rows: Sequence[ModeRow], provenance: Mapping[str, str], known: KnownResult | None = None) -> str:
    """Write all rows, for programs."""
    return json_text("modes", 1, modes_fields(rows, provenance, known))


def modes_fields(
    rows: Sequence[ModeRow], provenance: Mapping[str, str], known: KnownResult | None = None
) -> dict[str, Any]:
    """Return all rows as JSON holds them."""
    more = {"known": known_fields(known)} if known else {}
    return {"provenance": dict(provenance), "modes": [_fields(row) for row in rows], **more}


def _fields(row: ModeRow) -> dict[str, Any]:
    return vars(row) | {"surprises": [f"{one.case}: {one.words}" for one in row.surprises]}


def _modes_markdown(rows: Sequence[ModeRow], provenance: Mapping[str, str]) -> Document:
    """Write all rows in blocks: what is unexpected first, what agrees folded."""
    surprises = list_surprises(rows)
    bad = [row for row in rows if row.surprises]
    good = [row for row in rows if not row.surprises]
    cells = [[[row.mode, *_cells(row)] for row in some] for some in (bad, good)]
    return [
        f"### Execution modes of nn.LSTM: {f'{len(surprises)} trials are not' if bad else 'all are'} as expected",
        bullets(surprises),
        table(_WORDS, _NUMBERS, cells[0]) if bad else "",
        fold(f"{len(good)} modes are as expected", table(_WORDS, _NUMBERS, cells[1])) if good else "",
        fold("expected failures and notes", bullets([*list_lacks(rows), *_list_notes(rows)])),
        fold_page(provenance.items()),
    ]


def modes_report(
    rows: Sequence[ModeRow], provenance: Mapping[str, str], known: KnownFile | None = None
) -> tuple[Report, int]:
    """Return the whole report, and the exit code: 1 if something is unexpected and not known, or known in vain."""
    deviations = [one for row in rows for one in row.surprises]
    judged = known.judge(deviations, [row.mode for row in rows if not row.missing]) if known else None
    holds = judged.holds if judged else not deviations
    unknown = judged.unknown if judged else deviations

    def write_text(width: int) -> str:
        text = modes_text(rows, provenance, width)
        return "\n".join([text, known_text(judged), ""]) if judged else text

    def write_junit() -> str:
        return junit_xml(
            "lstm-parity modes", [*(_test_mode(row, unknown) for row in rows), *known_tests(judged)], provenance
        )

    report = Report(
        write_text,
        lambda: [*_modes_markdown(rows, provenance), *(known_markdown(judged) if judged else ())],
        lambda: modes_json(rows, provenance, judged),
        {"junit": write_junit},
        judged,
    )
    return report, 0 if holds else 1


def _test_mode(row: ModeRow, unknown: Sequence[Deviation]) -> JUnitTest:
    if row.missing:
        return JUnitTest("modes", row.mode, Ending.SKIPPED, f"{row.missing} is not installed")
    if not row.surprises:
        return JUnitTest("modes", row.mode)
    lines = list_surprises([row])
    if not any(one in unknown for one in row.surprises):
        return JUnitTest("modes", row.mode, Ending.SKIPPED, f"{len(lines)} trials are not as expected, as known")
    return JUnitTest("modes", row.mode, Ending.FAILURE, f"{len(lines)} trials are not as expected", "\n".join(lines))
