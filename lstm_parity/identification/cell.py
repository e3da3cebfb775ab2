"""The equations of one step, recovered with one unit whose four gate sums, state c and state h are free."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from lstm_parity.identification.curves.curve import IDENTITY
from lstm_parity.identification.curves.recognise import recognise
from lstm_parity.identification.expressions.decompose import decompose
from lstm_parity.identification.expressions.dependence import Function
from lstm_parity.identification.expressions.region import Region, agrees, is_close
from lstm_parity.identification.expressions.step import ROWS, Expression, Peepholes, Step, Term, Values, add_peepholes
from lstm_parity.identification.expressions.terms import norm
from lstm_parity.identification.probe import Probe
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights

_NAMES = (*ROWS, "c", "h")
_IN_CELL: tuple[Peepholes, ...] = ((), (("z0", "c"), ("z1", "c")), (("z0", "c"),), (("z1", "c"),))
_IN_HIDDEN: tuple[Peepholes, ...] = ((), (("z3", "c'"),), (("z3", "c"),))
_TOGETHER = 100  # units of a call
_REGIONS = (*product((1.5, 0.5), (1.0, 0.2, 0.02), (0.0,)), (1.5, 0.1, 1.5))  # reach of sums and q, middle of q
_FAR = 200.0
_WHOLE = Region({**dict.fromkeys(ROWS, 1.5), "c": 1.0, "h": 1.0, "q": 1.0})


class UnknownEquationError(Exception):
    """What is computed has none of the forms that are known; the message says how far they lead."""


@dataclass(frozen=True)
class FreeStep:
    """One step of one unit as a function of its gate sums: each of four inputs is one of them.

    units: how many there are, all others with gate sums and states of zero; unit: which of them is free. peepholes:
    the states that are taken from gate sums before, so that they are free although the implementation adds them.
    If no row of a batch can be had but alone, or no input enters, each value is a unit of its own of a single row.
    """

    probe: Probe
    units: int = 1
    unit: int = 0
    peepholes: Peepholes = ()

    is_known = True  # it is measured, known or not

    def __call__(self, z: Array, c: Array, h: Array) -> tuple[Array, Array]:
        """Return h' and c' for gate sums z (4, ...), c and h of the shape of one of them."""
        if self.units == 1 and (self.probe.alone or self.probe.is_deaf):
            return self._call_as_units(z, c, h)
        w_one, x = self.probe.free_inputs(z.reshape(4, -1).T)
        w_ih = np.zeros((4, self.units, w_one.shape[1]))
        w_ih[:, self.unit] = w_one
        states = [np.zeros((s.size, self.units)) for s in (h, c)]
        for state, value in zip(states, (h, c), strict=True):
            state[:, self.unit] = np.ravel(value)
        cell = CellWeights(w_ih.reshape(4 * self.units, -1), np.zeros((4 * self.units, self.units)))
        h_new, c_new = (new[:, self.unit].reshape(h.shape) for new in self.probe.step(cell, x, *states))
        return h_new, c_new

    def _call_as_units(self, z: Array, c: Array, h: Array) -> tuple[Array, Array]:
        """Return the same, by calls of one row: the gate sums are one column of w_ih, or a bias if no input enters."""
        sums, states = z.reshape(4, -1), [np.ravel(h), np.ravel(c)]
        found = list[tuple[Array, Array]]()
        for start in range(0, sums.shape[1], _TOGETHER):
            some = slice(start, start + _TOGETHER)
            cell, x = self.probe.free_units(sums[:, some])
            found.append(self.probe.step(cell, x, *(state[None, some] for state in states)))
        h_new, c_new = (np.concatenate(parts, 1).reshape(h.shape) for parts in zip(*found, strict=True))
        return h_new, c_new

    def of(self, values: Mapping[str, Array]) -> tuple[Array, Array]:
        """Return h' and c' (n,) for z0 ... z3, c and h (n,)."""
        values = add_peepholes(dict(values), self.peepholes, "c", -1.0)
        if any(state == "c'" for _, state in self.peepholes):
            new = self(np.stack([values[row] for row in ROWS]), values["c"], values["h"])[1]
            values = add_peepholes(values | {"c'": new}, self.peepholes, "c'", -1.0)
        return self(np.stack([values[row] for row in ROWS]), values["c"], values["h"])


def recover_step(probe: Probe, units: int = 1, unit: int = 0) -> Step:
    """Recover both equations, of one unit. Raises UnknownEquationError."""
    step, cell = _first_known([FreeStep(probe, units, unit, peepholes) for peepholes in _IN_CELL], _recover_cell)
    step, hidden = _first_known(
        [replace(step, peepholes=(*step.peepholes, *more)) for more in _IN_HIDDEN],
        lambda step: _recover_hidden(step, cell),
    )
    found = Step(cell, hidden, step.peepholes)
    values = _WHOLE.draw(np.random.default_rng(5), _NAMES, 300)
    sums, states = np.stack([values[row] for row in ROWS]), (values["c"], values["h"])
    got, exact = replace(step, peepholes=())(sums, *states), found(sums, *states)
    for name, equation, one, other in zip(("h'", "c'"), (hidden, cell), exact, got, strict=True):
        if not agrees(equation if cell.is_known else cell, one, other):
            raise UnknownEquationError(f"{name} has none of the known forms")
    return found


def _first_known(steps: Sequence[FreeStep], recover: Callable[[FreeStep], Expression]) -> tuple[FreeStep, Expression]:
    """Return the first step of which an equation is known, with it. Raises UnknownEquationError."""
    for step in steps:
        try:
            return step, recover(step)
        except UnknownEquationError as error:
            unknown = error
    raise unknown


def _recover_cell(step: FreeStep) -> Expression:
    def function(values: Values) -> Array:
        return step.of(values)[1]

    limit = _find_limit(function)
    terms = decompose(function, _NAMES, _find_region(function, limit))
    if terms is None:
        raise UnknownEquationError("c' is no sum of products of functions of single numbers")
    return Expression(terms, limit)


def _find_limit(function: Function) -> float:
    """What the values are clipped to: the largest one, if several are just as large."""
    size = np.abs(function(_WHOLE.draw(np.random.default_rng(6), _NAMES, 400)))
    return float(size.max()) if (size > size.max() * (1 - 1e-12)).sum() > 3 and size.max() > 0.0 else np.inf


def _find_region(function: Function, limit: float) -> Region:
    """Where nothing is clipped."""
    if np.isinf(limit):
        return replace(_WHOLE)
    rng = np.random.default_rng(6)
    for sums in (1.0, 0.5, 0.25):
        for states in (0.1, 0.02):
            region = Region({**dict.fromkeys(ROWS, sums), "c": states * limit, "h": min(1.0, states * limit)})
            wide = Region({name: reach / 0.75 for name, reach in region.reach.items()})
            if np.abs(function(wide.draw(rng, _NAMES, 400))).max() < 0.999 * limit:
                return region
    raise UnknownEquationError(f"c' is clipped to {limit:.6g} nearly everywhere")


def _recover_hidden(step: FreeStep, cell: Expression) -> Expression:
    """The simplest form, of the gate sums, h, and c' or c or something that has c in it."""
    best: Expression | None = None
    for found in _hidden_forms(step, cell):
        if found is not None and (best is None or found.size < best.size):
            best = found
        if best is not None and (best.is_flat or best.is_compound):
            break
    if best is None:
        raise UnknownEquationError("h' is no product of functions of gate sums and one of c', c or a part of c'")
    return best


def _hidden_forms(step: FreeStep, cell: Expression) -> Iterator[Expression | None]:
    by = next((name for name in ("c", "h") if any(term.curve_of(name) for term in cell.terms)), "c")
    first, *others = _arguments(cell, by)
    yield _try_argument(step, cell, first, by)
    if "z3" in dict(step.peepholes):  # that is enough of a change
        return
    yield _divide(step, cell)
    yield from (_try_argument(step, cell, argument, by) for argument in others)


def _arguments(cell: Expression, by: str) -> Iterator[Expression]:
    """What h' may be a function of, beside the gate sums and the other state."""
    new, old = Term(1.0, (("c'", IDENTITY),)), Term(1.0, ((by, IDENTITY),))
    yield Expression((new,))
    yield Expression((old,))
    yield from (Expression((term,)) for term in cell.terms if term.curve_of(by) and len(term.curves) > 1)
    yield Expression((new, old))


def _try_argument(step: FreeStep, cell: Expression, argument: Expression, by: str) -> Expression | None:
    """Write h' as a function of the gate sums, the states, and the argument in the place of one of them."""

    def value(values: Values) -> Array:
        return argument(values | {"c'": cell(values) if cell.is_known else step.of(values)[1]})

    def hidden(values: Values) -> Array:
        solved = _solve(value, values, by)
        return np.full_like(values["q"], np.nan) if solved is None else step.of(values | {by: solved})[0]

    limit = _find_limit(lambda values: step.of(values)[0])
    names = (*ROWS, "q", "h" if by == "c" else "c")
    for sums, reach, middle in _REGIONS:
        region = Region(
            {**_WHOLE.reach, **dict.fromkeys(ROWS, sums), "q": reach}, center={"q": middle} if middle else {}
        )
        largest = np.abs(hidden(region.draw(np.random.default_rng(12), names, 300))).max()
        if largest < 0.999 * limit:
            break
    else:
        return None
    terms = decompose(hidden, names, region)
    if terms is None:
        return None
    only = argument.terms[0].curves[0][0] if len(argument.terms) == 1 and len(argument.terms[0].curves) == 1 else ""
    return Expression(tuple(_put(term, "q", only or argument) for term in terms), limit)


def _divide(step: FreeStep, cell: Expression) -> Expression | None:
    """Where c' cannot be chosen: take a function of it out of h', and write what is left."""
    grid = _WHOLE.grid("c")
    values = {name: np.full_like(grid, 0.5) for name in (*ROWS, "h")} | {"c": grid}
    at, order = cell(values), np.argsort(cell(values))
    curve = norm(recognise(at[order], step.of(values)[0][order], up_to_factor=True))
    if not curve.is_known or curve.is_constant:
        return None

    def gate(values: Values) -> Array:
        by = curve(cell(values))
        return np.asarray(step.of(values)[0] / np.where(np.abs(by) < 1e-9, 1e-9, by))

    terms = decompose(gate, _NAMES, replace(_WHOLE))
    return None if terms is None else Expression(tuple(term.times("c'", curve) for term in terms))


def _put(term: Term, name: str, argument: str | Expression) -> Term:
    """Write an argument in the place of a variable."""

    def put(one: str | Expression) -> str | Expression:
        if isinstance(one, Expression):
            return one.map_terms(lambda inner: _put(inner, name, argument))
        return argument if one == name else one

    return Term(term.factor, tuple((put(one), curve) for one, curve in term.curves))


def _solve(value: Function, values: Values, by: str) -> Array | None:
    """The state at which a linear function of it is q; None if it is not linear, near 0 or far out."""
    q = values["q"]

    def at(c: Array) -> Array:
        return value(values | {by: c})

    with np.errstate(all="ignore"):
        found = np.full_like(q, np.nan)
        for start in (0.0, _FAR):
            first = at(np.full_like(q, start))
            line = start + (q - first) / (at(np.full_like(q, start + 1.0)) - first)
            found = np.where(np.abs(at(found) - q) <= 1e-11, found, line)
            if np.isfinite(found).all() and is_close(at(found), q, 1e-11):
                return found
    return None
