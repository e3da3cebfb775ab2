"""The tutorials' cases and runs, in the form in which the judge takes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.setting import parse_setting
from lstm_parity.parity_tests.tutorials.pytorch_cells import cell_with, two_cells
from lstm_parity.running.calls import call_arguments, call_lstm, weight_tensors
from lstm_parity.running.observe import WHOLE, Evidence, Observation

PADDLE = "I6-H8-L2-bf-T3-B4-nostates"
FOUR_LAYERS, ONE_CELL = "I100-H20-L4-T10-B3-nostates", "I100-H20-T10-B3-nostates"
PLAIN, PROJECTED = "I4-H5-bf-T3-B2", "I4-H5-P3-bf-T3-B2"
KERAS, SEQUENTIAL = "I100-H64-bf-T80-B2", "I100-H64-L2-bf-T80-B2"

every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])
every_seed = pytest.mark.parametrize("seed", range(5))


def its_case(words: str, dtype: str = "float32", seed: int = 1) -> Case:
    """The case of a tutorial's setting, named without its dtype."""
    return draw_case(parse_setting(f"{words}-{dtype}"), seed=seed)


def count(module: nn.Module) -> int:
    """The number of weights of a module."""
    return sum(parameter.numel() for parameter in module.parameters())


def hand_run(case: Case, output: Tensor, state: tuple[Tensor, Tensor]) -> Observation:
    """What a loop written by hand returned, as the run of a case of one layer in one direction.

    output: (T, B, P); state: h (B, P) and c (B, H).
    """
    returned = output, tuple(tensor[None] for tensor in state)
    outputs = call_lstm(lambda input, hx: returned, case.setting, case.input, case.h_0, case.c_0)
    return Observation(case, (Evidence(WHOLE, case.input, case.h_0, case.c_0, outputs),))


def two_widths(dtype: str, seed: int) -> list[tuple[Case, Observation]]:
    """Of cells 30 and 20 wide, stepped by hand one on the other: each level's case, given what it read, and its run."""
    cases = [its_case(f"{words}-T10-B3-nostates", dtype, seed) for words in ("I100-H30", "I30-H20")]
    cells = [cell_with(*(w for _, w in weight_tensors(case).items())) for case in cases]
    x, _ = call_arguments(cases[0].setting, cases[0].input, cases[0].h_0, cases[0].c_0)
    with torch.no_grad():
        first, second = two_cells(x, *cells)
    upper = replace(cases[1], input=first[0].double().numpy())
    return [(cases[0], hand_run(cases[0], *first)), (upper, hand_run(upper, *second))]


def leaves_of(case: Case) -> list[Tensor]:
    """What lstm_forward is called with, one after the other: input (B, T, I), h (B, P), c (B, H) and the weights."""
    dtype = getattr(torch, case.setting.runtime.dtype)
    arrays = (case.input.swapaxes(0, 1), case.h_0[0], case.c_0[0], *(w for _, w in case.weights.items()))
    return [torch.tensor(array, dtype=dtype, requires_grad=True) for array in arrays]


def gradients(returned: Any, leaves: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """The gradients of a loss that every number of output, h_n and c_n takes part in, each with a factor of its own."""
    flat = torch.cat([tensor.flatten() for tensor in (returned[0], *returned[1])])
    return torch.autograd.grad(flat @ torch.linspace(-1.0, 1.0, len(flat), dtype=flat.dtype), list(leaves))


def gradients_by_hand_and_by_torch(case: Case, lstm_forward: Any, module: nn.LSTM) -> list[tuple[Tensor, ...]]:
    """The gradients for input, both states and every weight: through lstm_forward, and through nn.LSTM."""
    x, h, c, *weights = leaves_of(case)
    by_hand = gradients(lstm_forward(x, (h, c), *weights), [x, h, c, *weights])
    return [by_hand, gradients(module(x, (h[None], c[None])), [x, h, c, *module.parameters()])]
