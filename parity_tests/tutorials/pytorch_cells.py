"""What the five tutorials compute, in this project's words, mistakes and all; beside each mistake, the same without it.

A layer is `(input (B, T, I), (h0, c0), w_ih, w_hh, b_ih, b_hh) -> (output, (h, c))`, as `FromLayer` takes it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lstm_parity.reference.weights import CellWeights, LSTMWeights, write_weights

State = tuple[Tensor, Tensor]


# 000: nn.LSTM(6, 8, num_layers=2), or Paddle's, on x (4, 3, 6)


def parameter_count(input_size: int, hidden_size: int, num_layers: int) -> int:
    """The number of weights of a layer reading I numbers is 4H(I + H) + 8H; every layer but the first reads H."""
    reads = [input_size] + [hidden_size] * (num_layers - 1)
    return sum(4 * hidden_size * (size + hidden_size) + 8 * hidden_size for size in reads)


def tutorial_count(batch: int, time: int, input_size: int, hidden_size: int, num_layers: int) -> int:
    """The tutorial's `2 * 4 * (14*8 + 3*8)`, explained by it as 2 layers, 4 sequences, 14 = 6 + 8, and 3 words."""
    return num_layers * batch * ((input_size + hidden_size) * hidden_size + time * hidden_size)


# 001: nn.LSTMCell in a loop, and two cells of different widths


def cell_with(*weights: Tensor) -> nn.LSTMCell:
    """An nn.LSTMCell with w_ih, w_hh, b_ih and b_hh."""
    cells = LSTMWeights(((CellWeights(*weights),),))
    cell = nn.LSTMCell(cells.input_size, cells.hidden_size, dtype=weights[0].dtype)
    write_weights(cells, cell)
    return cell


def cell_loop_without_h(input: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Any:
    """The tutorial's loop: the new h is called b, and the next step is given the h of before the first."""
    cell, (h, c) = cell_with(w_ih, w_hh, b_ih, b_hh), state
    outputs = []
    for x in input.unbind(1):
        b, c = cell(x, (h, c))
        outputs.append(b)
    return torch.stack(outputs, 1), (b, c)


def cell_loop(input: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Any:
    """The loop as it was meant."""
    cell, (h, c) = cell_with(w_ih, w_hh, b_ih, b_hh), state
    outputs = []
    for x in input.unbind(1):
        h, c = cell(x, (h, c))
        outputs.append(h)
    return torch.stack(outputs, 1), (h, c)


def two_cells(input: Tensor, first: nn.LSTMCell, second: nn.LSTMCell) -> list[tuple[Tensor, State]]:
    """Two cells on input (T, B, I), the second reading the first's h; of each, outputs (T, B, H) and last state.

    Both start from zeros, and their widths may differ.
    """
    cells = first, second
    states: list[State] = [(input.new_zeros(input.shape[1], cell.hidden_size),) * 2 for cell in cells]
    outputs: list[list[Tensor]] = [[], []]
    for x in input:
        for level, cell in enumerate(cells):
            states[level] = cell(x, states[level])
            x = states[level][0]
            outputs[level].append(x)
    return [(torch.stack(hs), state) for hs, state in zip(outputs, states, strict=True)]


# 002: lstm_forward by hand, with a projection if there is a w_hr


def step(x: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, bias: Tensor, w_hr: Tensor | None) -> State:
    """One step: the gates i, f, g, o are cut from 4H stacked rows; what is projected is both output and fed back."""
    h, c = state
    i, f, g, o = (x @ w_ih.t() + h @ w_hh.t() + bias).chunk(4, dim=-1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return (h if w_hr is None else h @ w_hr.t()), c


def lstm_forward_in_float32(
    input: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor, w_hr: Tensor | None = None
) -> Any:
    """The tutorial's: right, but that `torch.zeros` makes the output float32, whatever it is filled with."""
    batch, time, _ = input.shape
    output = torch.zeros(batch, time, len(w_ih) // 4 if w_hr is None else len(w_hr))
    for t in range(time):
        state = step(input[:, t], state, w_ih, w_hh, b_ih + b_hh, w_hr)
        output[:, t] = state[0]
    return output, state


def lstm_forward(
    input: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor, w_hr: Tensor | None = None
) -> Any:
    """The same in the dtype of its input."""
    outputs = []
    for x in input.unbind(1):
        state = step(x, state, w_ih, w_hh, b_ih + b_hh, w_hr)
        outputs.append(state[0])
    return torch.stack(outputs, 1), state
