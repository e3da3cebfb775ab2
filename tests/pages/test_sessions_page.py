"""docs/answer-a-report.md: every command prints what the page says."""

from __future__ import annotations

import re
from pathlib import Path

from pages.sessions import run_page

PAGE = Path(__file__).parents[2] / "docs" / "answer-a-report.md"


def hide_machine(text: str) -> list[str]:
    """Put # for numbers, which depend on the processor, and words in a list: where lines break depends on numbers."""
    return re.sub(r"\d[\d.]*(?:e[+-]?\d+)?", "#", text).split()


def test_every_answer_on_the_page_is_what_the_command_says():
    """All words; numbers are of the processor that they were written on."""
    page = PAGE.read_text()

    assert hide_machine(run_page(page)) == hide_machine(page)
