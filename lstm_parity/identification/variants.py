"""Equations that people write otherwise, as changes of nn.LSTM's: for given numbers, where nothing can be run.

Each changes one of seven things (the order of the gates, the forget gate's bias, the biases, the layout of weights, one
function, c', h'), so that those of different things can be combined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from lstm_parity.identification.curves.curve import IDENTITY, SIGMOID, TANH, Curve
from lstm_parity.identification.curves.functions import BASES, PLAIN
from lstm_parity.identification.equations import RECURRENT, Equations, usual_equations
from lstm_parity.identification.expressions.step import ROWS, Expression, Step, Term
from lstm_parity.identification.layouts import LAYOUTS
from lstm_parity.identification.sums import PARAMETERS, Read

_EYE = np.eye(4)
_I, _F, _G, _O = (("z0", SIGMOID), ("z1", SIGMOID), ("z2", TANH), ("z3", SIGMOID))
_C, _NEW = ("c", IDENTITY), ("c'", IDENTITY)
_NOT_F, _NOT_I = (("z1", replace(SIGMOID, factor=-1.0, offset=1.0)), ("z0", replace(SIGMOID, factor=-1.0, offset=1.0)))
_CELLS: tuple[tuple[tuple[tuple[str, Curve], ...], ...], ...] = (  # sums of products
    ((_F, _C), (_NOT_F, _G)),
    ((_NOT_I, _C), (_I, _G)),
    ((_C,), (_I, _G)),
    ((_F, _C), (_G,)),
    ((_C,), (_G,)),
    ((_I, _G),),
    ((_F, _C),),
    ((_F, _C), (_I, ("z2", IDENTITY))),
    ((_F, _C), (_F, _G)),
    ((_I, _C), (_I, _G)),
    ((_I, _C), (_F, _G)),
    ((_F, _C), (_O, _G)),
    ((_O, _C), (_I, _G)),
    ((_NOT_F, _C), (_I, _G)),
    ((_NOT_F, _C), (_F, _G)),
    ((_F, _C), (_I, _G), (_C,)),
    ((_F, ("h", IDENTITY)), (_I, _G)),
    ((_F, _C, _I), (_I, _G)),
    ((_F, ("c", TANH)), (_I, _G)),
    ((_F, _C), (_I, _G, _C)),
)
_HIDDENS: tuple[tuple[tuple[tuple[str, Curve], ...], ...], ...] = (
    ((_O, _NEW),),
    ((("c'", TANH),),),
    ((_O, ("c'", SIGMOID)),),
    ((_O, ("c", TANH)),),
    ((_O, _C),),
    ((_F, ("c'", TANH)),),
    ((_I, ("c'", TANH)),),
    ((_O, ("z2", TANH)),),
    ((_O, ("c'", TANH)), (("h", IDENTITY),)),
    ((_NEW,),),
)

_HARD = tuple(Curve("clip({}, -1, 1)", slope, factor=0.5, offset=0.5) for slope in (0.4, 1 / 3, 0.5))  # hard sigmoids


@dataclass(frozen=True, eq=False)
class Variant:
    """A change of one thing; is_common: one of those that are combined with others."""

    thing: str
    change: Callable[[Equations], Equations]
    is_common: bool = True


def list_variants() -> Iterator[Variant]:
    """Yield every change of one thing, the most common first."""
    yield from (reorder(order) for order in list(permutations(range(4)))[1:])
    for shift in (1.0, -1.0):
        yield Variant("forget bias", change_curve("f", replace(SIGMOID, shift=shift)))
    for factors in ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (2.0, 0.0), (0.0, 2.0), (2.0, 2.0)):
        yield Variant("biases", _weigh_biases(*factors))
    yield from (Variant("recurrent", _read_state(state), is_common=True) for state in list(RECURRENT)[1:])
    for names in (("w_ih", "w_hh"), ("w_hh",), ("w_ih",), PARAMETERS):
        for layout in list(LAYOUTS)[1:]:
            yield Variant("layout", _lay_out(names, layout), layout in ("interleaved", "transposed"))
    yield from (Variant("c'", _replace_step(cell=terms)) for terms in _CELLS)
    yield from (Variant("h'", _replace_step(hidden=terms)) for terms in _HIDDENS)
    yield from (Variant("gates", _change_gates(curve)) for curve in (*_HARD, *map(Curve, PLAIN)))
    yield from (Variant(gate, change_curve(gate, curve)) for curve in _HARD for gate in "ifo")
    for base in BASES:
        for place in ("i", "f", "g", "o", "c'"):
            yield Variant(place, change_curve(place, Curve(base)), base in PLAIN)


def reorder(order: tuple[int, ...]) -> Variant:
    """Return the variant that enters each block of rows into another gate: order holds the gate of each."""
    matrix = _EYE[:, list(np.argsort(order))].T @ _EYE

    def change(equations: Equations) -> Equations:
        sums = {n: replace(read, matrix=_rows(matrix @ np.array(read.matrix))) for n, read in equations.sums.items()}
        return replace(equations, sums=sums)

    return Variant("order", change)


def _rows(matrix: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in matrix)


def _weigh_biases(b_ih: float, b_hh: float) -> Callable[[Equations], Equations]:
    def change(equations: Equations) -> Equations:
        weighed = {
            name: replace(equations.sums[name], matrix=_rows(k * np.array(equations.sums[name].matrix)))
            for name, k in (("b_ih", b_ih), ("b_hh", b_hh))
        }
        return replace(equations, sums={**equations.sums, **weighed})

    return change


def _lay_out(names: tuple[str, ...], layout: str) -> Callable[[Equations], Equations]:
    def change(equations: Equations) -> Equations:
        laid: dict[str, Read] = {name: replace(equations.sums[name], layout=layout) for name in names}
        return replace(equations, sums={**equations.sums, **laid})

    return change


def change_curve(place: str, curve: Curve) -> Callable[[Equations], Equations]:
    """Put another function in the place of one: of a gate sum, or of c' in h'."""
    name, usual = ("c'", TANH) if place == "c'" else (ROWS["ifgo".index(place)], TANH if place == "g" else SIGMOID)

    def put(expression: Expression) -> Expression:
        return Expression(
            tuple(
                Term(t.factor, tuple((a, curve if (a, c) == (name, usual) else c) for a, c in t.curves))
                for t in expression.terms
            )
        )

    def change(equations: Equations) -> Equations:
        step = equations.step
        return replace(equations, step=Step(put(step.cell), put(step.hidden)))

    return change


def _read_state(state: str) -> Callable[[Equations], Equations]:
    """Multiply w_hh by another state."""
    return lambda equations: replace(equations, recurrent=state)


def _change_gates(curve: Curve) -> Callable[[Equations], Equations]:
    """Put one function in the place of all three sigmoids."""

    def change(equations: Equations) -> Equations:
        for gate in "ifo":
            equations = change_curve(gate, curve)(equations)
        return equations

    return change


def fitted_variants() -> Iterator[tuple[Callable[[float], Variant], Sequence[float]]]:
    """Yield variants with a number that is to be fitted, each with numbers to start from."""

    def of(place: str, make: Callable[[float], Curve]) -> Callable[[float], Variant]:
        return lambda k: Variant(place, _change_gates(make(k)) if place == "gates" else change_curve(place, make(k)))

    for place in ("i", "f", "g", "o", "c'", "gates"):
        usual = TANH if place in ("g", "c'") else SIGMOID
        for name, starts in (("slope", (1.0,)), ("shift", (0.0,)), ("factor", (1.0,)), ("offset", (0.0,))):
            yield of(place, lambda k, name=name, usual=usual: replace(usual, **{name: k})), starts  # type: ignore[misc]
        if usual is SIGMOID:
            yield of(place, lambda k: replace(_HARD[0], slope=k)), (0.6, 0.2)


def _replace_step(
    cell: tuple[tuple[tuple[str, Curve], ...], ...] | None = None,
    hidden: tuple[tuple[tuple[str, Curve], ...], ...] | None = None,
) -> Callable[[Equations], Equations]:
    def change(equations: Equations) -> Equations:
        old = equations.step
        parts = (
            given if terms is None else Expression(tuple(Term(1.0, curves) for curves in terms))
            for given, terms in ((old.cell, cell), (old.hidden, hidden))
        )
        return replace(equations, step=Step(next(parts), next(parts)))

    return change


def apply_variants(variants: tuple[Variant, ...]) -> Equations:
    """Return nn.LSTM's equations with these changes; those of c' and h' first, whose functions others replace."""
    equations = usual_equations()
    for variant in sorted(variants, key=lambda v: v.thing not in ("c'", "h'")):
        equations = variant.change(equations)
    return equations
