"""What all reports look like as text: a title, what they hold for, tables without lines; plain, and of a width."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.table import Table
from rich.text import Text

_GAP = 2  # spaces between columns
_NARROW = 60  # columns, below which values stand under their names


def render_page(title: str, provenance: Mapping[str, str], width: int) -> Console:
    """Return a page of that many columns that begins with a title and what the report holds for."""
    console = Console(
        file=io.StringIO(), width=width, color_system=None, legacy_windows=False, markup=False, emoji=False
    )
    print_line(console, f"{title}\n")
    for name, value in provenance.items():
        print_line(console, wrap_line(f"  {name:<10} {value}", width, 4 if width < _NARROW else 13))
    return console


def print_line(console: Console, line: str) -> None:
    """Print a line as it is, however long."""
    console.print(line, highlight=False, soft_wrap=True)


def wrap_line(line: str, width: int, hang: int | None = None) -> str:
    """Break a line between words, so that no part has more columns than `width`, but for a single longer word.

    hang: the indentation of what follows, by default two more than the line's own, if it has one.
    """
    own = len(line) - len(line.lstrip())
    further = " " * ((own + 2 if own else 0) if hang is None else hang)
    wrapped = textwrap.wrap(
        line,
        width,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
        expand_tabs=False,
        replace_whitespace=False,
    )
    return "\n".join(wrapped) if cell_len(line) > width else line


@dataclass(frozen=True)
class FittedTable:
    """Columns of words, then columns of numbers; one below the other if the words do not fit beside one another."""

    words: Sequence[str]
    numbers: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table | Text]:
        names = [*self.words, *self.numbers]
        columns = [*zip(names, *map(self._fill, self.rows), strict=True)]
        widths = [max(map(_longest_word, column)) for column in columns]
        room = options.max_width - sum(widths) - _GAP * (len(widths) - 1)
        if room < 0:
            yield Text("\n".join(self._stack(options.max_width)), no_wrap=True, overflow="ignore")
            return
        for k in reversed(range(len(columns))):  # numbers and their names are not broken while words can be
            more = min(max(map(cell_len, columns[k])) - widths[k], room)
            widths[k], room = widths[k] + more, room - more
        made = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, title=self.title)
        for k, (name, width) in enumerate(zip(names, widths, strict=True)):
            made.add_column(name, width=width, justify="left" if k < len(self.words) else "right")
        for row in self.rows:
            made.add_row(*row)
        yield made

    def _fill(self, row: Sequence[str]) -> list[str]:
        return [*row, *[""] * (len(self.words) + len(self.numbers) - len(row))]

    def _stack(self, width: int) -> Iterator[str]:
        """Yield each row as lines, a cell with its name on each."""
        names = [*self.words, *self.numbers]
        label = max(map(len, names))
        yield from [""] * (self.title is not None)
        for row in self.rows:
            yield wrap_line(row[0], width)
            for name, cell in zip(names[1:], row[1:], strict=False):
                if cell:
                    yield wrap_line(f"  {name:<{label}}  {cell}", width, label + 4)


def _longest_word(cell: str) -> int:
    return max(map(cell_len, cell.split()), default=0)


def make_table(
    words: Sequence[str], numbers: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = ""
) -> FittedTable:
    """Make columns of words, then columns of numbers, with an empty line above them unless the title is None."""
    return FittedTable(words, numbers, tuple(rows), title)


def render_text(console: Console) -> str:
    """Return all that a page says."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
