"""What became of the modes, as values, text and JSON: a line for each mode, a table of dtypes, what fails and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from lstm_parity.audits.modes.run import TrialResult, run_trials
from lstm_parity.audits.modes.trials import design_trials
from lstm_parity.cases.setting import DTYPES
from lstm_parity.implementations.modes import MODES, find_mode
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.json_text import json_text
from lstm_parity.reports.page import make_table, render_page, render_text

_PARTS = ("answers", "gradients")


@dataclass(frozen=True)
class ModeRow:
    """What became of the trials of one mode.

    counts: trials by outcome; worst and rms: the largest distances in noises of the trials that agree, of answers and
    of gradients. arithmetics: what they were judged in. lacks: what fails as listed, with the number of trials.
    """

    mode: str
    counts: Mapping[str, int]
    worst: Mapping[str, float]
    rms: Mapping[str, float]
    arithmetics: Sequence[str]
    dtypes: Mapping[str, str]
    lacks: Mapping[str, int]
    surprises: Sequence[str]
    missing: str = ""

    @property
    def judged(self) -> int:
        """How many trials were compared number for number, or form for form."""
        return self.counts[Outcome.PARITY.value] + self.counts[Outcome.DEVIATES.value]


def judge_modes(names: Sequence[str] = (), progress: Callable[[str], None] = lambda _: None) -> list[ModeRow]:
    """The rows of these modes, or of all; one whose package is missing is not judged. Raises KeyError."""
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
        [f"{one.trial.name}: {one.surprise}" for one in tried if one.surprise is not None],
        MODES[mode].missing or "",
    )


def _list_failures(one: TrialResult) -> str:
    assert one.lack is not None
    return one.lack.reason + (f" ({one.lack.reported_at})" if one.lack.reported_at else "")


def _in_dtype(tried: Sequence[TrialResult]) -> str:
    """How many trials of a dtype agree, of how many, and how far the farthest is."""
    worst = [one.answers.worst for one in tried if one.outcome is Outcome.PARITY and one.answers is not None]
    agreeing = sum(one.outcome is Outcome.PARITY for one in tried)
    return f"{agreeing}/{len(tried)}" + (f" {max(worst):.2f}" if worst else "")


def modes_text(rows: Sequence[ModeRow], provenance: Mapping[str, str], width: int = 150) -> str:
    """All of it, plain text."""
    console = render_page("EXECUTION MODES OF nn.LSTM", provenance, width)
    console.print(_table(rows))
    console.print("\nTrials that agree, of all, and the farthest of them in noises, by the layer's dtype:\n")
    console.print(_dtypes(rows))
    console.print("\nExpected failures:")
    for line in (f"{row.mode}: {count} trials: {reason}" for row in rows for reason, count in row.lacks.items()):
        console.print(f"  {line}", highlight=False, soft_wrap=True)
    notes = [f"  {row.mode}: {MODES[row.mode].note}" for row in rows if MODES[row.mode].note]
    console.print("\n".join(["", "Notes:", *notes]), highlight=False, soft_wrap=True)
    surprises = [f"  {row.mode}, {surprise}" for row in rows for surprise in row.surprises]
    console.print("\n".join(["", "Unexpected:" if surprises else "All as expected.", *surprises]), soft_wrap=True)
    return render_text(console)


def _table(rows: Sequence[ModeRow]) -> Table:
    numbers = ("trials", "agree", "fail as listed", "not judged", "worst", "RMS", "gradients", "RMS")
    return make_table(("mode", "in arithmetic"), numbers, ([one.mode, *_cells(one)] for one in rows))


def _cells(one: ModeRow) -> list[str]:
    if one.missing:
        return [f"not judged: {one.missing} is not installed"]
    numbers = [sum(one.counts.values()), one.counts["PARITY"], sum(one.lacks.values()), one.counts["NOT JUDGED"]]
    distances = [f"{v:.2f}" if v else "" for part in _PARTS for v in (one.worst[part], one.rms[part])]
    own = all(name in DTYPES for name in one.arithmetics)
    return ["its dtype's" if own and one.arithmetics else ", ".join(one.arithmetics), *map(str, numbers), *distances]


def _dtypes(rows: Sequence[ModeRow]) -> Table:
    there = ([one.mode, *one.dtypes.values()] for one in rows if not one.missing)
    return make_table(("mode", *DTYPES), (), there, title=None)


def modes_json(rows: Sequence[ModeRow], provenance: Mapping[str, str]) -> str:
    """Write all rows, for programs."""
    return json_text("modes", 1, modes_fields(rows, provenance))


def modes_fields(rows: Sequence[ModeRow], provenance: Mapping[str, str]) -> dict[str, Any]:
    """Return all rows as JSON holds them."""
    return {"provenance": dict(provenance), "modes": [vars(row) for row in rows]}
