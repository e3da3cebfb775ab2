"""Haiku's `LSTM`: gates i, g, f, o, one matrix for [x, h], and 1 added to the forget gate at run time, always.

Source: haiku/_src/recurrent.py. A state is LSTMState(hidden, cell). There is no projection. The 1 is torch's second
bias, so that nothing is rounded on the way to torch; torch's own biases are added up less 1, rounded twice at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_parity.reference.conventions import gates
from lstm_parity.reference.conventions.gates import Array, add_forget_bias, make_biases, refuse_projection
from lstm_parity.reference.weights import CellWeights

_ORDER = "igfo"


@dataclass(frozen=True, eq=False)
class HaikuLayer:
    """The module's `linear`. w: (I + H, 4H); b: (4H,)."""

    w: Array
    b: Array


def from_torch(w: CellWeights) -> HaikuLayer:
    """Convert torch's weights; the forget gate's bias is reduced by the 1 that Haiku adds at run time."""
    refuse_projection(w, "Haiku")
    b_ih, b_hh = make_biases(w)
    bias = b_ih + (b_hh - add_forget_bias(1.0, b_hh))
    return HaikuLayer(gates.from_torch(np.concatenate([w.w_ih, w.w_hh], 1), _ORDER).T, gates.from_torch(bias, _ORDER))


def to_torch(layer: HaikuLayer) -> CellWeights:
    """Convert to torch's weights: the bias becomes b_ih, the 1 of the forget gate b_hh."""
    w_ih, w_hh = np.split(gates.to_torch(layer.w.T, _ORDER), [len(layer.w) - len(layer.b) // 4], 1)
    return CellWeights(w_ih, w_hh, gates.to_torch(layer.b, _ORDER), add_forget_bias(1.0, layer.b))
