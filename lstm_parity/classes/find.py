"""Everything about a class: how it is constructed, called and filled, found on small numbers."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

import numpy as np
import torch
from torch import nn

from lstm_parity.classes.calling import Convention, list_conventions
from lstm_parity.classes.construct import (
    HIDDEN,
    Constructor,
    UnknownClassError,
    build,
    find_constructor,
    find_width,
    list_widths,
)
from lstm_parity.classes.declared import NOTHING, Declaration
from lstm_parity.classes.exact import computes_lstm
from lstm_parity.classes.layout import Layout, find_layouts, name_order
from lstm_parity.classes.results import find_recipe
from lstm_parity.classes.tensors import own_tensors, put_tensors
from lstm_parity.identification.expressions.step import GATES
from lstm_parity.reference.noise.model import Array

_STEPS, _ROWS = 4, 2  # and other sizes, no two alike: INPUT and HIDDEN
_PLACES = ((1, 1), (1, 2), (2, 1), (3, 1), (2, 2), (3, 2))  # layers and directions of a class that does not say


@dataclass(frozen=True, eq=False)
class Found:
    """How a class is used. layers, directions: those that it always has, where it has no argument for them.

    is_exact: whether it computes nn.LSTM with this layout, on small numbers; if not, others are the further ones that
    its shapes allow. one_dtype: whether it answers float64 to any input. layouts: those of other numbers of
    layers and directions that were found already.
    """

    constructor: Constructor
    convention: Convention
    layout: Layout
    layers: int
    directions: int
    is_exact: bool
    one_dtype: bool = False
    layouts: dict[tuple[int, int, bool], Layout] = field(default_factory=dict)
    others: tuple[Layout, ...] = ()

    def with_layout(self, layout: Layout) -> Found:
        """Return it with another layout."""
        return replace(self, layout=layout, layouts={})

    def layout_for(self, layers: int, directions: int, bias: bool) -> Layout:
        """Return the layout in another number of layers and directions, with biases or without; found once for each.

        Raises NotImplementedError if it is not known.
        """
        key = layers, directions, bias
        if key not in self.layouts:
            self.layouts[key] = self._find_layout(*key)
        return self.layouts[key]

    def _find_layout(self, layers: int, directions: int, bias: bool) -> Layout:
        if (layers, directions, bias) == (self.layers, self.directions, self.layout.biases > 0):
            return self.layout
        more = {"num_layers": layers, "bidirectional": directions == 2, "bias": bias}
        try:
            made = build(
                self.constructor, **{role: value for role, value in more.items() if self.constructor.has(role)}
            )
        except UnknownClassError as error:  # one was constructed before
            raise NotImplementedError(str(error)) from error
        shapes = {name: tuple(value.shape) for name, value in own_tensors(made).items()}
        widths = list_widths(self.constructor, layers, directions)
        known = {reading for _, _, reading in self.layout.slots[0]}
        for layout in find_layouts(shapes, widths, HIDDEN, directions):
            if {reading for _, _, reading in layout.slots[0]} <= known and (layout.biases > 0) == bias:
                return replace(layout, order=self.layout.order)
        given = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise NotImplementedError(f"which of its parameters is which is not known: {given}")

    def describe(self) -> list[str]:
        """Say what was found, in a few lines."""
        fit = "" if self.is_exact else " (the nearest one: with none does it compute an LSTM)"
        order = f"gates in the order {', '.join(self.layout.order)}{fit}"
        return [self.constructor.describe(), self.convention.describe(), *self.layout.describe(), order]


def find_class(made: type, declared: Declaration = NOTHING) -> Found:
    """Find how a class is used, within what is declared. Raises UnknownClassError, which says how far that led."""
    constructor = find_constructor(made, declared.constructor, declared.arguments)
    stacks = constructor.has("num_layers") or constructor.has("bidirectional")
    places = [(1, 1)] if stacks else _PLACES
    width = find_width(constructor)
    nearest, reasons, was_called = list[Found](), list[str](), False
    for layers, directions in places:
        instance = build(constructor)
        for convention, results in _try_conventions(
            instance, width, layers * directions, directions, stacks, declared, reasons
        ):
            was_called = True
            for found in _fit(constructor, convention, instance, results, layers, directions, declared):
                if found.is_exact:
                    return _look_at_dtype(found)
                nearest.append(found)
    if not nearest:
        within = "" if declared is NOTHING else "; that is, within what is declared of it"
        raise UnknownClassError(_describe_unknown(constructor, was_called, reasons) + within)
    return _look_at_dtype(_choose_nearest(nearest))


def _describe_unknown(constructor: Constructor, was_called: bool, reasons: Sequence[str]) -> str:
    """Say why nothing was found; was_called: whether a call returned what may be an LSTM's; reasons: of those not."""
    name = constructor.made.__name__
    if not was_called:
        why = next(iter(reasons), "no call returned what may be the output or the states of an LSTM")
        return f"{name} was constructed, but no way was found to call it: {why}"
    shapes = ", ".join(f"{own} {tuple(v.shape)}" for own, v in own_tensors(build(constructor)).items())
    return (
        f"{name} was constructed and called, but its parameters are not the weights of four gates in a known layout: "
        f"with {find_width(constructor)} inputs and {HIDDEN} units they are {shapes}"
    )


def _try_conventions(
    made: Any, width: int, slots: int, directions: int, stacks: bool, declared: Declaration, reasons: list[str]
) -> Iterator[tuple[Convention, dict[str, Array]]]:
    """Yield the ways of calling that return what may be an LSTM's, each with what that is."""
    with_states = False
    for convention in list_conventions(made, slots, directions, stacks=stacks):
        if convention.states is None and with_states:  # how states are given is known: they are never left out
            continue
        if not declared.allows_call(convention):
            continue
        try:
            tried = _try_convention(convention, made, width, declared)
        except Exception as error:  # the user's class, called wrongly
            reasons.append(f"called on x with axes {convention.axes}, it raised {type(error).__name__}: {error}")
            continue
        if tried is not None:
            with_states = with_states or convention.states is not None
            yield tried


def _try_convention(
    convention: Convention, made: Any, width: int, declared: Declaration
) -> tuple[Convention, dict[str, Array]] | None:
    """Call a copy of an instance; None if what it returns is not an LSTM's, or depends on other rows of the batch."""
    rng = np.random.default_rng(4)
    x = torch.from_numpy(rng.standard_normal((_STEPS, _ROWS, width)))
    h, c = (torch.from_numpy(rng.standard_normal((convention.slots, _ROWS, HIDDEN))) for _ in range(2))
    if convention.states and convention.states.form == "h":
        c = torch.zeros_like(c)
    states = (h, c) if convention.states else None
    other = x.clone()
    other[:, 0] += 1.0
    with torch.no_grad():
        returned = convention.raw(copy.deepcopy(made), x, states)
        recipe = declared.declare_results(find_recipe(returned, convention, _STEPS, _ROWS, HIDDEN))
        if recipe is None:
            return None
        complete = replace(convention, recipe=recipe)
        results, moved = (complete.call(copy.deepcopy(made), one, states) for one in (x, other))
        if not _keeps_rows_apart(results, moved) or not _reads_states(complete, made, x, states, results):
            return None
        if not complete.is_cell and not _remembers(complete, made, x, states, results):
            return None
    inputs = {"x": x, **({"h_0": h, "c_0": c} if states else {})}
    return complete, {name: value.numpy() for name, value in {**inputs, **results}.items()}


def _keeps_rows_apart(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    """Whether another row 0 of x changes row 0 of the results, and no other."""
    return _moves_row_alone(one, other, 0)


def _moves_row_alone(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor], row: int) -> bool:
    """Whether two results differ in a row of the batch, and in no other."""
    moved = torch.stack([(one[name] - other[name]).abs().amax((0, 2)) for name in one]).amax(0) != 0.0
    return bool(moved[row]) and int(moved.sum()) == 1


def _remembers(
    convention: Convention, made: Any, x: torch.Tensor, states: Any, results: Mapping[str, torch.Tensor]
) -> bool:
    """Whether a step changes the output of another."""
    if "output" not in results:
        return True
    for step, others in ((0, slice(1, None)), (-1, slice(-1))):
        other = x.clone()
        other[step] += 1.0
        if not torch.equal(
            convention.call(copy.deepcopy(made), other, states)["output"][others], results["output"][others]
        ):
            return True
    return False


def _reads_states(
    convention: Convention, made: Any, x: torch.Tensor, states: Any, results: Mapping[str, torch.Tensor]
) -> bool:
    """Whether the states of a row change its results, and no other row's."""
    if states is None:
        return True
    given = tuple(state.clone() for state in states)
    for state in given:
        state[:, -1] += 1.0
    other = convention.call(copy.deepcopy(made), x, given)
    return _moves_row_alone(results, other, _ROWS - 1)


def _fit(
    constructor: Constructor,
    convention: Convention,
    made: Any,
    results: Mapping[str, Array],
    layers: int,
    directions: int,
    declared: Declaration,
) -> Iterator[Found]:
    """Yield the exact layout alone, or all of them where none is."""
    tensors = {name: np.array(_array(value)) for name, value in own_tensors(made).items()}
    shapes = {name: value.shape for name, value in tensors.items()}
    widths = list_widths(constructor, layers, directions)
    candidates = list[Found]()
    for layout in filter(declared.allows_layout, find_layouts(shapes, widths, HIDDEN, directions)):
        order = declared.order or name_order(layout.slots[0])
        orders = list(dict.fromkeys([*([order] if order else []), *map("".join, permutations(GATES))]))
        orders = orders[:1] if declared.order else orders
        held = layout.read(tensors, widths, HIDDEN)
        exact = [one for one in orders if computes_lstm(held, one, results, directions)]
        found = Found(
            constructor, convention, replace(layout, order=(exact or orders)[0]), layers, directions, bool(exact)
        )
        if exact:
            yield found
            return
        candidates.append(found)
    yield from candidates


def _array(value: Any) -> Array:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def _choose_nearest(found: Sequence[Found]) -> Found:
    """Of layouts of which none is exact, those of the first call that has states and returns most."""

    def worth(one: Found) -> tuple[bool, bool, int, bool]:
        convention = one.convention
        given = convention.states is not None
        return given, convention.is_batched, len(convention.returned), _is_linear_in_c(one)

    best = max(found, key=worth)
    same = [one for one in found if one.convention is best.convention]
    return replace(best, others=tuple(one.layout for one in same[1:]))


def _is_linear_in_c(found: Found) -> bool:
    """Whether the new c grows evenly with the old one, as f * c does: then it is no h that is taken for c."""
    convention, made = found.convention, build(found.constructor)
    if convention.states is None or "c" not in convention.returned:
        return False
    rng = np.random.default_rng(5)
    x = torch.from_numpy(rng.standard_normal((1, _ROWS, find_width(found.constructor))))
    h, c = (torch.from_numpy(rng.standard_normal((convention.slots, _ROWS, HIDDEN))) for _ in range(2))
    try:
        with torch.no_grad():
            one, two, three = (
                convention.call(copy.deepcopy(made), x, (h, c + step))["c"][0] for step in (0.0, 1.0, 2.0)
            )
    except Exception:  # the user's class
        return False
    return float((three - 2 * two + one).abs().max()) < 1e-9 < float((two - one).abs().max())


def _look_at_dtype(found: Found) -> Found:
    """Whether it answers float32 in float32."""
    made = build(found.constructor)
    if not isinstance(made, nn.Module):
        put_tensors(made, {name: value.astype(np.float32) for name, value in own_tensors(made).items()})
        x = torch.zeros(_STEPS, _ROWS, find_width(found.constructor))
        states = torch.zeros(found.convention.slots, _ROWS, HIDDEN)
        results = found.convention.call(made, x, (states, states) if found.convention.states else None)
        return replace(found, one_dtype=any(value.dtype != torch.float32 for value in results.values()))
    return found
