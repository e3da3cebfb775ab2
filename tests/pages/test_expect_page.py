"""docs/expect.md shows what its command prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from lstm_parity.cli import main

PAGE = (Path(__file__).parents[2] / "docs/expect.md").read_text()


def test_the_page_shows_what_its_command_prints():
    """But for what may differ from one processor or NumPy to the next: last digits, and the order of close rows."""
    command, shown = re.search(r"```\nlstm-parity (.*?)\n```\n\n```\n(.*?)```", PAGE, re.DOTALL).groups()
    printed = CliRunner().invoke(main, shlex.split(command)).output

    assert sorted(skeleton(printed)) == sorted(skeleton(shown))


def skeleton(text):
    """The lines of a text without numbers like 1.2e-07, and without the list of those that are tightest."""
    words = re.sub(r"\d\.\de-\d\d", "N", re.sub(r"but of .*?\.", "", text.strip(), flags=re.DOTALL))
    return [line.rstrip() for line in words.splitlines()]
