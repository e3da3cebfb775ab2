"""Two sets of results for one case: each against the exact answer, and by how much they differ from one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from lstm_parity.audits.bug_reports.report import ALIASES, read_report
from lstm_parity.audits.bug_reports.run import answer_report
from lstm_parity.files.read import read_report_arrays
from lstm_parity.files.stored import FolderError, StoredArray
from lstm_parity.reports.answers.answer import Difference, Sides
from lstm_parity.running.evidence import TENSORS

MINE, THEIRS = "mine", "theirs"


def compare_sides(
    path: Path, mine: Path, theirs: Path, repeat: str, progress: Callable[[str], None] = lambda _: None
) -> Sides:
    """Judge both sides; without weights or an input, only their difference is described.

    mine, theirs: files or folders of results, from here or from the report. Raises FolderError for what is damaged.
    """
    sides = {name: _locate(path, given) for name, given in ((MINE, mine), (THEIRS, theirs))}
    differences = tuple(_find_differences(*(_results_of(side) for side in sides.values())))
    reports = [read_report(path, side) for side in sides.values()]
    answers = [
        answer_report(report, name, repeat, progress)
        for report, name in zip(reports, sides, strict=True)
        if not report.missing
    ]
    return Sides(differences, *answers) if len(answers) == 2 else Sides(differences)


def _locate(path: Path, given: Path) -> Path:
    """Return where the results of one side are. Raises FolderError if nothing is there."""
    found = next((place for place in (given, path / given) if place.exists()), None)
    if found is None:
        raise FolderError(f"{given} was given as one side, but there is no such file or folder: check its name")
    return found


def _results_of(side: Path) -> Mapping[str, StoredArray]:
    arrays = read_report_arrays(side)
    found = {tensor: arrays[name] for tensor in TENSORS for name in ALIASES[tensor] if name in arrays}
    if not found:
        raise FolderError(f"{side} holds {', '.join(arrays) or 'nothing'}, but needed are output, h_n or c_n")
    return found


def _find_differences(mine: Mapping[str, StoredArray], theirs: Mapping[str, StoredArray]) -> Iterator[Difference]:
    """Compare what both sides have of each tensor."""
    for name in TENSORS:
        if name not in mine or name not in theirs:
            continue
        one, other = (side[name].values.astype(np.float64) for side in (mine, theirs))
        if one.shape != other.shape:
            yield Difference(name, None, (), one.shape, other.shape)
            continue
        with np.errstate(invalid="ignore"):
            away = np.abs(one - other)
        away = np.where((one == other) | (np.isnan(one) & np.isnan(other)), 0.0, away)
        away = np.where(np.isnan(away), np.inf, away)
        place = tuple(int(k) for k in np.unravel_index(int(away.argmax()), away.shape))
        yield Difference(name, float(away.max()), place, one.shape, other.shape, int((away > 0.0).sum()))
