"""The pages of reports that are no certificates: what is identified, modes, other frameworks, sweeps, two torches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstm_parity.audits.known.entry import KnownResult
    from lstm_parity.audits.upgrade.compare.records import Comparison


def make_records_page(comparison: Comparison, known: KnownResult | None) -> str:
    """Return the page of two records; what pages are made with is imported only then."""
    from lstm_parity.audits.pages.comparison import records_page  # noqa: PLC0415

    return records_page(comparison, known)
