"""What a comparison of two records finds worse, judged by a file of known deviations."""

from __future__ import annotations

from pathlib import Path

from lstm_parity.audits.known.entry import Deviation, KnownResult
from lstm_parity.audits.known.judge import KnownFile
from lstm_parity.audits.upgrade.compare.records import Comparison


def judge_comparison(file: Path, comparison: Comparison) -> KnownResult:
    """Judge what is worse; versions are those of the new record. Raises KnownFileError if the file is none."""
    there = comparison.new.conditions
    known = KnownFile.read(file, "compare", lambda package: there.get(package, ""))
    return known.judge([Deviation(one.where, one.kind.value, words=one.words) for one in comparison.worse])
