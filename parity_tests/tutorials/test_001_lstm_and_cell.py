"""001, torch's nn.LSTM and nn.LSTMCell: four layers, a loop that forgets to update h, two cells of different widths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from lstm_parity.implementations.from_layer import FromLayer
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import WORST_LIMIT, judge, judge_trajectory
from lstm_parity.judging.pairs import judge_pair
from lstm_parity.parity_tests.strategies import agrees
from lstm_parity.parity_tests.tutorials.pytorch_cells import cell_loop, cell_loop_without_h
from lstm_parity.parity_tests.tutorials.runs import (
    FOUR_LAYERS,
    ONE_CELL,
    count,
    every_dtype,
    every_seed,
    its_case,
    two_widths,
)
from lstm_parity.reports.failure import ParityError, require_parity
from lstm_parity.running.calls import call_arguments, weight_tensors
from lstm_parity.running.observe import observe

LOOP, LOOP_WITHOUT_H = FromLayer("loop over a cell", cell_loop), FromLayer("the tutorial's loop", cell_loop_without_h)


def test_the_shapes_are_those_that_it_prints():
    """Time first; one state for each of the four layers."""
    y, (h, c) = nn.LSTM(100, 20, num_layers=4)(torch.zeros(10, 3, 100))

    assert [*map(tuple, (y.shape, h.shape, c.shape))] == [(10, 3, 20), (4, 3, 20), (4, 3, 20)]


def test_its_four_layers_have_19840_parameters():
    """9,760 in the first, which reads 100 numbers, and 3,360 in each of the others."""
    assert count(nn.LSTM(100, 20, num_layers=4)) == 9_760 + 3 * 3_360 == 19_840


@every_dtype
def test_hx_may_be_a_list(dtype):
    """`[h, c]` is `(h, c)`, bit for bit."""
    case = its_case("I100-H20-L4-T10-B3", dtype)
    module = TorchLSTM().load(case.setting, weight_tensors(case))
    x, hx = call_arguments(case.setting, case.input, case.h_0, case.c_0)

    assert all(map(torch.equal, flat(module(x, list(hx))), flat(module(x, hx))))


def flat(returned):
    """output, h_n and c_n."""
    return returned[0], *returned[1]


@every_dtype
@every_seed
def test_nn_lstm_agrees_on_its_case(dtype, seed):
    """Four layers, ten steps."""
    assert agrees(TorchLSTM(), its_case(FOUR_LAYERS, dtype, seed))


@every_dtype
@every_seed
def test_a_loop_over_a_cell_is_a_layer(dtype, seed):
    """The loop as it was meant: `h, c = cell(x, (h, c))`."""
    assert agrees(LOOP, its_case(ONE_CELL, dtype, seed))


@every_dtype
@every_seed
def test_its_loop_deviates_in_output_and_in_both_states(dtype, seed):
    """`b, c = cell(x, (h, c))` is not an LSTM, and all that it returns is named."""
    with pytest.raises(ParityError, match=r"(?s)output deviates.*\nh_n deviates.*\nc_n deviates"):
        require_parity(judge(observe(LOOP_WITHOUT_H, its_case(ONE_CELL, dtype, seed))))


def test_its_loop_is_right_at_the_first_step_and_wrong_at_every_later_one():
    """The first step is the only one for which h is what it was before the first step."""
    output, _, _ = judge_trajectory(judge(observe(LOOP_WITHOUT_H, its_case(ONE_CELL))))

    assert [bool(step.max() > WORST_LIMIT) for step in output.ratio] == [False, *[True] * 9]


def test_its_loop_lacks_nothing_but_the_feedback_of_h():
    """Where w_hh is zero, and h is fed back to no one, it is an LSTM."""
    case = its_case(ONE_CELL)
    deaf = case.weights.map(lambda w: np.zeros_like(w) if w.shape == (80, 20) else w)

    assert agrees(LOOP_WITHOUT_H, replace(case, weights=deaf))


@every_dtype
@every_seed
@pytest.mark.parametrize("level", [0, 1], ids=["30 wide", "20 wide"])
def test_two_cells_of_different_widths_are_two_lstms(dtype, seed, level):
    """Each level is computed to rounding noise, and strays from an nn.LSTM of its width by the noise of both."""
    case, run = two_widths(dtype, seed)[level]
    require_parity(judge(run))

    require_parity(judge_pair(case, run.evidence[0].outputs, observe(TorchLSTM(), case).evidence[0].outputs))
