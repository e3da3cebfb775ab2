"""Flax's LSTM cells: a Dense for each gate, transposed, one bias on the recurrent side, the carry (c, h).

Source: flax/linen/recurrent.py; flax/nnx/nn/recurrent.py. `linen.OptimizedLSTMCell` has the parameters of
`linen.LSTMCell`; `nnx.OptimizedLSTMCell` has two Dense, `dense_i` and `dense_h`, each with the gates i, f, g, o. There
is no projection, and none is without bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_parity.reference.conventions.gates import TORCH, Array, refuse_projection, sum_biases
from lstm_parity.reference.weights import CellWeights

_Parameters = dict[str, dict[str, Array]]


@dataclass(frozen=True, eq=False)
class FusedCell:
    """`nnx.OptimizedLSTMCell`. dense_i: kernel (I, 4H); dense_h: kernel (H, 4H) and bias (4H,)."""

    dense_i: Array
    dense_h: Array
    bias: Array


def from_torch(w: CellWeights) -> _Parameters:
    """Return a linen cell's parameters: ii, if, ig, io with kernels (I, H); hi, hf, hg, ho with (H, H) and biases."""
    fused = fused_from_torch(w)
    x, h, b = (np.split(array, 4, -1) for array in (fused.dense_i, fused.dense_h, fused.bias))
    recurrent = {f"h{g}": {"kernel": h[k], "bias": b[k]} for k, g in enumerate(TORCH)}
    return {f"i{g}": {"kernel": x[k]} for k, g in enumerate(TORCH)} | recurrent


def to_torch(cell: _Parameters) -> CellWeights:
    """Convert to torch's weights."""
    x, h = (np.concatenate([cell[f"{side}{g}"]["kernel"] for g in TORCH], 1) for side in "ih")
    return fused_to_torch(FusedCell(x, h, np.concatenate([cell[f"h{g}"]["bias"] for g in TORCH])))


def fused_from_torch(w: CellWeights) -> FusedCell:
    """Convert torch's weights for `nnx.OptimizedLSTMCell`."""
    refuse_projection(w, "Flax")
    return FusedCell(w.w_ih.T, w.w_hh.T, sum_biases(w))


def fused_to_torch(cell: FusedCell) -> CellWeights:
    """Convert to torch's weights."""
    return CellWeights(cell.dense_i.T, cell.dense_h.T, cell.bias, np.zeros_like(cell.bias))


def state(h: Any, c: Any) -> tuple[Any, Any]:
    """Return torch's (h, c) as a carry (c, h)."""
    return c, h


def h_and_c(carry: Any) -> tuple[Any, Any]:
    """Convert to torch's weights."""
    c, h = carry
    return h, c
