"""docs/identify.md shows what the command prints, and counts what there is."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from click.testing import CliRunner

import lstm_parity
from experiments.identification import correct_lstms
from lstm_parity.audits.data_sheet import sheet_text
from lstm_parity.cli import main
from lstm_parity.identification.connections.changes import known_changes
from lstm_parity.identification.curves.functions import BASES, PLAIN
from lstm_parity.identification.equations import resetting_equations, usual_equations
from specimens.planted_arithmetics import PLANTED
from specimens.strange_equations import STRANGE
from specimens.stranger_equations import STRANGER
from specimens.unseen_styles import STYLES

ROOT = Path(__file__).parents[2]
PAGE, MEASURED = ((ROOT / name).read_text() for name in ("docs/identify.md", "experiments/identification.md"))


def test_the_page_shows_what_the_command_prints():
    """For a forget gate that is too steep."""
    shown = re.search(r"```\n(module:mine.*?)\n```", PAGE, re.DOTALL)[1]
    target = "module:specimens.unseen_equations:ForgetSteep"
    printed = CliRunner().invoke(main, ["identify", "--impl", target]).output

    assert printed.strip() == shown.replace("module:mine.py:MyLSTM", target)


def test_the_page_shows_the_arithmetic_of_torch():
    """What is measured of nn.LSTM, but for what depends on the processor: its numbers, and what is fused."""
    shown = re.search(r"```\n(  arithmetic in .*?)\n```", PAGE, re.DOTALL)[1]
    measured = sheet_text(lstm_parity.measure_arithmetic(torch.nn.LSTM))

    assert [line.split()[:1] for line in shown.splitlines()] == [line.split()[:1] for line in measured.splitlines()]


def test_the_page_counts_functions_and_connections():
    """Those that are recognised, beside constants, and those that are tried."""
    counted = (
        f"one of {len(BASES) - 1} functions ({len(PLAIN) - 1} plain ones",
        f"are tried, {len([*known_changes(2, 2)])} of them",
        f"the whole sum ({len([*resetting_equations(usual_equations())])} of these)",
    )

    assert all(words in PAGE for words in counted), counted


def test_the_page_counts_what_it_was_measured_on():
    """Planted arithmetics, strangers' faults, correct LSTMs, all of which are right on the page of the experiment."""
    correct = len(correct_lstms())
    counted = (
        f"Of {len(PLANTED)} steps in which",
        f"of the first {len(STRANGE)},",
        f"of the next {len(STRANGER)},",
        f"All {correct} correct LSTMs, {len(STYLES)} of them in other styles",
    )

    assert all(words in " ".join(PAGE.split()) for words in counted), counted
    assert f"| correct | {correct} | {correct} | 0 | 0 |" in MEASURED
