"""How far long work has come: what is done now, and how many of how many cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_Report = Callable[[str, int, int], None]


@dataclass
class Progress:
    """Counts cases, and reports each change: the words, how many are done, and how many there are.

    total: 0 while it is not known.
    """

    report: _Report = lambda text, done, total: None
    text: str = ""
    done: int = 0
    total: int = 0

    def say(self, text: str) -> None:
        """Report what is done now."""
        self.text = text
        self.report(self.text, self.done, self.total)

    def expect(self, total: int) -> None:
        """Set how many cases there are, if that is not known yet."""
        self.total = self.total or total
        self.say(self.text)

    def advance(self, cases: int = 1) -> None:
        """Count cases that are done."""
        self.done += cases
        self.say(self.text)
