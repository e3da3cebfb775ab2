"""One way to write a report as Markdown, as GitHub shows it; its words stand there as they are.

A document is a sequence of blocks, each of which is whole by itself, so that some can be left out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from lstm_parity.reports.lines import show_controls

Document = Sequence[str]

_SPECIAL = re.compile(r"([\\`*\[\]<>|~&$])|(?<![^\W_])_|_(?![^\W_])")
_BEGINNING = re.compile(r"^(?:[#>+=-]|\d+(?=[.)]))")


def plain(words: str) -> str:
    """Return words on one line that nothing in them makes into anything else."""
    line = " ".join(show_controls(words).split())
    escaped = _SPECIAL.sub(lambda found: f"\\{found[0]}", line)
    return _BEGINNING.sub(lambda found: found[0] + "\\" if found[0].isdigit() else f"\\{found[0]}", escaped)


def code(words: str) -> str:
    """Return words on one line as code."""
    line = " ".join(show_controls(words).split()) or " "
    fence = "`" * (_longest_run(line) + 1)
    return f"{fence} {line} {fence}" if "`" in (line[0], line[-1]) else f"{fence}{line}{fence}"


def code_block(words: str) -> str:
    """Return lines as code, in a fence that they do not close."""
    text = show_controls(words).rstrip("\n")
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}\n{text}\n{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def bullets(lines: Iterable[str]) -> str:
    """Return a list."""
    return "\n".join(f"* {plain(line)}" for line in lines)


def quote(paragraph: str) -> str:
    """Return a paragraph with its lines, as a quotation."""
    return "\n".join(f"> {plain(line)}  " for line in show_controls(paragraph).splitlines())


def table(words: Sequence[str], numbers: Sequence[str], rows: Iterable[Sequence[str]], bold: bool = False) -> str:
    """Return columns of words, then columns of numbers; bold: whether the first column is."""
    names = [*words, *numbers]
    cells = [[plain(cell) for cell in (*row, *[""] * (len(names) - len(row)))] for row in rows]
    lines = [[f"**{first}**" if bold and first else first, *others] for first, *others in cells]
    rule = "|---" * len(words) + "|--:" * len(numbers) + "|"
    return "\n".join([_join(map(plain, names)), rule, *map(_join, lines)])


def _join(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def fold(summary: str, *blocks: str) -> str:
    """Return blocks that are shown after a click on the summary."""
    words = html.escape(" ".join(show_controls(summary).split()))
    return "\n\n".join([f"<details><summary>{words}</summary>", *blocks, "</details>"])


def fold_page(provenance: Iterable[tuple[str, str]], *blocks: str) -> str:
    """Return what a report holds for, folded, behind other blocks."""
    return fold("what this holds for", *blocks, bullets(f"{name}: {value}" for name, value in provenance))


def write_document(blocks: Document) -> str:
    """Return the text of a document."""
    return "\n\n".join(filter(None, blocks)) + "\n"
