"""Equinox's `LSTMCell` and MLX's `LSTM`: torch's layout with one bias; Equinox's own names.

Source: equinox/nn/_rnn.py; mlx/nn/layers/recurrent.py, which has Wx, Wh, bias for weight_ih, weight_hh, bias. States
are (h, c): Equinox's of one row, (H,), to be vmapped; MLX returns those of every step. There is no projection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_parity.reference.conventions.gates import Array, refuse_projection, sum_biases
from lstm_parity.reference.weights import CellWeights


@dataclass(frozen=True, eq=False)
class OneBiasLayer:
    """weight_ih: (4H, I); weight_hh: (4H, H); bias: (4H,), or None."""

    weight_ih: Array
    weight_hh: Array
    bias: Array | None = None


def from_torch(w: CellWeights) -> OneBiasLayer:
    """Convert torch's weights; the bias is the sum of both."""
    refuse_projection(w, "Equinox, and MLX,")
    return OneBiasLayer(w.w_ih, w.w_hh, None if w.b_ih is None else sum_biases(w))


def to_torch(layer: OneBiasLayer) -> CellWeights:
    """Convert to torch's weights; b_hh is zeros."""
    b_hh = None if layer.bias is None else np.zeros_like(layer.bias)
    return CellWeights(layer.weight_ih, layer.weight_hh, layer.bias, b_hh)
