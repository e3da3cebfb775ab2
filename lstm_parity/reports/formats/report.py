"""A report in all its forms, each of which is made when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lstm_parity.reports.formats.markdown import Document

if TYPE_CHECKING:
    from lstm_parity.audits.known.entry import KnownResult


@dataclass(frozen=True, eq=False)
class Report:
    """One report.

    text: for a terminal of so many columns. json: for programs. files: further forms, by the option for each.
    known: what became of a file of known deviations.
    """

    text: Callable[[int], str]
    markdown: Callable[[], Document]
    json: Callable[[], str]
    files: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    known: KnownResult | None = None

    def also(self, name: str, make: Callable[[], str]) -> Report:
        """Return the report with a further form, by the option for it."""
        return replace(self, files={**self.files, name: make})
