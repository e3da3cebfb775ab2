"""The two equations of a step as values: sums of products of functions of one number each, in an outer function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstm_parity.identification.curves import SIGMOID, TANH, Curve
from lstm_parity.reference.noise.model import Array

Values = dict[str, Array]  # of z0 ... z3, c and h, and of what is computed of them
ROWS = ("z0", "z1", "z2", "z3")


@dataclass(frozen=True)
class Term:
    """A product: a number, times functions of one variable each."""

    factor: float
    curves: tuple[tuple[str, Curve], ...]

    def __call__(self, values: Values) -> Array:
        """Evaluate it."""
        product = np.full_like(values["c"], self.factor)
        for name, curve in self.curves:
            product = product * curve(values[name])
        return product

    @property
    def is_known(self) -> bool:
        """Whether every function in it has a name."""
        return all(curve.is_known for _, curve in self.curves)

    def curve_of(self, name: str) -> Curve | None:
        """Return the function of a variable, if it is in the product."""
        return dict(self.curves).get(name)


Outer = tuple[str, Callable[[Array], Array], Callable[[Array], Array]]
OUTER: tuple[Outer, ...] = (  # how it is written, what it computes, what undoes it
    ("{}", lambda y: y, lambda y: y),
    ("tanh({})", np.tanh, lambda y: np.arctanh(np.clip(y, -1.0 + 1e-16, 1.0 - 1e-16))),
)


@dataclass(frozen=True)
class Expression:
    """A sum of products inside an outer function; limit: what it is clipped to."""

    terms: tuple[Term, ...]
    outer: str = "{}"
    limit: float = np.inf

    def __call__(self, values: Values) -> Array:
        """Evaluate it."""
        total = np.sum([term(values) for term in self.terms], 0)
        function = next(function for text, function, _ in OUTER if text == self.outer)
        return np.asarray(np.clip(function(total), -self.limit, self.limit))


@dataclass(frozen=True)
class Step:
    """Both equations of a step."""

    cell: Expression
    hidden: Expression

    @property
    def is_known(self) -> bool:
        """Whether every function in it has a name."""
        return all(term.is_known for term in (*self.cell.terms, *self.hidden.terms))

    def __call__(self, z: Array, c: Array, h: Array) -> tuple[Array, Array]:
        """Return h' and c' for gate sums z (4, ...), c and h of the shape of one of them."""
        values: Values = {**dict(zip(ROWS, z, strict=True)), "c": c, "h": h}
        values["c'"] = self.cell(values)
        values |= {f"part{k}": term(values) for k, term in enumerate(self.cell.terms)}
        return self.hidden(values), values["c'"]


RIGHT = Step(
    Expression((Term(1.0, (("z1", SIGMOID), ("c", Curve("{}")))), Term(1.0, (("z0", SIGMOID), ("z2", TANH))))),
    Expression((Term(1.0, (("z3", SIGMOID), ("c'", TANH))),)),
)
