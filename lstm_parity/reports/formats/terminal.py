"""Printing a report: as it is into a pipe; on a terminal broken between words, and its verdicts in colour."""

from __future__ import annotations

import sys

from rich.cells import cell_len
from rich.console import Console
from rich.highlighter import RegexHighlighter
from rich.text import Text
from rich.theme import Theme

from lstm_parity.reports.lines import REPEAT, show_controls
from lstm_parity.reports.page import wrap_line

PIPED_WIDTH = 120  # columns of a report that no terminal shows
_THEME = Theme({"verdict.good": "green", "verdict.bad": "bold red", "verdict.unsure": "yellow", "verdict.mark": "cyan"})


class _Verdicts(RegexHighlighter):
    base_style = "verdict."
    highlights = [  # noqa: RUF012 -- rich reads it so
        r"\b(?P<good>AS nn\.LSTM|(?<!NOT )AS (?:KNOWN|EXPECTED)|(?<!NO )(?<!LSTM )PARITY)\b",
        r"\b(?P<bad>NO PARITY|NOT AS KNOWN|NOT AS EXPECTED|DEVIATES|FAILED|NARROWER|DIFFERS|WORSE)\b",
        r"\b(?P<unsure>NOT ENOUGH|NOT JUDGED|NOT IDENTIFIED|REFUSED)\b",
        r"(?m)^(?P<mark>>)",
    ]


def find_width() -> int:
    """Return the columns of the terminal; a report that goes elsewhere has 120."""
    console = _console()
    return console.width if console.is_terminal else PIPED_WIDTH


def echo_report(text: str) -> None:
    """Print a report, which ends with a line's end or not."""
    console = _console()
    if not console.is_terminal:
        echo_plain(text)
        return
    lines = [fit_line(line, console.width) for line in show_controls(text).rstrip().split("\n")]
    console.print(_Verdicts()(Text("\n".join(lines))), soft_wrap=True)


def echo_plain(text: str) -> None:
    """Print lines as they are, but for what the other end cannot show."""
    encoding = sys.stdout.encoding or "utf-8"
    shown = show_controls(text).rstrip().encode(encoding, "backslashreplace").decode(encoding)
    sys.stdout.write(f"{shown}\n")


def fit_line(line: str, width: int) -> str:
    """Break a line between words, unless it is a command to be copied."""
    return line if cell_len(line) <= width or line.startswith(REPEAT) else wrap_line(line, width)


def _console() -> Console:
    return Console(theme=_THEME, markup=False, emoji=False, highlight=False)
