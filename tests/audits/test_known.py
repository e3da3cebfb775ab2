"""Files of known deviations: strict in what they say, and in what they excuse."""

from __future__ import annotations

from datetime import date

import pytest

from lstm_parity.audits.known.entry import Deviation
from lstm_parity.audits.known.judge import KnownFile
from lstm_parity.audits.known.read import KnownFileError
from tests.support.format_cases import KNOWN_CASES, MINE, TODAY


def answer(case, folder):
    """Return the exit code, how many deviations are excused, and the problems with entries."""
    file = folder / "known.toml"
    file.write_text(case.file, encoding="utf-8")
    versions = {"torch": case.versions}
    try:
        known = KnownFile.read(file, "verify", lambda name: versions.get(name, ""), date.fromisoformat(TODAY))
    except KnownFileError:
        return 2, 0, ()
    deviations = [
        Deviation(name, verdict, dtype, question, worst, words, frozenset(features))
        for name, dtype, question, verdict, worst, words, features in case.seen
    ]
    found = known.judge(deviations, [MINE], complete=case.complete)
    problems = tuple(f"{problem.name.lower()} {entry.number}" for entry, problem in found.problems)
    return int(not found.holds), sum(len(some) for _, some in found.excused), problems


@pytest.mark.parametrize("case", KNOWN_CASES, ids=lambda case: case.name)
def test_what_is_known_is_excused_and_nothing_else(case, tmp_path):
    """The cases were written before the code that they judge."""
    assert answer(case, tmp_path) == (case.code, case.excused, case.problems)
