"""What newcomers had as folders of arrays is answered as it is true."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_parity.cli import main
from lstm_parity.diagnosis import numbers

FOLDERS = Path(__file__).parents[2] / "specimens" / "strangers_folders"
_SUMS = "z = w_ih x + b_ih + w_hh h + b_hh, in rows i, f, g, o"


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("one_layer_ifog", 1, "behaves like: gates-ifog"),
        ("two_layers_ifog", 1, "behaves like: gates-ifog"),
        ("order_and_forget_bias", 1, f"in rows i, g, f, o instead of {_SUMS}; f = sigmoid(z_f + 1) instead of"),
        ("output_only", 1, "behaves like: gates-ifog"),
        ("float64_file", 0, "PARITY: every number that is given is within rounding noise"),
    ],
)
def test_a_newcomer_s_folder_is_answered_rightly(name, status, words):
    """In one command, with the cause."""
    answer = CliRunner().invoke(main, ["judge", str(FOLDERS / name)], env={"COLUMNS": "500"})

    assert (answer.exit_code, words in answer.output) == (status, True), answer.output


def test_random_numbers_have_no_name(monkeypatch):
    """However short or long they are searched."""
    monkeypatch.setattr(numbers, "SECONDS", 0.5)
    answer = CliRunner().invoke(main, ["judge", str(FOLDERS / "random_numbers")])

    assert (answer.exit_code, "behaves like: none of" in answer.output) == (1, True), answer.output
