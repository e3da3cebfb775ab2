"""`docs/my-class.md`: what it shows is what the command prints."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from lstm_parity.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "my-class.md").read_text(encoding="utf-8")


def test_the_page_shows_what_the_command_prints():
    """For a class with twelve parameters and a wrong candidate."""
    shown = re.search(r"```\n(found of the class:.*?)\n```", PAGE, re.DOTALL)[1]
    target = "class:specimens/classes/matrices.py:NaiveLSTMFaulty"
    printed = CliRunner().invoke(main, ["identify", "--impl", target]).output

    assert (
        printed.replace("NaiveLSTMFaulty", "MyLSTM")
        .replace("specimens/classes/matrices.py", "mine.py")
        .startswith(shown)
    )
