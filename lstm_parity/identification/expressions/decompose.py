"""Functions of several variables, written as sums of products of functions of fewer: by what moves with what.

Two variables lie in different terms of a sum if neither changes what the other adds, and in different factors of a
product if neither changes what the other multiplies. What is left is linear in a function of one variable, or lies
inside a squashing function that can be undone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from lstm_parity.identification.curves.curve import IDENTITY, SIGMOID, TANH, Curve
from lstm_parity.identification.curves.recognise import recognise
from lstm_parity.identification.expressions.compound import list_compounds
from lstm_parity.identification.expressions.dependence import (
    Function,
    find_corners,
    find_dependent,
    find_moving,
    group_names,
    mixed_product,
    mixed_sum,
)
from lstm_parity.identification.expressions.region import EXACT, Region, agrees, is_close
from lstm_parity.identification.expressions.step import Expression, Term, Values
from lstm_parity.identification.expressions.terms import as_factor, attribute, merge_numbers, norm
from lstm_parity.reference.noise.model import Array

_DEEPEST = 3
_UNDO: Mapping[str, Callable[[Array], Array]] = {  # by the function that it undoes
    "tanh({})": np.arctanh,
    "sigmoid({})": lambda y: np.log(y / (1.0 - y)),
    "softsign({})": lambda y: y / (1.0 - np.abs(y)),
}


def decompose(
    function: Function, names: Sequence[str], region: Region, *, depth: int = 0, undo: bool = True
) -> tuple[Term, ...] | None:
    """Write a function of these variables as a sum of products; None if that cannot be done.

    undo: whether it may lie inside a squashing function.
    """
    region.left -= 1
    if depth > _DEEPEST or region.left < 0:
        return None
    rng = np.random.default_rng([7, depth, len(names)])
    drawn = region.draw(rng, names, 200)
    wanted = function(drawn)
    if not np.isfinite(wanted).all():
        return None
    base = {name: values[:1] for name, values in drawn.items()}
    moving = find_moving(function, names, region, rng)
    within = _restrict(function, base, moving) if moving else function
    groups = group_names(moving, find_dependent(within, moving, region, rng, mixed_sum))
    found, left = list[Term](), float(function(base)[0])
    for group in groups:
        part = _restrict(function, base, group)
        terms = _decompose_group(part, group, region, depth, undo, len(groups) > 1)
        if terms is None:
            return None
        found += terms
        left -= sum(float(term(base)[0]) for term in terms)
    found = merge_numbers([*found, Term(left)])
    expression = Expression(tuple(found))
    return tuple(found) if agrees(expression, expression(drawn), wanted) else None


def _restrict(function: Function, base: Values, names: Sequence[str]) -> Function:
    """Return the function of fewer variables, with the others as in `base` (one row)."""

    def restricted(values: Values) -> Array:
        count = len(values[names[0]])
        full = {name: np.repeat(value, count) for name, value in base.items()}
        return function(full | {name: values[name] for name in names})

    return restricted


def _decompose_group(
    part: Function, group: Sequence[str], region: Region, depth: int, undo: bool, is_free: bool
) -> list[Term] | None:
    """Write one term of a sum, up to a number that may be added if is_free."""
    if len(group) == 1:
        return [Term(1.0, ((group[0], _recognise_alone(part, group[0], region, is_free)),))]
    for form in _forms(part, group, region, depth, undo):
        if form is not None:
            return form
    return None


def _forms(part: Function, group: Sequence[str], region: Region, depth: int, undo: bool) -> Iterator[list[Term] | None]:
    yield _as_product(part, group, region, depth)
    yield _as_linear(part, group, region, depth)
    if undo:
        yield _as_squashed(part, group, region, depth)
    if depth == 0:
        yield _as_gated(part, group, region)
    if undo:
        yield from list_compounds(part, group, region, depth, decompose)


def _recognise_alone(part: Function, name: str, region: Region, is_free: bool) -> Curve:
    grid = region.grid(name)
    values = part({name: grid})
    if not is_free:
        return _measure(_of_one(part, name), region, name, up_to_factor=False)
    plain = next((curve for curve in (SIGMOID, TANH, IDENTITY) if np.ptp(values - curve(grid)) < 1e-9), None)
    if plain is not None:
        return plain
    curve = _measure(lambda z: part({name: z}) - values[len(values) // 2], region, name, up_to_factor=False)
    return curve if not curve.is_known or curve.base in ("lines", "ratio") else replace(curve, offset=0.0)


def _of_one(function: Function, name: str) -> Callable[[Array], Array]:
    return lambda z: function({name: z})


def _measure(function: Callable[[Array], Array], region: Region, name: str, *, up_to_factor: bool) -> Curve:
    """Recognise a function; one without a name is measured at more points."""
    grid = region.grid(name)
    curve = recognise(grid, function(grid), up_to_factor=up_to_factor, is_quick=not region.is_whole)
    if curve.is_known or not region.is_whole:
        return curve
    fine = np.linspace(grid[0], grid[-1], 16 * (len(grid) - 1) + 1)
    return Curve("", points=tuple(fine.tolist()), values=tuple(function(fine).tolist()))


def _as_product(part: Function, group: Sequence[str], region: Region, depth: int) -> list[Term] | None:
    """Write a function as a product, to which a number may be added."""
    rng = np.random.default_rng([8, depth])
    for offset in _find_offsets(part, group, region, rng):

        def inner(values: Values, offset: float = offset) -> Array:
            return part(values) - offset

        factors = group_names(group, find_dependent(inner, group, region, rng, mixed_product))
        if len(factors) > 1 and (term := _multiply(inner, factors, group, region, depth)) is not None:
            return [term]
    return None


def _find_offsets(part: Function, group: Sequence[str], region: Region, rng: np.random.Generator) -> list[float]:
    """Return the numbers after whose subtraction two of the variables may be in different factors of a product."""
    found = [0.0]
    for f00, f01, f10, f11 in find_corners(part, list(combinations(group, 2)), group, region, rng):
        below = f11 + f00 - f01 - f10
        clear = np.abs(below) > 1e-3 * max(1.0, float(np.abs(f00).max()))
        if clear.sum() >= 4:
            offsets = (f11 * f00 - f01 * f10)[clear] / below[clear]
            offset = float(np.median(offsets))
            if np.abs(offsets - offset).max() < 1e-7 and all(abs(offset - other) > 1e-7 for other in found):
                found.append(offset)
    return found


def _multiply(
    inner: Function, factors: Sequence[Sequence[str]], group: Sequence[str], region: Region, depth: int
) -> Term | None:
    """Write a product of functions of separate variables."""
    drawn = region.draw(np.random.default_rng(3), group, 40)
    k = int(np.argmax(np.abs(inner(drawn))))
    base = {name: values[k : k + 1] for name, values in drawn.items()}
    at = float(inner(base)[0])
    product = Term(1.0)
    for names in factors:
        one = _restrict(lambda values: inner(values) / at, base, names)
        if len(names) == 1:
            curve = _measure(_of_one(one, names[0]), region, names[0], up_to_factor=True)
            product = product.times(names[0], norm(curve))
            continue
        terms = decompose(one, names, region, depth=depth + 1) or _as_scaled(one, names, region, depth)
        if terms is None:
            return None
        product = replace(product, curves=(*product.curves, *as_factor(terms)))
    return attribute(at / float(product(base)[0]), product.curves)


def _as_scaled(one: Function, names: Sequence[str], region: Region, depth: int) -> tuple[Term, ...] | None:
    """Write a function that is known up to a factor, if it is squashed: the factor is its limit far out."""
    wide = Region({name: reach * (1.0 if name[0] == "z" else 50.0) for name, reach in region.reach.items()})
    largest = float(np.abs(one(wide.draw(np.random.default_rng(5), names, 400))).max())
    if not 0.0 < largest < 1e6:
        return None
    far = {name: np.array([(50.0 if name[0] != "z" else 0.5) * region.reach[name]]) for name in names}
    scale = math.copysign(largest * (1 + 1e-13), float(one(far)[0]))
    return decompose(lambda values: one(values) / scale, names, region, depth=depth + 1)


def _as_linear(part: Function, group: Sequence[str], region: Region, depth: int) -> list[Term] | None:
    """Write a function as a function of one variable times something, plus something."""
    rng = np.random.default_rng([9, depth])
    for name in sorted(group, key=lambda n: (n[0] == "z", n)):
        rest = [other for other in group if other != name]
        written = list[list[Term]]()
        for curve, slope, level in _split_off(part, name, rest, region, rng):
            factor = decompose(slope, rest, region, depth=depth + 1)
            added = factor and decompose(level, rest, region, depth=depth + 1)
            if factor is not None and added is not None:
                written.append([*(term.times(name, curve) for term in factor), *added])
        if written:
            return min(
                written, key=lambda terms: (not Expression(tuple(terms)).is_known, Expression(tuple(terms)).size)
            )
    return None


def _split_off(
    part: Function, name: str, rest: Sequence[str], region: Region, rng: np.random.Generator
) -> Iterator[tuple[Curve, Function, Function]]:
    """Yield functions of one variable, each with what it is multiplied by and what is added.

    There are several if it is a sigmoid but for a number: that may belong to either.
    """
    grid = region.grid(name)
    middle = len(grid) // 2
    bases = [region.draw(rng, rest, 1) for _ in range(5)]

    def table(base: Values, z: Array) -> Array:
        fixed = {other: np.repeat(value, len(z)) for other, value in base.items()}
        return part(fixed | {name: z}) - part(fixed | {name: np.full_like(z, grid[middle])})

    tables = [table(base, grid) for base in bases]
    number = int(np.argmax([np.abs(one).max() for one in tables]))
    largest = tables[number]
    k = int(np.argmax(np.abs(largest)))
    if abs(largest[k]) < 1e-9 or any(not is_close(t, largest * (t[k] / largest[k]), 1e-9) for t in tables):
        return
    curves = [norm(_measure(lambda z: table(bases[number], z), region, name, up_to_factor=True))]
    away = SIGMOID(grid) - SIGMOID(grid[middle : middle + 1])
    if is_close(largest, away * (largest[k] / away[k]), 1e-9):
        curves.append(SIGMOID)
    for curve in dict.fromkeys(curves):
        yield curve, *_split_by(part, name, rest, curve, float(grid[middle]), float(grid[k]))


def _split_by(
    part: Function, name: str, rest: Sequence[str], curve: Curve, zero: float, far: float
) -> tuple[Function, Function]:
    """Return the factor and the addend of a function of one variable, from the values at two of its arguments."""
    step = float((curve(np.array([far])) - curve(np.array([zero])))[0])

    def at(values: Values, number: float) -> Array:
        return part(values | {name: np.full_like(values[rest[0]], number)})

    def slope(values: Values) -> Array:
        return np.asarray((at(values, far) - at(values, zero)) / step)

    def level(values: Values) -> Array:
        return np.asarray(at(values, zero) - slope(values) * curve(np.array([zero])))

    return slope, level


def _as_squashed(part: Function, group: Sequence[str], region: Region, depth: int) -> list[Term] | None:
    """Write a function as a squashing function of something, to which a number may be added."""
    drawn = region.draw(np.random.default_rng(4), group, 300)
    values = part(drawn)
    states = [name for name in group if name[0] != "z"]
    at_zero = part({name: 0.0 * drawn[name] if name in states else drawn[name] for name in group})
    offsets = [0.0, *([float(at_zero[0])] if states and np.ptp(at_zero) < 1e-9 and abs(at_zero[0]) > EXACT else [])]
    for offset in offsets:
        for text, undo in _UNDO.items():
            if not states and text != "tanh({})":  # a ratio of gates can be written so, and is not
                continue
            low = 0.0 if text == "sigmoid({})" else -1.0
            if (values - offset).min() <= low or (values - offset).max() >= 1.0:
                continue

            def inside(values: Values, undo: Callable[[Array], Array] = undo, offset: float = offset) -> Array:
                with np.errstate(all="ignore"):
                    return undo(part(values) - offset)

            terms = decompose(inside, group, region, depth=depth + 1, undo=False)
            if terms is not None:
                return [Term(1.0, ((Expression(terms), Curve(text)),))]
    return None


def _as_gated(part: Function, group: Sequence[str], region: Region) -> list[Term] | None:
    """Write a function as a gate times a function in which the gate stands again."""
    for name in (name for name in group if name[0] == "z"):

        def divided(values: Values, name: str = name) -> Array:
            return np.asarray(part(values) / SIGMOID(values[name]))

        terms = decompose(divided, group, region, depth=1)
        if terms is not None:
            return [term.times(name, SIGMOID) for term in terms]
    return None
