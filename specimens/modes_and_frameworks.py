"""Reports on modes and on frameworks that are made up: every outcome, expected and not, and markup in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import cycle

from lstm_parity.audits.frameworks.expected_failures import DISAGREEMENTS
from lstm_parity.audits.frameworks.run import FrameworkResult, FrameworkRow, FrameworksReport
from lstm_parity.audits.modes.report import ModeRow, mode_row
from lstm_parity.audits.modes.run import TrialResult
from lstm_parity.audits.modes.trials import Trial, design_trials
from lstm_parity.implementations.frameworks.registry import FRAMEWORKS
from lstm_parity.implementations.modes import find_mode
from lstm_parity.judging.verdict import Outcome
from specimens.awkward_certificates import CLOSING, HEAD, SCRIPT, make_row

_MODES = ("eager", "compile with allow_rnn", "quantize_dynamic, qint8")
_TRIED = 40  # trials of a mode


def make_mode_rows() -> list[ModeRow]:
    """Return a row for each of three modes: some trials agree, some fail as is known, some as nobody said."""
    return [mode_row(mode, list(_make_up(design_trials(find_mode(mode))[:_TRIED]))) for mode in _MODES]


def _make_up(trials: list[Trial]) -> Iterator[TrialResult]:
    for k, (trial, outcome) in enumerate(zip(trials, cycle(Outcome), strict=False)):
        distance = {"worst": math.inf if k == 1 else 1.0 + k / 7, "rms": 0.25 + k / 100, "arithmetic": "float32"}
        fields = {"outcome": outcome.value, "words": f"{k} {CLOSING}", "answers": distance}
        yield TrialResult.of(trial, fields | {"gradients": distance if k % 2 else None})


def make_frameworks_report() -> FrameworksReport:
    """Return a report on a framework that agrees, one that is wrong as is known, one that is otherwise, one missing."""
    good, stated, bad, absent, *_ = FRAMEWORKS
    right = make_row(good.name, worst=1.2345, counts={"PARITY": 12345})
    wrong = make_row(SCRIPT, "float64", Outcome.DEVIATES, {"DEVIATES": 7}, worst=8.5e6, rms=math.nan)
    results = (
        FrameworkResult(good, "1.2.3", (FrameworkRow(right, None, ""),)),
        FrameworkResult(stated, "4.5", (FrameworkRow(wrong, DISAGREEMENTS[0], ""),)),
        FrameworkResult(bad, "6", (FrameworkRow(wrong, None, f"{bad.title} in float64: {CLOSING}"),)),
        FrameworkResult(absent, "", missing=f"{absent.packages[0]} 2 is not installed"),
    )
    return FrameworksReport(dict(HEAD), results)
