"""Reorder gates and combine biases: what the conventions differ in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_parity.reference.weights import CellWeights

Array = NDArray[Any]
TORCH = "ifgo"


def _reorder_gates(array: Array, given: str, wanted: str, axis: int = 0) -> Array:
    """Reorder the blocks of an axis, one per gate: `reordered(w, "ifgo", "iofg")`, g being the candidate."""
    if sorted(given) != sorted(wanted):
        raise ValueError(f"gates {given!r} were given, but {wanted!r} are wanted: name the same gates")
    blocks = dict(zip(given, np.split(array, len(given), axis), strict=True))
    return np.concatenate([blocks[gate] for gate in wanted], axis)


def from_torch(array: Array, order: str) -> Array:
    """Reorder rows i, f, g, o to another order."""
    return _reorder_gates(array, TORCH, order)


def to_torch(array: Array, order: str) -> Array:
    """Reorder rows of another order to i, f, g, o."""
    return _reorder_gates(array, order, TORCH)


def make_biases(w: CellWeights) -> tuple[Array, Array]:
    """Return both biases (4H,), zeros for None."""
    zeros: Array = np.zeros(4 * w.hidden_size, w.w_ih.dtype)
    return (zeros, zeros) if w.b_ih is None or w.b_hh is None else (w.b_ih, w.b_hh)


def sum_biases(w: CellWeights) -> Array:
    """Add both biases (4H,), rounded to their dtype; zeros for None."""
    b_ih, b_hh = make_biases(w)
    return np.asarray(b_ih + b_hh)


def add_forget_bias(amount: float, like: Array) -> Array:
    """Return a bias (4H,) in torch's order: `amount` for the forget gate, zero for the others."""
    return np.repeat(np.array([0.0, amount, 0.0, 0.0], like.dtype), like.shape[-1] // 4)


def refuse_projection(w: CellWeights, framework: str) -> None:
    """Raise ValueError if there is a projection: the framework has none."""
    if w.w_hr is not None:
        raise ValueError(f"w_hr of shape {w.w_hr.shape} was given, but {framework} has no projection: leave it out")
