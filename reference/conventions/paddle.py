"""Paddle's `nn.LSTM`: torch's layout, but for the projection, which is transposed, and its own names with one.

Source: paddle/nn/layer/rnn.py of 3.3.1. Gates i, f, g, o (the formula of its documentation names them in another
order), two biases, states (h, c) with layers and directions as torch has them. Without a bias its C++ kernel crashes:
give it zeros.
"""

from __future__ import annotations

from dataclasses import dataclass

from lstm_parity.reference.conventions.gates import Array, make_biases
from lstm_parity.reference.weights import LONG_NAMES, CellWeights, LSTMWeights


@dataclass(frozen=True, eq=False)
class PaddleLayer:
    """weight_ih: (4H, I); weight_hh: (4H, P); bias_ih, bias_hh: (4H,); weight_ho: (H, P), None without projection."""

    weight_ih: Array
    weight_hh: Array
    bias_ih: Array
    bias_hh: Array
    weight_ho: Array | None = None

    @property
    def arrays(self) -> list[Array]:
        """Iterate over the weights in the order of a cell's parameters."""
        every = self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, self.weight_ho
        return [array for array in every if array is not None]


def from_torch(w: CellWeights) -> PaddleLayer:
    """Convert a cell's weights; missing biases become zeros."""
    return PaddleLayer(w.w_ih, w.w_hh, *make_biases(w), None if w.w_hr is None else w.w_hr.T)


def to_torch(layer: PaddleLayer) -> CellWeights:
    """Convert to torch's weights."""
    w_hr = None if layer.weight_ho is None else layer.weight_ho.T
    return CellWeights(layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh, w_hr)


def state_dict(weights: LSTMWeights) -> dict[str, Array]:
    """Return all weights by the names that `nn.LSTM.state_dict` has for them, torch's only without projection.

    With one, four names are given out for five parameters of each layer in each direction: every name after the
    fourth is the one of another weight, and the last ones have none at all but their own cell's.
    """
    cells = [cell for directions in weights.cells for cell in directions]
    arrays = [array for cell in cells for array in from_torch(cell).arrays]
    return dict(zip(_names(weights), arrays, strict=False))


def _names(weights: LSTMWeights) -> list[str]:
    longs = [long for short, long in LONG_NAMES.items() if short != "w_hr"]
    suffixes = ("", "_reverse")[: weights.num_directions]
    return [f"{long}_l{k}{suffix}" for k in range(weights.num_layers) for suffix in suffixes for long in longs]
