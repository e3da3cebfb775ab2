"""Correct LSTMs in the styles in which people write them, beside those of `lstms.py`; all of them ought to be accepted.

A cell is `(x (B, I), (h (B, P), c (B, H)), weights) -> (h, c)`, as `FromCell` takes it; a layer is `(input (B, T, I),
(h0, c0), w_ih, w_hh, b_ih, b_hh, w_hr=None) -> (output, (h, c))`, as `FromLayer` takes it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import reduce
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lstm_parity.implementations.stack import State
from lstm_parity.reference.weights import CellWeights, to_numpy
from specimens.correct_cells import Unary


def finish(z: Tensor, c: Tensor, w: CellWeights, sigmoid: Unary = torch.sigmoid, tanh: Unary = torch.tanh) -> State:
    """The step from the gates' sums z (B, 4H)."""
    i, f, g, o = z.chunk(4, -1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return projected(sigmoid(o) * tanh(c), w), c


def projected(h: Tensor, w: CellWeights) -> Tensor:
    """The h that is given out and fed back."""
    return h if w.w_hr is None else h @ w.w_hr.t()


def biases(w: CellWeights) -> Tensor:
    """Both biases as one (4H,), zeros where there are none."""
    return w.w_ih.new_zeros(len(w.w_ih)) if w.b_ih is None else w.b_ih + w.b_hh


def column_major(x: Tensor, state: State, w: CellWeights) -> State:
    """Weights that lie in memory column after column, (I, 4H) as Keras and Fortran have them: x @ W."""
    w_ih, w_hh = w.w_ih.t().contiguous(), w.w_hh.t().contiguous()
    return finish(x @ w_ih + state[0] @ w_hh + biases(w), state[1], w)


def einsums(x: Tensor, state: State, w: CellWeights) -> State:
    """One einsum for each product, the gates an axis of their own."""
    size = w.hidden_size
    w_ih, w_hh = w.w_ih.view(4, size, -1), w.w_hh.view(4, size, -1)
    z = torch.einsum("bi,ghi->gbh", x, w_ih) + torch.einsum("bp,ghp->gbh", state[0], w_hh)
    i, f, g, o = z + biases(w).view(4, 1, size)
    c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
    return projected(torch.sigmoid(o) * torch.tanh(c), w), c


def addmms(x: Tensor, state: State, w: CellWeights) -> State:
    """Each product added to what is there already."""
    return finish(torch.addmm(torch.addmm(biases(w), x, w.w_ih.t()), state[0], w.w_hh.t()), state[1], w)


def baddbmm(x: Tensor, state: State, w: CellWeights) -> State:
    """The four gates as a batch of products."""
    size, rows = w.hidden_size, len(x)
    wide = torch.cat([x, state[0]], -1).expand(4, rows, -1)
    weights = torch.cat([w.w_ih, w.w_hh], -1).view(4, size, -1).transpose(1, 2)
    z = torch.baddbmm(biases(w).view(4, 1, size), wide, weights)
    return finish(torch.cat(list(z), -1), state[1], w)


def gates_ordered_ofig(x: Tensor, state: State, w: CellWeights) -> State:
    """The weights permuted to a gate order of one's own, o, f, i, g, and read in that order."""

    def permuted(rows: Tensor) -> Tensor:
        i, f, g, o = rows.chunk(4)
        return torch.cat([o, f, i, g])

    z = x @ permuted(w.w_ih).t() + state[0] @ permuted(w.w_hh).t() + permuted(biases(w))
    o, f, i, g = z.chunk(4, -1)
    c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
    return projected(torch.sigmoid(o) * torch.tanh(c), w), c


def biases_as_a_column(x: Tensor, state: State, w: CellWeights) -> State:
    """The biases as the weights of an input that is always 1."""
    wide = torch.cat([x, state[0], x.new_ones(len(x), 1)], -1)
    return finish(wide @ torch.cat([w.w_ih, w.w_hh, biases(w)[:, None]], -1).t(), state[1], w)


def exp_sigmoid(z: Tensor) -> Tensor:
    """A sigmoid from its definition; 0 where exp overflows."""
    return 1.0 / (1.0 + torch.exp(-z))


def sigmoid_tanh(z: Tensor) -> Tensor:
    """A tanh that is accurate absolutely."""
    return 2.0 * torch.sigmoid(2.0 * z) - 1.0


def with_activations(sigmoid: Unary, tanh: Unary) -> Callable[[Tensor, State, CellWeights], State]:
    """A cell with these."""
    return lambda x, state, w: finish(x @ w.w_ih.t() + state[0] @ w.w_hh.t() + biases(w), state[1], w, sigmoid, tanh)


# NumPy


def in_numpy(cell: Callable[..., tuple[np.ndarray, np.ndarray]]) -> Callable[[Tensor, State, CellWeights], State]:
    """A cell of NumPy arrays as one of tensors; it refuses what NumPy has no sums for."""

    def wrapped(x: Tensor, state: State, w: CellWeights) -> State:
        if x.dtype not in (torch.float64, torch.float32):
            raise NotImplementedError(f"NumPy has no float32 sums of {x.dtype} products")
        with np.errstate(over="ignore", invalid="ignore"):
            h, c = cell(to_numpy(x), *map(to_numpy, state), w.map(to_numpy))
        return torch.from_numpy(h), torch.from_numpy(c)

    return wrapped


def numpy_loops(x: np.ndarray, h: np.ndarray, c: np.ndarray, w: CellWeights) -> tuple[np.ndarray, np.ndarray]:
    """Row by row and unit by unit."""
    new_h, new_c = np.empty_like(c), np.empty_like(c)
    for b in range(len(x)):
        for k in range(w.hidden_size):
            i, f, g, o = (_gate_sum(x[b], h[b], w, row) for row in range(k, len(w.w_ih), w.hidden_size))
            new_c[b, k] = _sigmoid(f) * c[b, k] + _sigmoid(i) * np.tanh(g)
            new_h[b, k] = _sigmoid(o) * np.tanh(new_c[b, k])
    return new_h if w.w_hr is None else np.stack([w.w_hr @ row for row in new_h]), new_c


def _gate_sum(x: np.ndarray, h: np.ndarray, w: CellWeights, row: int) -> np.floating[Any]:
    total = w.w_ih[row] @ x + w.w_hh[row] @ h
    return total if w.b_ih is None or w.b_hh is None else total + w.b_ih[row] + w.b_hh[row]


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def numpy_einsum(x: np.ndarray, h: np.ndarray, c: np.ndarray, w: CellWeights) -> tuple[np.ndarray, np.ndarray]:
    """Whole batches, gates as an axis."""
    four = (4, w.hidden_size, -1)
    z = np.einsum("bi,ghi->gbh", x, w.w_ih.reshape(four)) + np.einsum("bp,ghp->gbh", h, w.w_hh.reshape(four))
    i, f, g, o = z if w.b_ih is None else z + (w.b_ih + w.b_hh).reshape(4, 1, -1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    h = _sigmoid(o) * np.tanh(c)
    return h if w.w_hr is None else np.einsum("bh,ph->bp", h, w.w_hr), c


# layers


def _cell(x: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, bias: Tensor, w_hr: Tensor | None) -> State:
    return finish(x @ w_ih.t() + state[0] @ w_hh.t() + bias, state[1], CellWeights(w_ih, w_hh, w_hr=w_hr))


def projected_beforehand(
    input: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor, w_hr: Tensor | None = None
) -> Any:
    """The input's share of all steps in one product, as fast implementations have it."""
    from_input = input @ w_ih.t() + (b_ih + b_hh)
    outputs, w = [], CellWeights(w_ih, w_hh, w_hr=w_hr)
    for z in from_input.unbind(1):
        state = finish(z + state[0] @ w_hh.t(), state[1], w)
        outputs.append(state[0])
    return torch.stack(outputs, 1), state


def recursion(
    input: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor, w_hr: Tensor | None = None
) -> Any:
    """The first step, and the same of all that follow."""
    state = _cell(input[:, 0], state, w_ih, w_hh, b_ih + b_hh, w_hr)
    first = state[0].unsqueeze(1)
    if input.shape[1] == 1:
        return first, state
    rest, state = recursion(input[:, 1:], state, w_ih, w_hh, b_ih, b_hh, w_hr)
    return torch.cat([first, rest], 1), state


def reduced(
    input: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor, w_hr: Tensor | None = None
) -> Any:
    """functools.reduce over the steps."""

    def step(so_far: tuple[tuple[Tensor, ...], State], x: Tensor) -> tuple[tuple[Tensor, ...], State]:
        new = _cell(x, so_far[1], w_ih, w_hh, b_ih + b_hh, w_hr)
        return (*so_far[0], new[0]), new

    before: tuple[tuple[Tensor, ...], State] = ((), state)
    outputs, state = reduce(step, input.unbind(1), before)
    return torch.stack(outputs, 1), state


def scanned(
    input: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor, w_hr: Tensor | None = None
) -> Any:
    """A scan that carries the state, as jax.lax.scan does."""
    steps = input.unbind(1)
    states = list(accumulate(steps, lambda s, x: _cell(x, s, w_ih, w_hh, b_ih + b_hh, w_hr), initial=state))
    return torch.stack([h for h, _ in states[1:]], 1), states[-1]


def filled_in(
    input: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor, w_hr: Tensor | None = None
) -> Any:
    """An output that is made beforehand and filled in step by step."""
    output = input.new_empty(*input.shape[:2], state[0].shape[1])
    for t in range(input.shape[1]):
        state = _cell(input[:, t], state, w_ih, w_hh, b_ih + b_hh, w_hr)
        output[:, t] = state[0]
    return output, state


def one_direction_of_nn_lstm(
    input: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor, w_hr: Tensor | None = None
) -> Any:
    """torch's own operator for one direction of one layer; `FromLayer` flips for the reverse one, and stacks."""
    weights = [w_ih, w_hh, b_ih, b_hh, *([] if w_hr is None else [w_hr])]
    states = [state[0].unsqueeze(0), state[1].unsqueeze(0)]
    output, h, c = torch._VF.lstm(input, states, weights, True, 1, 0.0, False, False, True)
    return output, (h[0], c[0])


def torchscript() -> Callable[..., Any]:
    """A loop over cells, compiled by torch.jit.script, which later releases call deprecated."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit.script")  # a FutureWarning from 2.15 on
        return torch.jit.script(_scripted)


def _scripted(
    input: Tensor,
    state: tuple[Tensor, Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor,
    b_hh: Tensor,
    w_hr: Tensor | None = None,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    h, c = state
    outputs: list[Tensor] = []
    for t in range(input.size(1)):
        z = torch.mm(input[:, t], w_ih.t()) + b_ih + torch.mm(h, w_hh.t()) + b_hh
        i, f, g, o = z.chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        if w_hr is not None:
            h = torch.mm(h, w_hr.t())
        outputs.append(h)
    return torch.stack(outputs, 1), (h, c)
