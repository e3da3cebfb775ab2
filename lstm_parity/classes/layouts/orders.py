"""In which order the gates stand of an LSTM that is wrong, where no name says it and no single step can be asked.

Of all orders, that one is taken with which a single change explains the numbers: of the equations, of what is done
across the units, or of the connections.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations

from lstm_parity.identification.across import across_steps
from lstm_parity.identification.connections.changes import known_changes
from lstm_parity.identification.connections.wired import Wired
from lstm_parity.identification.equations import Equations, usual_equations
from lstm_parity.identification.expressions.step import GATES
from lstm_parity.identification.numbers.given import Given
from lstm_parity.identification.variants import apply_variants, list_variants, reorder

_ORDERS = tuple(permutations(range(4)))


def find_order(cases: Sequence[Given]) -> str | None:
    """Return the letter of each block of rows in turn; None if no single change explains the cases in any order."""
    first = cases[0]
    for order, model in _list_models(cases):
        may_be = bool(model.changes) or first.may_be_returned_by(model.equations)
        if may_be and all(case.is_returned_by(model) for case in cases):
            return "".join(GATES[place] for place in order)
    return None


def _list_models(cases: Sequence[Given]) -> Iterator[tuple[tuple[int, ...], Wired]]:
    first = cases[0]
    usual = {order: reorder(order).change(usual_equations()) for order in _ORDERS}
    for order in _ORDERS:
        yield from ((order, Wired(equations)) for equations in (usual[order], *_list_equations(order)))
    for order in _ORDERS:
        for across in across_steps():
            yield order, Wired(replace(usual[order], run=across))
    changes = list(known_changes(first.weights.num_layers, first.weights.num_directions))
    for order in _ORDERS:
        if any(_is_right_somewhere(case, usual[order]) for case in cases):
            yield from ((order, Wired(usual[order], (change,))) for change in changes)


def _list_equations(order: tuple[int, ...]) -> Iterator[Equations]:
    for variant in list_variants():
        if variant.is_common and variant.thing != "order":
            yield apply_variants((reorder(order), variant))


def _is_right_somewhere(case: Given, equations: Equations) -> bool:
    """Whether equations give some of the numbers: if not, connections alone explain none."""
    found = Wired(equations)(case.weights, case.x, case.h_0, case.c_0)
    named = dict(zip(("output", "h_n", "c_n"), found, strict=True))
    return any(case.find_near(name, named[name]).any() for name in case.results)
