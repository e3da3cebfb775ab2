"""Functions of gate sums and states, written as products or sums of functions of one number each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lstm_parity.identification.curves import SIGMOID, TANH, Curve, recognise
from lstm_parity.identification.step import ROWS, Term, Values
from lstm_parity.reference.noise.model import Array

GRID = np.linspace(-4.0, 4.0, 41)
EXACT = 1e-8
Function = Callable[[Values], Array]


def draw(rng: np.random.Generator, count: int, **fixed: float) -> Values:
    """Draw gate sums and states; fixed: those that are one number."""
    values = {name: rng.uniform(-3.0, 3.0, count) for name in (*ROWS, "c", "h")}
    return values | {name: np.full(count, value) for name, value in fixed.items()}


def is_close(got: Array, exact: Array, tolerance: float = EXACT) -> bool:
    """Whether two arrays agree, to a part of the largest number or of 1."""
    return bool(np.abs(got - exact).max(initial=0.0) <= tolerance * max(1.0, float(np.abs(exact).max(initial=0.0))))


def split_off(
    function: Function, name: str, rng: np.random.Generator, reach: float, limit: float = np.inf
) -> list[Term] | None:
    """Return what depends on c or h: a function of it, times functions of gate sums; an empty list if nothing does."""
    other = {"c": "h", "h": "c"}[name]
    grid = reach * GRID
    tables = []
    for point in range(40):
        values = draw(np.random.default_rng(point), len(grid), **{other: 0.0})
        values = {key: np.full(len(grid), value[0]) for key, value in values.items()} | {name: grid}
        zero = values | {name: np.zeros(len(grid))}
        got = function(values)
        if np.abs(got).max() < limit:
            tables.append(got - function(zero))
        if len(tables) == 5:
            break
    sizes = [float(np.abs(table).max()) for table in tables]
    if max(sizes) <= EXACT:
        return []
    largest = tables[int(np.argmax(sizes))]
    k = int(np.argmax(np.abs(largest)))
    if any(not is_close(table, largest * (table[k] / largest[k]), 1e-7) for table in tables):
        return None
    curve = recognise(grid, largest, up_to_factor=True)
    curve = replace(curve, factor=1.0) if curve.base in ("{}", "tanh({})") and not curve.offset else curve
    at = float(grid[k]) if np.isinf(limit) else 0.01 * limit
    unit = float(curve(np.array([at]))[0])

    def slope(values: Values) -> Array:
        full = function(values | {name: np.full_like(values["z0"], at)})
        return np.asarray((full - function(values | {name: np.zeros_like(values["z0"])})) / unit)

    found = factorise(slope, ROWS, {"c": 0.0, "h": 0.0}, rng, 1.0)
    return None if found is None else [Term(t.factor, (*t.curves, (name, curve))) for t in found]


def factorise(
    function: Function,
    names: Sequence[str],
    fixed: Mapping[str, float],
    rng: np.random.Generator,
    reach: float,
    tolerance: float = 1e-9,
) -> list[Term] | None:
    """Write a function of gate sums as one product, or as a sum, of functions of one each."""
    for _ in range(8):
        base = draw(rng, 1, **fixed)
        if abs(at := float(function(base)[0])) > 1e-3 * reach:
            break
    else:
        return []

    def vary(name: str) -> Array:
        values = {key: np.full(len(GRID), value[0]) for key, value in base.items()} | {name: GRID}
        return function(values)

    curves = {name: vary(name) for name in names}
    moving = [name for name in names if np.ptp(curves[name]) > tolerance * max(1.0, abs(at))]
    values = draw(rng, 60, **fixed)
    got = function(values)
    interpolated = {name: recognise(GRID, curves[name], up_to_factor=True) for name in moving}
    loose = tolerance > EXACT or any(not curve.is_known for curve in interpolated.values())
    exact = 1e-2 if loose else EXACT
    product = at * np.prod([np.ones(60), *(interpolated[n](values[n]) / interpolated[n](base[n]) for n in moving)], 0)
    if is_close(product, got, exact):
        normed = [(name, norm(interpolated[name])) for name in moving]
        factor = at / float(np.prod([curve(base[name])[0] for name, curve in normed]))
        return [_attribute(factor, normed)]
    total = at + np.sum([interpolated[n](values[n]) - interpolated[n](base[n]) for n in moving], 0)
    if not is_close(total, got, exact):
        return None
    return _sum_terms(at, curves, moving, base)


def _sum_terms(at: float, curves: Mapping[str, Array], moving: Sequence[str], base: Values) -> list[Term]:
    """Choose the constants of a sum: plain functions where they fit, and the number that is left."""
    found, left = list[Term](), at
    for name in moving:
        values = curves[name]
        plain = next((curve for curve in (SIGMOID, TANH) if np.ptp(values - curve(GRID)) < 1e-9), None)
        curve = plain or recognise(GRID, values - values[len(values) // 2])
        found.append(Term(1.0, ((name, curve),)))
        left -= float(curve(base[name])[0])
    return found + ([Term(left, ())] if abs(left) > EXACT else [])


def norm(curve: Curve) -> Curve:
    """Return a curve that is known but for its factor, with the usual one; a gate is 1 where it is widest open."""
    if not curve.is_known:
        return curve
    if not curve.offset:
        return replace(curve, factor=1.0)
    return tidy(curve.scaled(1.0 / (curve.offset + abs(curve.factor)))) if curve.offset > 0.0 else curve


def _attribute(factor: float, curves: list[tuple[str, Curve]]) -> Term:
    """Give the number before a product to the one function in it that is not plain, if there is just one."""
    odd = [
        k for k, (_, curve) in enumerate(curves) if curve.slope not in (1.0, -1.0) or curve.offset or not curve.is_known
    ]
    odd = [k for k in odd if not curves[k][1].offset] or odd  # a gate with an offset has its factor already
    if len(odd) == 1:
        name, curve = curves[odd[0]]
        curves[odd[0]] = name, tidy(curve.scaled(factor))
        factor = 1.0
    return Term(_short(factor), tuple(curves))


def tidy(curve: Curve) -> Curve:
    """Return a curve with short numbers, where they are as good."""
    return replace(curve, factor=_short(curve.factor), offset=_short(curve.offset))


def _short(value: float) -> float:
    near = float(f"{value:.6g}")
    return near if abs(near - value) < 1e-8 * max(1.0, abs(value)) else value
