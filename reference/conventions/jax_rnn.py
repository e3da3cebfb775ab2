"""`jax.experimental.rnn.lstm_ref`: torch's weights as they are, in dictionaries by the number of the pseudo-layer.

Source: jax/experimental/rnn.py. Pseudo-layer 2 l + d is direction d of layer l of a bidirectional LSTM, l else. It
takes both biases always, states (h, c) as torch has them, and lengths. There is no projection.
"""

from __future__ import annotations

from dataclasses import dataclass

from lstm_parity.reference.conventions.gates import Array, make_biases, refuse_projection
from lstm_parity.reference.weights import CellWeights, LSTMWeights

_Arrays = dict[int, Array]


@dataclass(frozen=True, eq=False)
class _PseudoLayers:
    """W_ih: (4H, I) each; W_hh: (4H, H); b_ih, b_hh: (4H,)."""

    W_ih: _Arrays
    W_hh: _Arrays
    b_ih: _Arrays
    b_hh: _Arrays


def from_torch(weights: LSTMWeights) -> _PseudoLayers:
    """Convert a cell's weights; missing biases become zeros."""
    cells = dict(enumerate(cell for directions in weights.cells for cell in directions))
    for cell in cells.values():
        refuse_projection(cell, "lstm_ref")
    both = {k: make_biases(cell) for k, cell in cells.items()}
    w_ih, w_hh = ({k: getattr(cell, name) for k, cell in cells.items()} for name in ("w_ih", "w_hh"))
    return _PseudoLayers(w_ih, w_hh, {k: b for k, (b, _) in both.items()}, {k: b for k, (_, b) in both.items()})


def to_torch(layers: _PseudoLayers, directions: int) -> LSTMWeights:
    """Convert to torch's weights."""
    four = layers.W_ih, layers.W_hh, layers.b_ih, layers.b_hh
    cells = [CellWeights(*(arrays[k] for arrays in four)) for k in sorted(layers.W_ih)]
    return LSTMWeights(tuple(tuple(cells[k : k + directions]) for k in range(0, len(cells), directions)))
