"""What repeated calls show: numbers that change from call to call, and what an earlier call leaves behind."""

from __future__ import annotations

import time

import pytest
from click.testing import CliRunner
from torch import nn

from lstm_parity.cases.case import parse_case
from lstm_parity.cli import main
from lstm_parity.diagnosis.repeats import describe_repeats
from lstm_parity.implementations.load import adapt
from lstm_parity.judging.arithmetic import explain
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.observe import observe
from specimens.unseen_faults import CLASSES

CASES = [parse_case(name) for name in ("I3-H4-L2-T3-B2-float64-normal-1", "I3-H4-L2-T5-B2-nostates-float64-normal-1")]


class ByTheClock(nn.LSTM):
    """Its h_n depends on the time."""

    def forward(self, input, hx=None):
        output, (h_n, c_n) = super().forward(input, hx)
        return output, (h_n * (1.0 + time.perf_counter_ns() % 1000 * 1e-4), c_n)


class Halved(nn.LSTM):
    """It is always wrong in the same way."""

    def forward(self, input, hx=None):
        output, (h_n, c_n) = super().forward(input, hx)
        return output, (h_n, 0.5 * c_n)


def repeats(found):
    """What is said about the failing cases of a class."""
    implementation = adapt("module", found.__name__, found)
    return describe_repeats(implementation, [judge(observe(implementation, case)) for case in CASES])


@pytest.mark.parametrize(
    ("found", "beginning"),
    [
        (ByTheClock, "calls that differ: "),
        (CLASSES["SecondCallOfC"], "something that an earlier call leaves behind: "),
        (CLASSES["TenthCall"], ""),
        (Halved, ""),
    ],
)
def test_what_differs_between_calls_is_named(found, beginning):
    """A fault that is the same in every call says nothing here, nor does one that these cases do not show."""
    assert repeats(found).startswith(beginning)
    assert bool(repeats(found)) == bool(beginning)


def test_a_factor_is_no_arithmetic():
    """One per cent of c is of the size of bfloat16's rounding, but rounding is not the same for all."""
    implementation = adapt("module", "SecondCallOfC", CLASSES["SecondCallOfC"])

    assert explain([observe(implementation, CASES[0])]).arithmetic is None


def test_a_failure_is_repeated_by_the_command_that_it_prints():
    """`verify --impl ... --case ID` judges that case alone, and finds the same."""
    words = ["verify", "--impl", "module:specimens.unseen_faults:SecondCallOfC", "--case", CASES[0].id]
    result = CliRunner().invoke(main, words)

    assert result.exit_code == 1
    assert f"repeat: lstm-parity {' '.join(words)}\n" in result.output
    assert Outcome.DEVIATES.value in result.output


def test_a_case_that_is_none_is_a_wrong_call():
    """It says what is wrong with it."""
    result = CliRunner().invoke(main, ["verify", "--impl", "module:torch.nn:LSTM", "--case", "H5"])

    assert (result.exit_code, "H5" in result.output) == (2, True)
