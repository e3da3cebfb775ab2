"""The LSTM on one page, in torch ops: the cell, the layer, the stack; differentiable, any float dtype, any device.

The equations and the table of shapes are in reference/README.md; numpy_lstm.py is the same in NumPy, line by line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.reference.argument_checks import check_cell, check_forward, check_layer
from lstm_parity.reference.errors import TORCH
from lstm_parity.reference.sequences import repack, time_major, unpack
from lstm_parity.reference.weights import CellWeights, LSTMWeights

_State = Sequence[Tensor]  # (h, c), as a tuple or a list
_Lengths = Sequence[int] | Tensor


def lstm_cell(x: Tensor, state: _State | None, weights: CellWeights) -> tuple[Tensor, Tensor]:
    """Compute one step. x: (B, I); state: h (B, P) and c (B, H), or None for zeros; B may be left out.

    Returns the next h and c. Raises a RefusedError if shapes, dtypes or devices do not fit.
    """
    check_cell(x, state, weights, TORCH)
    if x.ndim == 1:
        h, c = lstm_cell(x[None], None if state is None else [s[None] for s in state], weights)
        return h[0], c[0]
    h, c = state or _zeros(x, weights)
    return _step(_from_input(x, weights), h, c, weights.w_hh.t(), weights.w_hr)


def lstm_layer(
    x: Tensor, state: _State | None, weights: CellWeights, *, lengths: _Lengths | None = None, reverse: bool = False
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Compute one layer in one direction. x: (T, B, I); state as for `lstm_cell`; lengths: (B,), 1 to T, in any order.

    Returns the output (T, B, P), 0 beyond each length, and the last h (B, P) and c (B, H); `reverse` runs from the last
    step to the first. Raises a RefusedError if shapes, dtypes, devices or lengths do not fit.
    """
    check_layer(x, state, weights, lengths, TORCH)
    running = None if lengths is None else _running(x, lengths)
    x = x if running is None else x.where(running, x.new_zeros(()))  # padding, even NaN, reaches no gradient
    from_input, w_hh_t = _from_input(x, weights).unbind(0), weights.w_hh.t()
    h, c = state or _zeros(x[0], weights)
    output = []
    for t in reversed(range(len(x))) if reverse else range(len(x)):
        if running is None:
            h, c = _step(from_input[t], h, c, w_hh_t, weights.w_hr)
        else:  # a held state is not read: the derivative of the step not taken would be 0 times it, even 0 times inf
            read_h, read_c = (s.where(running[t], s.new_zeros(())) for s in (h, c))
            new_h, new_c = _step(from_input[t], read_h, read_c, w_hh_t, weights.w_hr)
            h, c = new_h.where(running[t], h), new_c.where(running[t], c)
        output.append(h)
    y = torch.stack(output[::-1] if reverse else output)
    return y if running is None else y.where(running, y.new_zeros(())), (h, c)


def lstm_forward(
    input: Tensor | PackedSequence,
    hx: _State | None,
    weights: LSTMWeights,
    *,
    lengths: _Lengths | None = None,
    batch_first: bool = False,
    dropout_masks: Sequence[Tensor] | None = None,
) -> tuple[Any, tuple[Tensor, Tensor]]:
    """Compute all layers, as `nn.LSTM` does: return the output, in the form of the input, and (h_n, c_n).

    input: (T, B, I), (B, T, I) with batch_first, (T, I), or a PackedSequence; hx: h_0 (L*D, B, P) and c_0 (L*D, B, H),
    without B for an unbatched input, or None for zeros; lengths as for `lstm_layer`. dropout_masks: one (T, B, D*P)
    for every layer but the last, always time-major, multiplied on that layer's output: it holds 0 and
    1/(1-p), since nothing is scaled here. Raises a RefusedError if any argument does not fit.
    """
    check_forward(input, hx, weights, lengths, batch_first, dropout_masks, TORCH)
    if isinstance(input, PackedSequence):
        x, lengths = unpack(input)
        output, last = lstm_forward(x, hx, weights, lengths=lengths, dropout_masks=dropout_masks)
        return repack(output, input), last
    if input.ndim == 2:
        hx = None if hx is None else [s[:, None] for s in hx]
        output, (h_n, c_n) = lstm_forward(input[:, None], hx, weights, dropout_masks=dropout_masks)
        return output[:, 0], (h_n[:, 0], c_n[:, 0])
    x, last = _stack(time_major(input, batch_first), hx, weights, lengths, dropout_masks)
    return time_major(x, batch_first), last


def _stack(
    x: Tensor, hx: _State | None, weights: LSTMWeights, lengths: _Lengths | None, masks: Sequence[Tensor] | None
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    states = list[tuple[Tensor, Tensor]]()
    for layer, directions in enumerate(weights.cells):
        x = x * masks[layer - 1] if masks and layer > 0 else x
        outputs = []
        for direction, cell in enumerate(directions):
            state = None if hx is None else [s[len(states)] for s in hx]
            output, last = lstm_layer(x, state, cell, lengths=lengths, reverse=direction == 1)
            outputs.append(output)
            states.append(last)
        x = torch.cat(outputs, dim=-1)
    h_n, c_n = (torch.stack(s) for s in zip(*states, strict=True))
    return x, (h_n, c_n)


def _from_input(x: Tensor, weights: CellWeights) -> Tensor:
    """Compute the input's part of the gate sums, with both biases: (..., I) -> (..., 4H), all steps in one product."""
    return linear(x, weights.w_ih, None if weights.b_ih is None else weights.b_ih + weights.b_hh)


def _step(from_input: Tensor, h: Tensor, c: Tensor, w_hh_t: Tensor, w_hr: Tensor | None) -> tuple[Tensor, Tensor]:
    i, f, g, o = torch.addmm(from_input, h, w_hh_t).unsafe_chunk(4, dim=-1)  # "unsafe" lets the next line work in place
    i, f, g, o = i.sigmoid_(), f.sigmoid_(), g.tanh_(), o.sigmoid_()
    c = torch.addcmul(i * g, f, c)  # f * c + i * g; 4% of a step faster at H=64
    h = o * c.tanh()
    return h if w_hr is None else linear(h, w_hr), c


def _zeros(x: Tensor, weights: CellWeights) -> _State:
    return x.new_zeros(len(x), weights.output_size), x.new_zeros(len(x), weights.hidden_size)


def _running(x: Tensor, lengths: _Lengths) -> Tensor:
    """Whether the sequence of a row reaches a step, as (T, B, 1)."""
    steps = torch.arange(len(x), device=x.device)[:, None]
    return (steps < torch.as_tensor(lengths, device=x.device))[:, :, None]
