"""Those with torch's own names and layout: Opacus's `DPLSTM`, and tinygrad's `LSTMCell` without a layer's number.

Source: opacus/layers/dp_rnn.py; tinygrad/nn/__init__.py. Neither has a projection. tinygrad's biases start at zero,
torch's do not.
"""

from __future__ import annotations

from lstm_parity.reference.conventions.gates import Array, refuse_projection
from lstm_parity.reference.weights import LONG_NAMES, CellWeights, LSTMWeights


def from_torch(weights: LSTMWeights) -> dict[str, Array]:
    """Return all weights as a state_dict."""
    for directions in weights.cells:
        for cell in directions:
            refuse_projection(cell, "Opacus, and tinygrad,")
    return dict(weights.items())


def cell_from_torch(w: CellWeights) -> dict[str, Array]:
    """Return the attributes of one cell."""
    refuse_projection(w, "Opacus, and tinygrad,")
    return {LONG_NAMES[name]: array for name, array in w.items()}


def cell_to_torch(attributes: dict[str, Array]) -> CellWeights:
    """Convert to torch's weights."""
    return CellWeights(**{short: attributes[long] for short, long in LONG_NAMES.items() if long in attributes})
