"""The equations of one step, recovered with one unit whose four gate sums, state c and state h are free.

c' and h' are taken as sums of products of functions of one number each, inside an outer function: that holds for
nn.LSTM, and for most of what people write by mistake. Each function is measured on a grid and recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lstm_parity.identification.curves import recognise
from lstm_parity.identification.factors import EXACT, Function, draw, factorise, is_close, norm, split_off, tidy
from lstm_parity.identification.probe import Probe
from lstm_parity.identification.step import OUTER, ROWS, Expression, Step, Term, Values
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights

_FEW = np.linspace(-6.0, 6.0, 161)


class UnknownEquationError(Exception):
    """What is computed has none of the forms that are known; the message says how far they lead."""


@dataclass(frozen=True)
class FreeStep:
    """One step as a function of the gate sums: one unit, four inputs, each of which is one gate sum."""

    probe: Probe

    def __call__(self, values: Mapping[str, Array]) -> tuple[Array, Array]:
        """Return h' and c' (n,) for z0 ... z3, c and h (n,)."""
        cell = CellWeights(np.eye(4), np.zeros((4, 1)))
        x = np.stack([values[row] for row in ROWS], 1)
        h, c = self.probe.step(cell, x, values["h"][:, None], values["c"][:, None])
        return h[:, 0], c[:, 0]


def recover_step(probe: Probe) -> Step:
    """Recover both equations. Raises UnknownEquationError."""
    step = FreeStep(probe)
    rng = np.random.default_rng(5)
    cell = _recover_cell(lambda values: step(values)[1], rng)
    found = Step(cell, _recover_hidden(step, cell, rng))
    values = draw(rng, 300)
    got, exact = step(values), found(np.stack([values[row] for row in ROWS]), values["c"], values["h"])
    for name, one, other in zip(("h'", "c'"), got, exact, strict=True):
        if not is_close(one, other, EXACT if found.is_known else 1e-2):
            raise UnknownEquationError(f"{name} has none of the known forms")
    return found


def _recover_cell(function: Function, rng: np.random.Generator) -> Expression:
    limit = _find_limit(function, rng)
    for text, _, undo in OUTER:
        inside = lambda values, undo=undo: undo(function(values))  # noqa: E731
        terms = _split(inside, rng, limit)
        if terms is not None:
            return Expression(terms, text, limit)
    raise UnknownEquationError("c' is no sum of products of functions of single numbers")


def _find_limit(function: Function, rng: np.random.Generator) -> float:
    """What the values are clipped to: the largest one, if several are just as large."""
    size = np.abs(function(draw(rng, 400)))
    return float(size.max()) if (size > size.max() * (1 - 1e-12)).sum() > 3 and size.max() > 0.0 else np.inf


def _split(function: Function, rng: np.random.Generator, limit: float) -> tuple[Term, ...] | None:
    """Write a function of z0 ... z3, c and h as sum: of what is multiplied by a function of c, of h, and the rest."""
    reach = 1.0 if np.isinf(limit) else 0.1 * limit
    terms = list[Term]()
    for name in ("c", "h"):
        found = split_off(function, name, rng, reach, 0.95 * limit)
        if found is None:
            return None
        terms += found
    rest = factorise(function, ROWS, {"c": 0.0, "h": 0.0}, rng, reach)
    if rest is None:
        return None
    terms = [term for term in (*terms, *rest) if term.factor]
    values = draw(rng, 200)
    expected = np.sum([term(values) for term in terms], 0) if terms else np.zeros(200)
    got = function(values)
    inside = np.abs(expected) < limit
    tolerance = EXACT if all(term.is_known for term in terms) else 1e-2
    return tuple(terms) if is_close(got[inside], expected[inside], tolerance) else None


def _recover_hidden(step: FreeStep, cell: Expression, rng: np.random.Generator) -> Expression:
    for text, _, undo in OUTER:

        def function(values: Values, undo: Callable[[Array], Array] = undo) -> Array:
            return undo(step(values)[0])

        for argument in ("c'", "c", *(f"part{k}" for k in range(len(cell.terms)))):
            found = _try_argument(step, function, cell, argument, rng)
            if found is not None:
                return Expression((*found, *_find_residual(step, function, cell, Expression(tuple(found)), rng)), text)
    raise UnknownEquationError("h' is no product of functions of gate sums and one of c', c or a part of c'")


def _find_residual(
    step: FreeStep, function: Function, cell: Expression, found: Expression, rng: np.random.Generator
) -> list[Term]:
    """What h' has of h beside its part in c'."""

    def left(values: Values) -> Array:
        known = values | {"c'": step(values)[1]} | {f"part{k}": term(values) for k, term in enumerate(cell.terms)}
        return np.asarray(function(values) - found(known))

    terms = split_off(left, "h", rng, 1.0)
    if terms is None:
        raise UnknownEquationError("h' has a part of h that is no product")
    return terms


def _argument(step: FreeStep, cell: Expression, argument: str, values: Values) -> Array:
    if argument == "c'":
        return step(values)[1]
    return values["c"] if argument == "c" else cell.terms[int(argument[4:])](values)


def _try_argument(
    step: FreeStep, function: Function, cell: Expression, argument: str, rng: np.random.Generator
) -> list[Term] | None:
    """h' as functions of gate sums, times a function of one argument, which is the same for all gate sums."""
    tables = []
    for point in range(6):
        drawn = draw(np.random.default_rng(50 + point), 1, h=0.0)
        values = {key: np.full(len(_FEW), value[0]) for key, value in drawn.items()} | {"c": _FEW}
        at = _argument(step, cell, argument, values)
        order = np.argsort(at)
        tables.append((at[order], function(values)[order]))
    at, got = max(tables, key=lambda table: float(np.ptp(table[0])))
    if np.ptp(at) < 1e-6:
        return None
    curve = recognise(at, got, up_to_factor=True)
    loose = EXACT if curve.is_known else 1e-2
    for other, table in tables:
        inside = (other >= at[0]) & (other <= at[-1]) if not curve.is_known else np.ones(len(other), bool)
        values, wanted = curve(other)[inside], table[inside]
        if not len(values) or not values @ values:
            continue
        if not is_close(values * float(values @ wanted / (values @ values)), wanted, loose):
            return None
    curve = norm(curve)

    def gate(values: Values) -> Array:
        values = values | {"c": np.full_like(values["z0"], 0.9)}
        by = curve(_argument(step, cell, argument, values))
        return np.asarray(function(values) / np.where(np.abs(by) < 1e-9, 1.0, by))

    found = factorise(gate, ROWS, {"h": 0.0, "c": 0.9}, rng, 1.0, 1e-9 if curve.is_known else 1e-2)
    if found is None:
        return None
    last = () if curve.is_constant else ((argument, curve),)
    return [_spread(Term(term.factor, (*term.curves, *last)), argument) for term in found]


def _spread(term: Term, argument: str) -> Term:
    """Give a number before the product to the function of the argument, if that is not a plain one."""
    curve = term.curve_of(argument)
    if curve is None or term.factor == 1.0 or (curve.slope == 1.0 and not curve.offset and curve.is_known):
        return term
    curves = tuple((n, tidy(c.scaled(term.factor)) if n == argument else c) for n, c in term.curves)
    return Term(1.0, curves)
