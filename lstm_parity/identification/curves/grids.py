"""Numbers that lie on a grid, as fixed-point ones do: the step of the grid, and what puts numbers on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lstm_parity.reference.noise.model import Array

_FEWEST, _PARTS = 8, 8  # distinct numbers of a grid; into how many the smallest distance may be split
_EXACT = 1e-3  # of a step: how far a number may lie off the grid
_COARSE = 1e-6  # a grid this fine is that of a float
ROUNDINGS: Mapping[str, Callable[[Array], Array]] = {
    "rounded to": np.round,
    "rounded down to": np.floor,
    "cut to": np.trunc,
}


def find_step(values: Array) -> float | None:
    """Return the step of the grid that all values lie on; None if there is none, or there are too few values."""
    sizes = np.unique(np.abs(values[np.isfinite(values)]).astype(np.float64))
    sizes = sizes[sizes > 0.0]
    if len(sizes) < _FEWEST:
        return None
    largest = float(sizes[-1])
    apart = np.diff(sizes)
    apart = apart[apart > 1e-5 * largest]  # the others are the same number, rounded
    if not len(apart):
        return None
    for parts in range(1, _PARTS + 1):
        near = min(float(apart.min()), float(sizes[0])) / parts
        if near < max(_COARSE, 1e-5 * largest):
            return None
        step = largest / round(largest / near)
        if np.abs(sizes / step - np.round(sizes / step)).max() < _EXACT:
            return _name_step(step)
    return None


def _name_step(step: float) -> float:
    """Return one part of a whole number, if it is near."""
    whole = round(1.0 / step)
    return 1.0 / whole if whole and abs(1.0 / step - whole) < 1e-3 else step


def round_to(rounding: Callable[[Array], Array], step: float, s: Array) -> Array:
    """Put numbers on the grid of a step."""
    return step * rounding(s / step)


def write_step(step: float) -> str:
    """Write it, as one part of a whole number if it is."""
    return f"1/{round(1.0 / step)}" if abs(1.0 / step - round(1.0 / step)) < 1e-9 else f"{step:.6g}"
