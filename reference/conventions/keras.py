"""Keras's LSTM and LSTMCell, 2 and 3: everything transposed, one bias, the gates in torch's order.

Source: keras/src/layers/rnn/lstm.py. Its gates i, f, c, o are torch's i, f, g, o. States are a list [h, c] of each
layer; `Bidirectional` takes and returns those of both directions one after the other, forward first, and its weights
in that order. `go_backwards` returns its outputs in the order in which they were computed, the last step first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_parity.reference.conventions.gates import Array, add_forget_bias, refuse_projection, sum_biases
from lstm_parity.reference.weights import CellWeights


@dataclass(frozen=True, eq=False)
class KerasLayer:
    """kernel: (I, 4H); recurrent_kernel: (H, 4H); bias: (4H,), or None with use_bias=False."""

    kernel: Array
    recurrent_kernel: Array
    bias: Array | None = None

    @property
    def arrays(self) -> list[Array]:
        """Return the list that `set_weights` takes; for a `Bidirectional`, concatenate those of both directions."""
        return [self.kernel, self.recurrent_kernel, *([] if self.bias is None else [self.bias])]

    @property
    def count(self) -> int:
        """Count the parameters, as `summary()` does."""
        return sum(array.size for array in self.arrays)


def from_torch(w: CellWeights) -> KerasLayer:
    """Convert torch's weights; they replace all of a layer's, the initial forget bias of 1 included."""
    refuse_projection(w, "Keras")
    return KerasLayer(w.w_ih.T, w.w_hh.T, None if w.b_ih is None else sum_biases(w))


def to_torch(layer: KerasLayer) -> CellWeights:
    """Convert to torch's weights."""
    b_hh = None if layer.bias is None else np.zeros_like(layer.bias)
    return CellWeights(layer.kernel.T, layer.recurrent_kernel.T, layer.bias, b_hh)


def fresh_bias(like: Array) -> Array:
    """Return the bias of a new layer (`unit_forget_bias=True`): 1 for the forget gate, 0 for the others."""
    return add_forget_bias(1.0, like)
