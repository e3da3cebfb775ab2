"""ONNX's operator LSTM: gates i, o, f, c, both biases in one tensor, a leading axis of directions.

Source: https://onnx.ai/onnx/operators/onnx__LSTM.html. One node is one layer, in one direction or both; its Y is
(T, D, B, H), its states (D, B, H). There is no projection. P, the peepholes, is left out, or zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_parity.reference.conventions import gates
from lstm_parity.reference.conventions.gates import Array, make_biases, refuse_projection
from lstm_parity.reference.weights import CellWeights

_ORDER = "iofg"


@dataclass(frozen=True, eq=False)
class OnnxLayer:
    """W: (D, 4H, I); R: (D, 4H, H); B: (D, 8H), of the input and then of the recurrence, or None."""

    W: Array
    R: Array
    B: Array | None = None

    @property
    def direction(self) -> str:
        """Return the node's attribute `direction`."""
        return "forward" if len(self.W) == 1 else "bidirectional"


def from_torch(directions: Sequence[CellWeights]) -> OnnxLayer:
    """Convert the cells of a layer, one for each direction."""
    for cell in directions:
        refuse_projection(cell, "ONNX")
    w, r = (np.stack([_from(getattr(cell, name)) for cell in directions]) for name in ("w_ih", "w_hh"))
    if directions[0].b_ih is None:
        return OnnxLayer(w, r)
    return OnnxLayer(w, r, np.stack([np.concatenate([*map(_from, make_biases(cell))]) for cell in directions]))


def to_torch(layer: OnnxLayer) -> tuple[CellWeights, ...]:
    """Convert to torch's weights."""
    if layer.B is None:
        return tuple(CellWeights(_to(w), _to(r)) for w, r in zip(layer.W, layer.R, strict=True))
    rows = zip(layer.W, layer.R, layer.B, strict=True)
    return tuple(CellWeights(_to(w), _to(r), *map(_to, np.split(b, 2))) for w, r, b in rows)


def _from(array: Array) -> Array:
    return gates.from_torch(array, _ORDER)


def _to(array: Array) -> Array:
    return gates.to_torch(array, _ORDER)
