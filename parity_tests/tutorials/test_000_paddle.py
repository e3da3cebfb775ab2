"""000, Paddle's `nn.LSTM(6, 8, num_layers=2)`: shapes, the last output, and a count that was explained wrongly."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.parity_tests.strategies import agrees
from lstm_parity.parity_tests.tutorials.pytorch_cells import parameter_count, tutorial_count
from lstm_parity.parity_tests.tutorials.runs import PADDLE, count, every_dtype, every_seed, its_case
from lstm_parity.running.calls import call_arguments, weight_tensors


def test_the_shapes_are_those_that_it_prints():
    """Output is batch-major, the states are not."""
    y, (h, c) = nn.LSTM(6, 8, num_layers=2, batch_first=True)(torch.zeros(4, 3, 6))

    assert [*map(tuple, (y.shape, h.shape, c.shape))] == [(4, 3, 8), (2, 4, 8), (2, 4, 8)]


@every_dtype
@every_seed
def test_the_last_output_is_the_h_of_the_last_layer_bit_for_bit(dtype, seed):
    """`y[:, -1] == h[-1]`: it is one number, written in two places."""
    case = its_case(PADDLE, dtype, seed)
    module = TorchLSTM().load(case.setting, weight_tensors(case))
    y, (h, _) = module(*call_arguments(case.setting, case.input, case.h_0, case.c_0))

    assert torch.equal(y[:, -1], h[-1])


@every_dtype
@every_seed
def test_nn_lstm_agrees_on_its_case(dtype, seed):
    """The case that it prints is computed to rounding noise."""
    assert agrees(TorchLSTM(), its_case(PADDLE, dtype, seed))


def test_it_has_1088_parameters_512_and_576_in_its_layers():
    """`4H(I + H) + 8H`: the first layer reads 6 numbers, the second 8."""
    assert [count(nn.LSTM(6, 8)), count(nn.LSTM(8, 8)), count(nn.LSTM(6, 8, num_layers=2))] == [512, 576, 1088]


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 3))
def test_the_number_of_parameters_follows_from_the_sizes_alone(input_size, hidden_size, num_layers):
    """For every architecture, the formula is what nn.LSTM has."""
    assert parameter_count(input_size, hidden_size, num_layers) == count(nn.LSTM(input_size, hidden_size, num_layers))


@pytest.mark.parametrize(("batch", "time", "its_formula"), [(4, 3, 1088), (2, 5, 608), (1, 7, 336)])
def test_its_explanation_of_1088_is_a_coincidence(batch, time, its_formula):
    """With other sequences its formula gives another number, but the module that ran on them has 1088 still."""
    module = nn.LSTM(6, 8, num_layers=2, batch_first=True)
    module(torch.zeros(batch, time, 6))

    assert (tutorial_count(batch, time, 6, 8, 2), count(module)) == (its_formula, 1088)
