"""Which numbers dropout drops between layers, read off an implementation: with weights of our choice, c_n holds them.

Masks of `nn.LSTM` could be drawn again; those of others are drawn in another order. But a unit whose gates are fixed,
and whose g is 1 if the number that it reads is kept and 1/4 if it is 0, has after n steps c = sum of g_s / 3^(n - s):
the digits of c say what was dropped at which step. The generators being seeded, the same is dropped in a case's call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from lstm_parity.cases.case import Case, round_case
from lstm_parity.cases.setting import Setting
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.evidence import Masks, Outputs

_OPEN, _STRONG = 20.0, 100.0  # a gate sum whose sigmoid is 1, and a weight by which every kept number saturates g
_DROPPED = 0.25  # g of what is dropped
_FORGET = 1.0 / 3.0
_BETWEEN = 0.9375  # c after a step that dropped is below, after one that kept above
_LEFT = 0.3  # of c, before the first step
_MOST_STEPS = {"float64": 16, "float32": 10, "bfloat16": 3, "float16": 3}  # of which the digits are above the noise

_BELOW_AND_LAST, _MOST_H = 2, 0.99
_NEITHER = "what a layer reads is neither 0 nor the output of the layer below times one number"

Kept = tuple[Array, ...]  # (T, B, D*P) for every layer but the last: True, False
Call = Callable[[Case], Outputs | None]  # calls an LSTM on a case; None if it returns nothing that can be read


class UnreadableError(Exception):
    """What a layer reads is not the layer below times 0 or a positive number, the same for both directions."""


def is_readable(setting: Setting, *, by_output: bool = False) -> bool:
    """Whether what is dropped between the layers of a setting can be read: it has biases, and not too many steps.

    by_output: whether it is read from the output of every step, which shows the last layer alone, in the place of c_n.
    """
    a = setting.architecture
    if by_output:
        return a.num_layers == _BELOW_AND_LAST and a.bias
    return a.num_layers > 1 and a.bias and setting.call.time <= _MOST_STEPS[setting.runtime.dtype]


def read_kept(case: Case, call: Call, *, by_output: bool = False) -> Kept | None:
    """Return which outputs reach the layer above; None if a call of the LSTM returns no c_n, or no output.

    case: of a readable setting; padding counts as dropped. Raises UnreadableError for what is no dropout.
    """
    a, setting = case.setting.architecture, case.setting
    width, found = a.num_directions * a.output_size, list[list[Array]]()
    size = a.output_size if by_output else a.hidden_size
    for first in range(0, width, size):
        outputs = call(_make_reader(case, first))
        if outputs is None or (shown := outputs.output if by_output else outputs.c_n) is None:
            return None
        read = _read_output if by_output else _read_block
        found.append(read(shown, setting, min(size, width - first)))
    return tuple(np.concatenate(blocks, -1) for blocks in zip(*found, strict=True))


def make_masks(kept: Kept, p: float) -> Masks:
    """Return what the outputs of the layers are multiplied by: 0, or 1/(1-p)."""
    return tuple(layer / (1.0 - p) for layer in kept)


def _read_block(c_n: Array, setting: Setting, count: int) -> list[Array]:
    """Read some columns of the outputs of every layer but the last; (T, B, count) each."""
    a = setting.architecture
    states = c_n.reshape(a.num_layers, a.num_directions, *c_n.shape[1:])[1:, ..., :count]
    lengths = setting.call.lengths or (setting.call.time,) * setting.call.rows
    return [
        _agree([_read_digits(state, lengths, setting.call.time, reverse) for reverse, state in enumerate(layer)])
        for layer in states
    ]


def _agree(seen: Sequence[Array]) -> Array:
    """Return what all directions have read alike."""
    if any((seen[0] != other).any() for other in seen):
        raise UnreadableError("the two directions of a layer read outputs that were dropped by different masks")
    return seen[0]


def _read_output(output: Array, setting: Setting, count: int) -> list[Array]:
    """Read some columns of the output of the first of two layers, (T, B, count), from that of the second."""
    a, call = setting.architecture, setting.call
    halves = np.split(output, a.num_directions, -1)
    ends = np.array(call.lengths or (call.time,) * call.rows)
    valid = (np.arange(call.time)[:, None] < ends)[..., None]
    return [_agree([_read_steps(half[..., :count], valid, reverse) for reverse, half in enumerate(halves)])]


def _read_steps(h: Array, valid: Array, reverse: int) -> Array:
    """Return what was kept, (T, B, N), from h = tanh(c) of every step."""
    c = np.arctanh(np.where(valid, np.clip(h, -_MOST_H, _MOST_H), 0.0))
    before = np.zeros_like(c)
    before[slice(None, -1) if reverse else slice(1, None)] = c[slice(1, None) if reverse else slice(None, -1)]
    kept: Array = (c > _BETWEEN) & valid
    left = np.where(valid, c - _FORGET * before - np.where(kept, 1.0, _DROPPED), 0.0)
    if not (np.abs(left) < _LEFT).all():
        raise UnreadableError(_NEITHER)
    return kept


def _read_digits(c: Array, lengths: Sequence[int], time: int, reverse: int) -> Array:
    """Return what was kept, (T, B, N), from final cell states (B, N), the last step first."""
    kept = np.zeros((time, *c.shape), bool)
    for row, length in enumerate(lengths):
        left = c[row].copy()
        for t in range(length) if reverse else reversed(range(length)):
            kept[t, row] = left > _BETWEEN
            left = (left - np.where(kept[t, row], 1.0, _DROPPED)) / _FORGET
        if not (np.abs(left) < _LEFT).all():
            raise UnreadableError(_NEITHER)
    return kept


def _make_reader(case: Case, first: int) -> Case:
    """Return a case of the same setting whose layers read the outputs below from a column on, one in each unit."""
    cells = tuple(
        tuple(_make_cell(cell, first if number else None, case.setting.runtime.dtype) for cell in layer)
        for number, layer in enumerate(case.weights.cells)
    )
    zeros = np.zeros_like(case.h_0), np.zeros_like(case.c_0)
    return replace(case, weights=LSTMWeights(cells), input=np.zeros_like(case.input), h_0=zeros[0], c_0=zeros[1])


def _make_cell(like: CellWeights, first: int | None, dtype: str) -> CellWeights:
    """Return a cell that reads so many columns of its input from the first on, or, of the lowest layer, nothing."""
    size = like.w_ih.shape[0] // 4
    w_ih, w_hh = np.zeros(like.w_ih.shape), np.zeros(like.w_hh.shape)
    g = _OPEN if first is None else math.atanh(_DROPPED)
    if first is not None:
        for unit in range(min(size, w_ih.shape[1] - first)):
            w_ih[2 * size + unit, first + unit] = _STRONG
    bias = np.repeat([_OPEN, math.log(_FORGET / (1.0 - _FORGET)), g, _OPEN], size)
    w_hr = None if like.w_hr is None else np.eye(*like.w_hr.shape)
    return CellWeights(w_ih, w_hh, round_case(bias, dtype), np.zeros(4 * size), w_hr)
