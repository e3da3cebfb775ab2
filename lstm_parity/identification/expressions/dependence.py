"""Which variables of a function depend on one another, in a sum or in a product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from lstm_parity.identification.expressions.region import Region
from lstm_parity.identification.expressions.step import Values
from lstm_parity.reference.noise.model import Array

Function = Callable[[Values], Array]
_SEVERAL = 16


def find_moving(function: Function, names: Sequence[str], region: Region, rng: np.random.Generator) -> list[str]:
    """Find the variables that a function depends on."""
    one, other = (region.draw(rng, names, _SEVERAL) for _ in range(2))
    at = function(one)
    size = max(1.0, float(np.abs(at).max()))
    return [name for name in names if np.abs(function(one | {name: other[name]}) - at).max() > 1e-9 * size]


def find_corners(
    function: Function,
    pairs: Sequence[tuple[str, str]],
    names: Sequence[str],
    region: Region,
    rng: np.random.Generator,
) -> Array:
    """Evaluate at two values of either variable of each pair, the others the same: (pairs, 4, draws).

    The four are (0, 0), (0, 1), (1, 0) and (1, 1).
    """
    one, other = (region.draw(rng, names, _SEVERAL) for _ in range(2))
    corners = [one | {name: other[name] for name in moved} for a, b in pairs for moved in ((), (b,), (a,), (a, b))]
    together = {name: np.concatenate([corner[name] for corner in corners]) for name in names}
    return function(together).reshape(len(pairs), 4, _SEVERAL)


def mixed_sum(f00: Array, f01: Array, f10: Array, f11: Array) -> Array:
    """Return the mixed difference of two variables; 0 if they are in different terms of a sum."""
    return np.asarray((f11 - f10 - f01 + f00) / max(1.0, float(np.abs(f00).max())))


def mixed_product(f00: Array, f01: Array, f10: Array, f11: Array) -> Array:
    """Return the same for factors of a product."""
    return np.asarray((f11 * f00 - f10 * f01) / np.maximum(1e-12, np.abs(f11 * f00) + np.abs(f10 * f01)))


def find_dependent(
    function: Function,
    names: Sequence[str],
    region: Region,
    rng: np.random.Generator,
    mixed: Callable[..., Array],
) -> list[tuple[str, str]]:
    """Return the pairs of variables that depend on one another, in a sum or in a product."""
    pairs = list(combinations(names, 2))
    corners = find_corners(function, pairs, names, region, rng) if pairs else ()
    return [pair for pair, four in zip(pairs, corners, strict=True) if np.abs(mixed(*four)).max() > 1e-9]


def group_names(names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Join what depends on one another."""
    of = {name: {name} for name in names}
    for a, b in pairs:
        joined = of[a] | of[b]
        of |= dict.fromkeys(joined, joined)
    return list(dict.fromkeys(tuple(name for name in names if name in of[first]) for first in names))
