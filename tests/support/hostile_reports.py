"""Reports that say awkward things, in every form that there is."""

from __future__ import annotations

from dataclasses import replace

from lstm_parity.audits.upgrade.compare.finding import Finding, Kind
from lstm_parity.audits.upgrade.compare.records import Comparison
from lstm_parity.audits.upgrade.record import Record
from lstm_parity.audits.upgrade.report import comparison_json, comparison_junit, comparison_markdown, comparison_text
from lstm_parity.audits.verification.report import certificate_report
from lstm_parity.judging.verdict import OF_ONE_CASE, Outcome
from lstm_parity.reports.answers.answer import Answer, JudgedTensor, answer_json, answer_text
from lstm_parity.reports.answers.answer_markdown import answer_markdown
from lstm_parity.reports.certificate import Certificate, Row
from lstm_parity.reports.formats.report import Report

COUNTS = {outcome.value: 1 for outcome in OF_ONE_CASE}


def make_row(words: str, outcome: Outcome = Outcome.DEVIATES, distance: float = 7.0) -> Row:
    """Return a row that says these words everywhere."""
    return Row(
        words,
        "float32",
        outcome,
        words,
        words,
        COUNTS,
        distance,
        distance,
        {words: {words: 1}},
        {words: 1},
        (words,),
        (words,),
        words,
        {words: {f"never {words}": words}},
    )


def make_certificate(words: str, distance: float = 7.0, outcomes=tuple(Outcome)) -> Certificate:
    """Return a certificate with a row of each outcome."""
    rows = tuple(make_row(words, outcome, distance) for outcome in outcomes)
    return Certificate({"command": words, words: words}, rows, words, words)


def make_reports(words: str, distance: float = 7.0) -> dict[str, Report]:
    """Return a report of each kind that says these words wherever it says something of somebody else's."""
    certificate = make_certificate(words, distance)
    tensor = JudgedTensor(1, words, distance, distance, 3, 1, distance)
    answer = Answer(
        make_row(words, distance=distance), (words,), (words,), (tensor,), (words, words), (words,), (words,)
    )
    answer = replace(answer, absent=(words,), repeat=words)
    findings = (Finding(Kind.DEVIATES, words, words, (words,)), Finding(Kind.NOISE, words, words))
    comparison = Comparison(Record({"torch": words}), Record({"torch": words}), findings, 1, 2)
    return {
        "certificate": certificate_report(certificate, [words]),
        "answer": Report(
            lambda width: answer_text(answer, {"report": words}, width),
            lambda: answer_markdown(answer, {"report": words}),
            lambda: answer_json(answer, {"report": words}),
        ),
        "comparison": Report(
            lambda width: comparison_text(comparison),
            lambda: comparison_markdown(comparison),
            lambda: comparison_json(comparison),
            {"junit": lambda: comparison_junit(comparison)},
        ),
    }
