"""A certificate as Markdown: the conclusion and what is wrong first, what agrees and what was judged folded."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.certificate import OUTPUTS, WORST_FIRST, Certificate, Row
from lstm_parity.reports.certificate_text import (
    NUMBERS,
    UNITS,
    describe_cells,
    describe_conclusion,
    describe_coverage,
    describe_styles,
    describe_unjudged,
)
from lstm_parity.reports.formats.markdown import Document, bullets, code_block, fold, fold_page, plain, table

_AGREEING = (Outcome.PARITY, Outcome.REFUSED)


def certificate_markdown(certificate: Certificate) -> Document:
    """Write the whole certificate, in blocks."""
    worst = sorted(certificate.rows, key=lambda row: _severity(row.outcome))
    bad = [row for row in worst if row.outcome not in _AGREEING]
    good = [row for row in worst if row.outcome in _AGREEING]
    return [
        f"### {plain(describe_conclusion(certificate))}",
        plain(describe_styles(certificate)),
        *[_table(bad)] * bool(bad),
        *(_fold_failure(row, failure) for row in bad for failure in row.failures),
        *[fold(_count(good), _table(good))] * bool(good),
        fold(
            "what was judged, and what was not",
            bullets(describe_coverage(certificate)),
            "Not judged:",
            _beyond(certificate),
        ),
        fold_page(certificate.provenance.items(), UNITS),
    ]


def _severity(outcome: Outcome) -> int:
    return WORST_FIRST.index(outcome) if outcome in WORST_FIRST else len(WORST_FIRST)


def _table(rows: Sequence[Row]) -> str:
    words = ("implementation", "question", "dtype", "verdict", "in arithmetic")
    cells = ([row.implementation, row.question, *describe_cells(row)] for row in rows)
    return table(words, NUMBERS, cells)


def _count(rows: Sequence[Row]) -> str:
    refused = sum(row.outcome is Outcome.REFUSED for row in rows)
    agree = f"{len(rows) - refused} rows agree to rounding noise"
    return agree + (f", {refused} are refused" if refused else "")


def _fold_failure(row: Row, failure: str) -> str:
    question = f", {row.question}" if row.question != OUTPUTS else ""
    return fold(f"{row.outcome.value}: {row.implementation}, {row.dtype}{question}", code_block(failure))


def _beyond(certificate: Certificate) -> str:
    return bullets(describe_unjudged(certificate))
