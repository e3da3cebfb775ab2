"""Files of known deviations: strict in what they say, and in what they excuse."""

from __future__ import annotations

from datetime import date

import pytest
from packaging.requirements import Requirement

from lstm_parity.audits.known.entry import Deviation, Entry, KnownResult
from lstm_parity.audits.known.judge import KnownFile
from lstm_parity.audits.known.read import KnownFileError
from lstm_parity.audits.verification.options import Hooks, VerifyOptions
from lstm_parity.audits.verification.report import find_exit_code
from lstm_parity.audits.verification.verify import verify_one
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.certificate import INTERRUPTED, Certificate
from specimens.altered_results import Altered
from tests.support.format_cases import KNOWN_CASES, MINE, TODAY
from tests.support.hostile_reports import make_row

WRONG = Altered(lambda output, h_n, c_n: (output, (h_n, c_n + 1.0)), "off")
QUICK = VerifyOptions(case="I3-H4-T4-B2-float32-normal-1", forward_only=True)


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


def test_a_known_deviation_hides_no_other():
    """With entries, the dtypes behind one that deviates are judged."""
    dtypes = ("float16", "float32")
    known = KnownFile("known.toml", (known_entry(1, "float16"),), date.fromisoformat(TODAY), lambda _: "2.13.0")
    found = verify_one(WRONG, dtypes, options=QUICK, hooks=Hooks(excuses=known.excuses))

    assert {row.dtype for row in found.certificate.rows} == set(dtypes)
    assert {one.dtype for one in found.judge_known(known).unknown} == {"float32"}


def known_entry(number, dtype):
    """Return an entry that excuses whatever `WRONG` does in a dtype."""
    versions, expires = Requirement("torch>=2"), date(2999, 1, 1)
    return Entry(number, "verify", "off", "DEVIATES", "c_n is off", versions, expires, dtype, worst=float("inf"))


@pytest.mark.parametrize(
    ("outcomes", "limits", "known", "code"),
    [
        (["DEVIATES"], "", KnownResult(""), 0),
        (["DEVIATES"], "quick", KnownResult(""), 0),
        (["DEVIATES"], INTERRUPTED, KnownResult(""), 3),
        (["DEVIATES", "PARITY"], "", KnownResult(""), 0),
        (["DEVIATES", "NOT ENOUGH"], "", KnownResult(""), 3),
        (["PARITY"], "", KnownResult("", unknown=(Deviation("", ""),)), 1),
        ([], "", KnownResult(""), 3),
        (["DEVIATES"], "", None, 1),
    ],
)
def test_the_exit_code_is_of_what_is_left(outcomes, limits, known, code):
    """If all that is wrong is known, the rest decides."""
    rows = tuple(make_row("x", Outcome(outcome)) for outcome in outcomes)
    assert find_exit_code(Certificate({}, rows, "", limits), known) == code
