"""`pytest --impl` and `lstm-parity verify --impl`, as a user meets them: in a run of their own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lstm_parity
from examples.layer import lstm_forward
from examples.module import MyLSTM
from lstm_parity.catalogue.mistakes import find_mistake
from lstm_parity.implementations.target import TargetError
from lstm_parity.reports.failure import ParityError
from specimens.misbehaving_layers import forgets_a_bias

ROOT = Path(__file__).parents[2]


def run(*command):
    """The exit status and everything that was printed."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_a_wrong_lstm_is_named_as_the_page_shows():
    """The first failure says what deviates, which mistake it is, what to change, and how to repeat it."""
    status, printed = run("pytest", "--impl", "mistake:gates-ifog")
    page = (ROOT / "docs" / "bring-your-own.md").read_text(encoding="utf-8")
    _, *shown = re.search(r"```\n(\$ pytest --impl.*?)```", page, re.DOTALL)[1].splitlines()

    assert status == 1
    assert [line for line in shown if line != "..." and line not in printed.splitlines()] == []
    assert "--impl mistake:gates-ifog --case " in printed


def test_wrong_gradients_are_named():
    """Where the forward pass is right: the story is that of a gradient, and so is the diagnosis.

    No case alone repeats the test, which draws more than that: its name does.
    """
    status, printed = run("pytest", "--impl", "mistake:hidden-detached", "-k", "every_training_loop")

    assert status == 1
    assert "::test_every_training_loop_has_the_gradients_of_the_exact_lstm --impl mistake:hidden-detached\n" in printed
    assert "the gradient of weight_ih_l0 deviates: " in printed
    assert "behaves like: hidden-detached" in printed
    assert "the fault is in the way back" in printed


def test_a_correct_lstm_passes():
    """And what it refuses is skipped, with the reason."""
    status, printed = run(
        "pytest", "--impl", "cell:examples/cell.py:lstm_cell", "-rs", "-k", "projection_and_packing or single_step"
    )

    assert status == 0
    assert "4 passed, 1 skipped" in printed
    assert "refused: every case of this test" in printed


def test_a_wrong_adapter_is_told_before_anything_is_judged():
    """The smoke ends the run, with what is wrong and a hint."""
    status, printed = run("pytest", "--impl", "layer:specimens.misbehaving_layers:returns_the_last_step")

    assert status == 1
    assert "cannot be judged: the plainest call" in printed
    assert "hint: is output every step's h" in printed


@pytest.mark.parametrize("command", [["pytest"], ["lstm_parity", "verify"]], ids=["pytest", "verify"])
def test_a_target_that_is_none_is_refused_in_words(command):
    """Before anything is imported."""
    status, printed = run(*command, "--impl", "modle:torch.nn:LSTM")

    assert status in (2, 4)
    assert "is it module?" in printed
    assert "Traceback" not in printed


def test_the_certificate_names_the_mistake_and_stops_there(tmp_path):
    """The dtypes after the first that is wrong are not judged."""
    status, printed = run(
        "lstm_parity", "verify", "--impl", "mistake:bias-hh-dropped", "--json", str(tmp_path / "certificate.json")
    )

    assert status == 1
    assert "behaves like: bias-hh-dropped" in printed
    assert [row["dtype"] for row in json.loads((tmp_path / "certificate.json").read_text())["rows"]] == ["float64"]


def test_check_returns_the_number_of_judged_cases():
    """In the process of the caller, for whoever has tests of their own."""
    assert lstm_parity.check(MyLSTM, dtypes=["float32"]) > 0


def test_check_raises_the_whole_story():
    """An AssertionError, as a test wants it."""
    with pytest.raises(ParityError, match="x rounding noise"):
        lstm_parity.check(forgets_a_bias, "layer", dtypes=["float32"])


def test_check_refuses_what_it_does_not_know():
    """In words, not by ignoring it."""
    with pytest.raises(TargetError, match="'packd' was given, but it must be one of"):
        lstm_parity.check(lstm_forward, "layer", without=["packd"])


def test_what_is_declared_to_work_in_another_arithmetic_is_judged_in_that_one():
    """Rounded weights are a mistake in float32, and none in products of bfloat16."""
    judged = lstm_parity.check(
        find_mistake("weights-rounded"), "mistake", arithmetic="bfloat16 products", dtypes=["float32"]
    )

    assert judged > 0


def test_an_arithmetic_that_nobody_knows_is_refused():
    """With those that are known."""
    with pytest.raises(TargetError, match=r"'TF23 products' is none of .*: is it TF32 products\?"):
        lstm_parity.check(lstm_forward, "layer", arithmetic="TF23 products")
