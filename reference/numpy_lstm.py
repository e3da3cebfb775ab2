"""The LSTM on one page, in NumPy: the functions of torch_lstm.py in the same order and letters, to be read beside it.

It computes in the dtype of its arrays, float64 or float32; a packed batch is a padded one with its `lengths`.
The sigmoid is e/(1+e) with e = exp(-|z|), turned over for z >= 0: exp never overflows, a large negative z keeps its
relative accuracy down to the smallest number, and 1/(1+exp(-z)) is exactly what is left for the others; NaN stays NaN.
NumPy's floating-point warnings are off: an infinite or NaN input is answered as torch answers it, in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_parity.reference.argument_checks import check_cell, check_forward, check_layer
from lstm_parity.reference.errors import NUMPY
from lstm_parity.reference.sequences import time_major
from lstm_parity.reference.weights import CellWeights, LSTMWeights

Array = NDArray[Any]
State = Sequence[Array]  # (h, c), as a tuple or a list
Lengths = Sequence[int] | Array


@np.errstate(all="ignore")
def lstm_cell(x: Array, state: State | None, weights: CellWeights) -> tuple[Array, Array]:
    """Compute one step. x: (B, I); state: h (B, P) and c (B, H), or None for zeros; B may be left out.

    Returns the next h and c. Raises a RefusedError where shapes or dtypes do not fit.
    """
    check_cell(x, state, weights, NUMPY)
    if x.ndim == 1:
        h, c = lstm_cell(x[None], None if state is None else [s[None] for s in state], weights)
        return h[0], c[0]
    h, c = state or _zeros(x, weights)
    return _step(_from_input(x, weights), h, c, weights.w_hh.T, weights.w_hr)


@np.errstate(all="ignore")
def lstm_layer(
    x: Array, state: State | None, weights: CellWeights, *, lengths: Lengths | None = None, reverse: bool = False
) -> tuple[Array, tuple[Array, Array]]:
    """Compute one layer in one direction. x: (T, B, I); state as for `lstm_cell`; lengths: (B,), 1 to T, in any order.

    Returns the output (T, B, P), 0 beyond each length, and the last h (B, P) and c (B, H); `reverse` runs from the last
    step to the first. Raises a RefusedError where shapes, dtypes or lengths do not fit.
    """
    check_layer(x, state, weights, lengths, NUMPY)
    running = None if lengths is None else _running(x, lengths)
    x = x if running is None else np.where(running, x, x.dtype.type(0))
    from_input, w_hh_t = _from_input(x, weights), weights.w_hh.T
    h, c = state or _zeros(x[0], weights)
    output = []
    for t in reversed(range(len(x))) if reverse else range(len(x)):
        new_h, new_c = _step(from_input[t], h, c, w_hh_t, weights.w_hr)
        if running is not None:
            new_h, new_c = np.where(running[t], new_h, h), np.where(running[t], new_c, c)
        h, c = new_h, new_c
        output.append(h)
    y = np.stack(output[::-1] if reverse else output)
    return y if running is None else np.where(running, y, y.dtype.type(0)), (h, c)


def lstm_forward(
    input: Array,
    hx: State | None,
    weights: LSTMWeights,
    *,
    lengths: Lengths | None = None,
    batch_first: bool = False,
    dropout_masks: Sequence[Array] | None = None,
) -> tuple[Array, tuple[Array, Array]]:
    """Compute all layers, as `nn.LSTM` does: return the output, in the form of the input, and (h_n, c_n).

    input: (T, B, I), (B, T, I) with batch_first, or (T, I); hx: h_0 (L*D, B, P) and c_0 (L*D, B, H), without B where
    the input has none, or None for zeros; lengths as for `lstm_layer`. dropout_masks: one (T, B, D*P) for every layer
    but the last, always time-major, multiplied on that layer's output: it holds 0 and 1/(1-p), for nothing is scaled
    here. Raises a RefusedError where anything does not fit.
    """
    check_forward(input, hx, weights, lengths, batch_first, dropout_masks, NUMPY)
    if input.ndim == 2:
        hx = None if hx is None else [s[:, None] for s in hx]
        output, (h_n, c_n) = lstm_forward(input[:, None], hx, weights, dropout_masks=dropout_masks)
        return output[:, 0], (h_n[:, 0], c_n[:, 0])
    x, last = _stack(time_major(input, batch_first), hx, weights, lengths, dropout_masks)
    return time_major(x, batch_first), last


def _stack(
    x: Array, hx: State | None, weights: LSTMWeights, lengths: Lengths | None, masks: Sequence[Array] | None
) -> tuple[Array, tuple[Array, Array]]:
    states = list[tuple[Array, Array]]()
    for layer, directions in enumerate(weights.cells):
        x = x * masks[layer - 1] if masks and layer > 0 else x
        outputs = []
        for direction, cell in enumerate(directions):
            state = None if hx is None else [s[len(states)] for s in hx]
            output, last = lstm_layer(x, state, cell, lengths=lengths, reverse=direction == 1)
            outputs.append(output)
            states.append(last)
        x = np.concatenate(outputs, axis=-1)
    h_n, c_n = (np.stack(s) for s in zip(*states, strict=True))
    return x, (h_n, c_n)


def _from_input(x: Array, weights: CellWeights) -> Array:
    """Compute the input's part of the gate sums, with both biases: (..., I) -> (..., 4H), all steps in one product."""
    products: Array = x @ weights.w_ih.T
    return products if weights.b_ih is None else products + (weights.b_ih + weights.b_hh)


def _step(from_input: Array, h: Array, c: Array, w_hh_t: Array, w_hr: Array | None) -> tuple[Array, Array]:
    i, f, g, o = np.split(from_input + h @ w_hh_t, 4, axis=-1)
    i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
    c = f * c + i * g
    h = o * np.tanh(c)
    return h if w_hr is None else h @ w_hr.T, c


def _zeros(x: Array, weights: CellWeights) -> State:
    return np.zeros((len(x), weights.output_size), x.dtype), np.zeros((len(x), weights.hidden_size), x.dtype)


def _running(x: Array, lengths: Lengths) -> Array:
    """Whether the sequence of a row reaches a step, as (T, B, 1)."""
    steps = np.arange(len(x))[:, None]
    return (steps < np.asarray(lengths))[:, :, None]


def _sigmoid(z: Array) -> Array:
    e = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1, e) / (1 + e))
