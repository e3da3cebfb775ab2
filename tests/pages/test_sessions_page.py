"""docs/answer-a-report.md: every command prints what the page says."""

from __future__ import annotations

from pathlib import Path

from pages.sessions import run_page

PAGE = Path(__file__).parents[2] / "docs" / "answer-a-report.md"


def hide_machine(text: str) -> str:
    """Leave out what depends on the processor: distances in noises, and the difference that is drawn."""
    return "\n".join(line for line in text.splitlines() if not any(c.isdigit() for c in line))


def test_every_answer_on_the_page_is_what_the_command_says():
    """All words; numbers are of the processor that they were written on."""
    page = PAGE.read_text()

    assert hide_machine(run_page(page)) == hide_machine(page)
