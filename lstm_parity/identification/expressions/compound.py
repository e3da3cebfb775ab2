"""Functions of several variables that are one expression over a sum of gates, or the larger or smaller of two.

`decompose` is the function that writes what is left of them. It is given, since it calls these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from lstm_parity.identification.curves.curve import IDENTITY, RECIPROCAL, SIGMOID, Curve
from lstm_parity.identification.expressions.dependence import (
    Function,
    find_dependent,
    find_moving,
    group_names,
    mixed_product,
)
from lstm_parity.identification.expressions.region import Region, is_close
from lstm_parity.identification.expressions.step import Expression, Term, Values
from lstm_parity.identification.expressions.terms import shorten
from lstm_parity.reference.noise.model import Array

_Decompose = Callable[..., tuple[Term, ...] | None]
_NEAR = 0.05  # reach of a region in which one of two expressions holds alone
_LINES = 6
_MOST = 3  # places at which each of the two is looked for


def list_compounds(
    part: Function, group: Sequence[str], region: Region, depth: int, decompose: _Decompose
) -> Iterator[list[Term] | None]:
    """Yield what a function may be written as, if neither products nor sums of its variables are enough."""
    if not region.is_whole:
        return
    yield _over_gates(part, group, region, depth, decompose)
    yield _as_choice(part, group, region, decompose)
    yield _as_reciprocal(part, group, region, depth, decompose)


def _over_gates(
    part: Function, group: Sequence[str], region: Region, depth: int, decompose: _Decompose
) -> list[Term] | None:
    """An expression over the sum of some gates."""
    rng = np.random.default_rng([10, depth])
    rows = [name for name in group if name[0] == "z"]
    for count in range(2, len(rows) + 1):
        for some in combinations(rows, count):
            below = Expression(tuple(Term(1.0, ((name, SIGMOID),)) for name in some))

            def above(values: Values, below: Expression = below) -> Array:
                return np.asarray(part(values) * below(values))

            moving = find_moving(above, group, region, rng)
            parts = group_names(moving, find_dependent(above, moving, region, rng, mixed_product))
            if len(moving) == len(group) and len(parts) == 1:
                continue
            terms = decompose(above, group, region, depth=depth + 1)
            if terms is not None:
                return [_gather(term).times(below, RECIPROCAL) for term in terms]
    return None


def _gather(term: Term) -> Term:
    """Put the factors of the functions of a product before it."""
    number, curves = term.factor, list[tuple[str | Expression, Curve]]()
    for argument, curve in term.curves:
        is_free = curve.is_known and not curve.offset and not curve.points
        number *= curve.factor if is_free else 1.0
        curves.append((argument, replace(curve, factor=1.0) if is_free else curve))
    return Term(shorten(number), tuple(curves))


def _as_reciprocal(
    part: Function, group: Sequence[str], region: Region, depth: int, decompose: _Decompose
) -> list[Term] | None:
    """One over an expression."""
    values = part(region.draw(np.random.default_rng(14), group, 200))
    if not 1e-3 * np.abs(values).max() < np.abs(values).min() or values.min() < 0.0 < values.max():
        return None
    terms = decompose(lambda values: 1.0 / part(values), group, region, depth=depth + 1)
    return None if terms is None else [Term(1.0, ((Expression(terms), RECIPROCAL),))]


def _as_choice(part: Function, group: Sequence[str], region: Region, decompose: _Decompose) -> list[Term] | None:
    """The larger or the smaller of two expressions: each is written where it holds alone."""
    if not _has_bends(part, group, region):
        return None
    drawn = region.draw(np.random.default_rng(15), group, 200)
    wanted = part(drawn)
    one = _write_near(part, group, region, drawn, np.ones(len(wanted), bool), decompose)
    if one is None:
        return None
    other = _write_near(part, group, region, drawn, ~_holds(one, drawn, wanted), decompose)
    if other is None:
        return None
    for choice, pick in (("max", np.maximum), ("min", np.minimum)):
        if is_close(pick(one(drawn), other(drawn)), wanted):
            return [Term(1.0, ((replace(one, other=other, choice=choice), IDENTITY),))]
    return None


def _has_bends(part: Function, group: Sequence[str], region: Region) -> bool:
    """Whether it has a corner on lines through the region, where half the step does not quarter what bends."""
    ends = [region.draw(np.random.default_rng(seed), group, _LINES) for seed in (16, 17)]
    bends = list[Array]()
    for count in (201, 401):
        at = np.linspace(0.0, 1.0, count)
        line = {name: np.ravel(np.outer(1.0 - at, ends[0][name]) + np.outer(at, ends[1][name])) for name in group}
        two = np.abs(np.diff(part(line).reshape(count, _LINES), 2, axis=0))
        bends.append((two[1:] + two[:-1]).max(0))
    clear = bends[1] > 1e-6 * max(1.0, float(bends[1].max()))
    ratio = bends[0][clear] / bends[1][clear]  # 4 of what is smooth, 2 of a corner, 1 of a jump
    return bool((ratio < 3.0).any() and (ratio > 1.5).all())


def _holds(one: Expression, drawn: Values, wanted: Array) -> Array:
    return np.asarray(np.abs(one(drawn) - wanted) <= 1e-9 * max(1.0, float(np.abs(wanted).max())))


def _write_near(
    part: Function, group: Sequence[str], region: Region, drawn: Values, where: Array, decompose: _Decompose
) -> Expression | None:
    """Write a function near one of the points at which it is looked for, so that it holds at some of the others."""
    wanted = part(drawn)
    for k in np.flatnonzero(where)[:_MOST]:
        center = {name: float(drawn[name][k]) for name in group}
        near = Region({name: _NEAR * region.reach[name] for name in group}, center=center)
        terms = decompose(part, group, near, depth=1, undo=False)
        if terms is None or not (found := Expression(terms)).is_known:
            continue
        if (_holds(found, drawn, wanted) & where).sum() >= _MOST:
            return found
    return None
