"""Where functions of gate sums and states are looked at, and how near is near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lstm_parity.identification.expressions.step import Expression, Values
from lstm_parity.reference.noise.model import Array

EXACT, LOOSE = 1e-8, 1e-2  # largest distance, of what has a name and of what has none
_GRID = np.linspace(-4.0, 4.0, 61)


@dataclass
class Region:
    """Where functions are looked at: by variable, half of the width as a part of 4.

    left: how many more functions are looked at before the search ends. center: the middle, if it is not 0.
    """

    reach: Mapping[str, float]
    left: int = 20
    center: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether it is no small part around a point."""
        return not self.center

    def draw(self, rng: np.random.Generator, names: Sequence[str], count: int) -> Values:
        """Draw values of variables."""
        return {
            name: self.center.get(name, 0.0) + 0.75 * self.reach[name] * rng.uniform(-4.0, 4.0, count) for name in names
        }

    def grid(self, name: str) -> Array:
        """Return evenly spaced values of one."""
        return self.center.get(name, 0.0) + self.reach[name] * _GRID


def is_close(got: Array, exact: Array, tolerance: float = EXACT) -> bool:
    """Whether two arrays agree, to a part of the largest number or of 1."""
    size = max(1.0, float(np.abs(exact).max(initial=0.0)))
    return bool(np.isfinite(got).all() and np.abs(got - exact).max(initial=0.0) <= tolerance * size)


def agrees(expression: Expression, got: Array, exact: Array) -> bool:
    """Whether an expression has these values; with a function that has no name, at most of them."""
    if expression.is_known:
        return is_close(got, exact)
    near = np.abs(got - exact) <= LOOSE * max(1.0, float(np.abs(exact).max(initial=0.0)))
    return bool(near.mean() > 0.8)
