"""Certificates and answers to reports as tests of JUnit: one for each row, one for everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.certificate import Certificate, Row
from lstm_parity.reports.certificate_text import describe_conclusion
from lstm_parity.reports.formats.junit import Ending, JUnitTest, known_tests, make_whole

if TYPE_CHECKING:
    from lstm_parity.audits.known.entry import KnownResult

_ENDINGS = {
    Outcome.PARITY: Ending.PASSED,
    Outcome.REFUSED: Ending.SKIPPED,
    Outcome.FAILED: Ending.ERROR,
}


def certificate_tests(certificate: Certificate, known: KnownResult | None, code: int) -> list[JUnitTest]:
    """Return a test for each row, and one for the certificate, which passes if the exit code is 0."""
    excused = {one.place for _, some in known.excused for one in some} if known else set[str]()
    excused -= {one.place for one in known.unknown} if known else set()
    tests = [_test_row(row, excused) for row in certificate.rows]
    return [*tests, *known_tests(known), make_whole("certificate", code, describe_conclusion(certificate))]


def answer_tests(rows: Sequence[Row], sentence: str, code: int) -> list[JUnitTest]:
    """Return a test for each set of results of a report, and one for the answer, which passes if the code is 0."""
    return [*(_test_row(row, set()) for row in rows), make_whole("answer", code, sentence)]


def _test_row(row: Row, excused: set[str]) -> JUnitTest:
    place = f"{row.dtype}, {row.question}"
    if row.outcome.is_wrong and f"{row.implementation}, {place}" in excused:
        return JUnitTest(row.implementation, place, Ending.SKIPPED, f"{row.outcome.value}, as known")
    message = f"{row.outcome.value}: {row.counts.get('DEVIATES', 0) + row.counts.get('FAILED', 0)} cases are wrong"
    reasons = [f"{count} cases {reason}" for reason, count in row.reasons.items()]
    text = "\n\n".join([*row.failures, *reasons])
    return JUnitTest(row.implementation, place, _ENDINGS.get(row.outcome, Ending.FAILURE), message, text)
