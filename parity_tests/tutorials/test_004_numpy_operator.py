"""004, an LSTM of one unit in NumPy: what rounding its gates costs, and what its torch versions print by luck."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lstm_parity.implementations.from_layer import FromLayer
from lstm_parity.implementations.torch_modules import TorchLSTM, TorchLSTMCell
from lstm_parity.judging.arithmetic import explain
from lstm_parity.judging.forward import judge
from lstm_parity.judging.pairs import judge_pair
from lstm_parity.parity_tests.strategies import agrees
from lstm_parity.parity_tests.tutorials.numpy_operator import (
    as_layer,
    by_hand,
    outputs,
    printed,
    rounded_sigmoid,
    sigmoid,
    torch_outputs,
    without_bias,
)
from lstm_parity.parity_tests.tutorials.runs import every_dtype
from lstm_parity.reports.failure import ParityError, require_parity
from lstm_parity.running.observe import observe

ROUNDED, UNROUNDED = (FromLayer(f"gates: {gate.__name__}", as_layer(gate)) for gate in (rounded_sigmoid, sigmoid))
both_modules = pytest.mark.parametrize("make", [nn.LSTM, nn.LSTMCell])


def test_with_rounded_gates_it_gives_what_it_prints():
    """To two decimals."""
    assert outputs(rounded_sigmoid).round(2).tolist() == [0, 0, 0, 0, 0, 0.96, 0, 0, 0.76]


@both_modules
@every_dtype
def test_torch_without_biases_gives_the_known_answer(make, dtype):
    """To eight decimals: the gates are nearly closed, not closed."""
    h = torch_outputs(without_bias(make(4, 1)), getattr(torch, dtype))

    assert [f"{value:.8f}" for value in h.tolist()] == [
        "0.00000000", "0.00003448", "0.00003448", "0.00004375", "0.00004375",
        "0.96362364" if dtype == "float32" else "0.96362368", "0.00000000", "0.00003457",
        "0.76158446" if dtype == "float32" else "0.76158445",
    ]  # fmt: skip


@every_dtype
def test_the_cell_in_a_loop_is_nn_lstm_but_for_rounding(dtype):
    """Bit for bit on some processors; their kernels add in other orders on others."""
    case = by_hand(dtype)
    cell, lstm = (observe(one, case).evidence[0].outputs for one in (TorchLSTMCell(), TorchLSTM()))

    require_parity(judge_pair(case, cell, lstm))


@every_dtype
@pytest.mark.parametrize("implementation", [UNROUNDED, TorchLSTM(), TorchLSTMCell()], ids=lambda i: i.name)
def test_with_gates_as_they_are_numpy_and_torch_agree(dtype, implementation):
    """All three are computed to rounding noise."""
    assert agrees(implementation, by_hand(dtype))


@every_dtype
def test_rounding_the_gates_is_more_than_noise(dtype):
    """All three tensors deviate; the worst output is one that should have been 4.4e-5 and is 0."""
    with pytest.raises(ParityError, match=r"(?s)\Aoutput deviates.* got 0 .*, exact 4\.37.*e-05.*\nc_n deviates"):
        require_parity(judge(observe(ROUNDED, by_hand(dtype))))


@every_dtype
def test_rounding_the_gates_is_named_as_inaccurate_activations(dtype):
    """A gate that is rounded is a sigmoid that is 4.5e-5 off; nothing else is wrong."""
    explanation = explain([observe(ROUNDED, by_hand(dtype))])

    assert (explanation.parity, explanation.arithmetic.name) == (False, f"{dtype} with activations accurate to 1e-04")


def test_rounding_the_gates_costs_4e_5():
    """The largest difference between the nine outputs."""
    assert f"{np.abs(outputs(rounded_sigmoid) - outputs(sigmoid)).max():.1e}" == "4.4e-05"


@both_modules
def test_what_its_torch_versions_print_depends_on_the_seed(make):
    """Their biases stay random: of the first twenty seeds, some give 0.964 and 0.762, and some do not."""
    its_answer = [0, 0, 0, 0, 0, 0.964, 0, 0, 0.762]

    assert {printed(make, seed) == its_answer for seed in range(20)} == {True, False}


@pytest.mark.parametrize("seed", range(5))
def test_both_torch_versions_print_the_same_after_the_same_seed(seed):
    """They draw the same biases."""
    assert printed(nn.LSTM, seed) == printed(nn.LSTMCell, seed)
