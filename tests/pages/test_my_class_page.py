"""`docs/my-class.md`: what it shows is what the command prints."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from lstm_parity.classes.declared import read_declaration
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


def test_the_files_of_the_page_can_be_read(tmp_path):
    """Every declaration that it shows."""
    shown = re.findall(r"```toml\n(.*?)\n```", PAGE, re.DOTALL)
    for number, text in enumerate(shown):
        (tmp_path / f"{number}.toml").write_text(text, encoding="utf-8")

    assert [bool(read_declaration(str(tmp_path / f"{k}.toml"))) for k in range(len(shown))] == [True] * 3
