"""Weights kept in fewer bits than a layer's dtype has: the numbers that are left of them, in float64.

Matrices (..., outputs, inputs) only, unless the biases are named too. The integer types scale each tensor, or each row,
by its largest magnitude: torch's observers divide by 127.5 (`torch/ao/quantization/observer.py`), ONNX Runtime and most
others by 127; with a zero point, 255 steps lie between the least and the largest number, 0 among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lstm_parity.reference.noise.arithmetics import KEPT_MATRICES, KEPT_WITH_BIASES
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights


def _to_float16(w: Array) -> Array:
    with np.errstate(over="ignore"):
        return w.astype(np.float16).astype(np.float64)


def _to_float(bits: int, lowest: int = -(2**10), largest: float = np.inf) -> Callable[[Array], Array]:
    """Round to so many bits, the implicit one included, to nearest even.

    lowest: the exponent of the smallest normal number. largest: what larger numbers become.
    """

    def keep(w: Array) -> Array:
        _, exponent = np.frexp(w)
        unit = np.ldexp(1.0, np.maximum(exponent, lowest + 1) - bits)
        return np.asarray(np.clip(np.round(w / unit) * unit, -largest, largest))

    return keep


def _symmetric(axes: tuple[int, ...], levels: float) -> Callable[[Array], Array]:
    """Scale by the largest magnitude along some axes; in float32, since the largest is half a step from two numbers."""

    def keep(w: Array) -> Array:
        w = w.astype(np.float32)
        scale = _without_zeros(np.abs(w).max(axes, keepdims=True) / np.float32(levels))
        steps = np.round(w / scale.astype(np.float32)).astype(np.float64)
        return np.asarray(np.clip(steps, -128.0, 127.0) * scale)

    return keep


def _with_zero_point(w: Array) -> Array:
    low, high = (extreme(w, (-2, -1), keepdims=True, initial=0.0) for extreme in (np.min, np.max))
    scale = _without_zeros((high - low) / 255.0)
    zero = np.round(-low / scale)
    return np.asarray((np.clip(np.round(w / scale) + zero, 0.0, 255.0) - zero) * scale)


def _without_zeros(scale: Array) -> Array:
    return np.where(scale > 0.0, scale, 1.0).astype(np.float32).astype(np.float64)


_TENSOR, _ROW = (-2, -1), (-1,)
_WAYS: tuple[Callable[[Array], Array], ...] = (
    _to_float16,
    _to_float(8),
    _to_float(4, -6, 448.0),
    _to_float(3, -14, 57344.0),
    _symmetric(_TENSOR, 127.0),
    _symmetric(_TENSOR, 127.5),
    _symmetric(_ROW, 127.0),
    _symmetric(_ROW, 127.5),
    _with_zero_point,
)
_KEEP: Mapping[str, Callable[[Array], Array]] = dict(zip(KEPT_MATRICES, _WAYS, strict=True))


def keep_weights(weights: LSTMWeights, name: str) -> LSTMWeights:
    """Return what is left of weights, NumPy arrays, kept as `arithmetics.KEPT` names it; "" keeps them as they are."""
    if not name:
        return weights
    if name in KEPT_WITH_BIASES:
        return weights.map(_KEEP[KEPT_WITH_BIASES[name]])
    keep = _KEEP[name]

    def keep_matrices(cell: CellWeights) -> CellWeights:
        return CellWeights(**{n: keep(w) if n.startswith("w_") else w for n, w in cell.items()})

    return weights.map_cells(keep_matrices)
