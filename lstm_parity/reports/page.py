"""What all reports look like as text: a title, what they hold for, tables without lines; plain, and of a width."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table


def render_page(title: str, provenance: Mapping[str, str], width: int) -> Console:
    """A page of that many columns that begins with a title and what the report holds for."""
    console = Console(
        file=io.StringIO(), width=width, color_system=None, legacy_windows=False, markup=False, emoji=False
    )
    console.print(f"{title}\n")
    for name, value in provenance.items():
        console.print(f"  {name:<10} {value}", highlight=False)
    return console


def make_table(
    words: Sequence[str], numbers: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = ""
) -> Table:
    """Columns of words, then columns of numbers, with an empty line above them unless the title is None."""
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, title=title)
    for name in words:
        made.add_column(name, overflow="fold")
    for name in numbers:
        made.add_column(name, justify="right")
    for row in rows:
        made.add_row(*row)
    return made


def render_text(console: Console) -> str:
    """All that a page says."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
