"""The two equations of a step as values: sums of products of functions, each of one variable or of such a sum."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from lstm_parity.identification.curves.curve import IDENTITY, SIGMOID, TANH, Curve
from lstm_parity.reference.noise.model import Array

Values = dict[str, Array]  # of z0 ... z3, c and h, and of what is computed of them
Peepholes = tuple[tuple[str, str], ...]  # rows, each with the state, c or c', that is added to it
GATES = "ifgo"
ROWS = ("z0", "z1", "z2", "z3")


@dataclass(frozen=True)
class Term:
    """A product: a number, times functions of one variable or one expression each."""

    factor: float
    curves: tuple[tuple[str | Expression, Curve], ...] = ()

    def __call__(self, values: Values) -> Array:
        """Evaluate it."""
        factors = [
            curve(values[argument] if isinstance(argument, str) else argument(values))
            for argument, curve in self.curves
        ]
        if not factors:
            return np.full_like(next(iter(values.values())), self.factor)
        product = reduce(operator.mul, factors)
        return product if self.factor == 1.0 else self.factor * product

    @property
    def is_known(self) -> bool:
        """Whether every function in it has a name."""
        return all(curve.is_known for _, curve in self.all_curves())

    def all_curves(self) -> Iterator[tuple[str | Expression, Curve]]:
        """Yield its functions, and those inside their arguments."""
        for argument, curve in self.curves:
            yield argument, curve
            if isinstance(argument, Expression):
                yield from argument.all_curves()

    def curve_of(self, name: str) -> Curve | None:
        """Return the function of a variable, if it is in the product or inside it."""
        return next((curve for argument, curve in self.all_curves() if argument == name), None)

    def times(self, argument: str | Expression, curve: Curve) -> Term:
        """Return it times another function."""
        return replace(self, curves=(*self.curves, (argument, curve)))


@dataclass(frozen=True)
class Expression:
    """A sum of products; limit: what it is clipped to.

    choice: "max" or "min", if it is the larger or the smaller of the sum and the other expression.
    """

    terms: tuple[Term, ...]
    limit: float = np.inf
    other: Expression | None = None
    choice: str = ""

    def __call__(self, values: Values) -> Array:
        """Evaluate it."""
        zero = np.zeros_like(next(iter(values.values())))
        total = reduce(operator.add, [term(values) for term in self.terms]) if self.terms else zero
        if self.other is not None:
            total = (np.maximum if self.choice == "max" else np.minimum)(total, self.other(values))
        return total if self.limit == np.inf else np.clip(total, -self.limit, self.limit)

    @property
    def is_known(self) -> bool:
        """Whether every function in it has a name."""
        return all(curve.is_known for _, curve in self.all_curves())

    def all_curves(self) -> Iterator[tuple[str | Expression, Curve]]:
        """Yield the functions in it."""
        for term in self.terms:
            yield from term.all_curves()
        if self.other is not None:
            yield from self.other.all_curves()

    def map_terms(self, change: Callable[[Term], Term]) -> Expression:
        """Return it with every term changed."""
        other = None if self.other is None else self.other.map_terms(change)
        return replace(self, terms=tuple(change(term) for term in self.terms), other=other)

    @property
    def is_flat(self) -> bool:
        """Whether its functions are all of one variable."""
        return self.other is None and all(isinstance(a, str) for term in self.terms for a, _ in term.curves)

    @property
    def is_compound(self) -> bool:
        """Whether it has the larger or smaller of two expressions in it, or one over an expression."""
        inner = [(argument, curve) for argument, curve in self.all_curves() if isinstance(argument, Expression)]
        return self.other is not None or any(a.other is not None or curve.is_reciprocal for a, curve in inner)

    @property
    def size(self) -> int:
        """How many functions it is made of."""
        return len(self.terms) + sum(1 for _ in self.all_curves())


@dataclass(frozen=True)
class Step:
    """Both equations of a step; peepholes: the states that are added to gate sums before."""

    cell: Expression
    hidden: Expression
    peepholes: Peepholes = ()

    @property
    def is_known(self) -> bool:
        """Whether every function in it has a name."""
        return self.cell.is_known and self.hidden.is_known

    def __call__(self, z: Array, c: Array, h: Array) -> tuple[Array, Array]:
        """Return h' and c' for gate sums z (4, ...), c and h of the shape of one of them."""
        values: Values = {**dict(zip(ROWS, z, strict=True)), "c": c, "h": h}
        for state in ("c", "c'"):
            values = add_peepholes(values, self.peepholes, state, 1.0) if self.peepholes else values
            values["c'"] = self.cell(values) if state == "c" else values["c'"]
        return self.hidden(values), values["c'"]


def add_peepholes(values: Values, peepholes: Peepholes, state: str, sign: float) -> Values:
    """Add a state to the gate sums that it is looked at by."""
    return values | {row: values[row] + sign * values[one] for row, one in peepholes if one == state}


RIGHT = Step(
    Expression((Term(1.0, (("z1", SIGMOID), ("c", IDENTITY))), Term(1.0, (("z0", SIGMOID), ("z2", TANH))))),
    Expression((Term(1.0, (("z3", SIGMOID), ("c'", TANH))),)),
)
