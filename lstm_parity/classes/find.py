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

from lstm_parity.classes.calling import Convention
from lstm_parity.classes.construct import (
    HIDDEN,
    PROJECTED,
    Constructor,
    UnknownClassError,
    build,
    find_constructor,
    find_width,
    list_sizes,
)
from lstm_parity.classes.declared import NOTHING, Declaration
from lstm_parity.classes.gradients.backward import Backward
from lstm_parity.classes.gradients.find import find_backward
from lstm_parity.classes.layouts.exact import computes_lstm
from lstm_parity.classes.layouts.layout import Layout, find_layouts, name_order
from lstm_parity.classes.tensors import held_tensors, own_tensors, put_tensors
from lstm_parity.classes.trials.calls import draw_inputs, try_conventions
from lstm_parity.classes.trials.uneven import Uneven, find_uneven
from lstm_parity.identification.expressions.step import GATES
from lstm_parity.reference.noise.model import Array

_PLACES = ((1, 1), (1, 2), (2, 1), (3, 1), (2, 2), (3, 2))  # layers and directions of a class that does not say


@dataclass(frozen=True, eq=False)
class Found:
    """How a class is used. layers, directions: those that it always has, where it has no argument for them.

    is_exact: whether it computes nn.LSTM with this layout, on small numbers; if not, others are the further ones that
    its shapes allow. one_dtype: whether it answers float64 to any input. layouts: those of other numbers of
    layers and directions that were found already. uneven: how rows of other lengths are given, if they can be.
    backward: the backward pass of a class that computes with NumPy, if its gradients are found.
    """

    constructor: Constructor
    convention: Convention
    layout: Layout
    layers: int
    directions: int
    is_exact: bool
    one_dtype: bool = False
    layouts: dict[tuple[int, int, bool, bool], Layout] = field(default_factory=dict)
    uneven: Uneven | None = None
    backward: Backward | None = None
    others: tuple[Layout, ...] = ()

    def with_layout(self, layout: Layout) -> Found:
        """Return it with another layout."""
        return replace(self, layout=layout, layouts={})

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Return the sizes of the first layer that was looked at: of what it reads, of c and of h."""
        return list_sizes(self.constructor, 1, 1, projected=self.constructor.is_projected)[0]

    def layout_for(self, layers: int, directions: int, bias: bool, projected: bool) -> Layout:
        """Return the layout in another number of layers and directions, with biases and a projection, or without.

        It is found once for each. Raises NotImplementedError if it is not known.
        """
        key = layers, directions, bias, projected
        if key not in self.layouts:
            self.layouts[key] = self._find_layout(*key)
        return self.layouts[key]

    def _find_layout(self, layers: int, directions: int, bias: bool, projected: bool) -> Layout:
        own = self.layers, self.directions, self.layout.biases > 0, self.constructor.is_projected
        if (layers, directions, bias, projected) == own:
            return self.layout
        more: dict[str, Any] = {"num_layers": layers, "bidirectional": directions == 2, "bias": bias}
        more |= {"proj_size": PROJECTED} if projected else {}
        try:
            made = build(
                self.constructor, **{role: value for role, value in more.items() if self.constructor.has(role)}
            )
        except UnknownClassError as error:  # one was constructed before
            raise NotImplementedError(str(error)) from error
        own_names = {*own_tensors(made), *(name for name, _ in self.layout.projections)}
        shapes = {name: tuple(value.shape) for name, value in held_tensors(made).items() if name in own_names}
        sizes = list_sizes(self.constructor, layers, directions, projected=projected)
        known = {reading for _, _, reading in self.layout.slots[0]}
        for layout in find_layouts(shapes, sizes, directions):
            if {reading for _, _, reading in layout.slots[0]} <= known and (layout.biases > 0) == bias:
                if projected and not self._is_called_projected(made, layers, directions):
                    raise NotImplementedError("a small call with a projection raises, or returns other shapes")
                return replace(layout, order=self.layout.order)
        given = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise NotImplementedError(f"which of its parameters is which is not known: {given}")

    def _is_called_projected(self, made: Any, layers: int, directions: int) -> bool:
        """Whether an instance with a projection can be called; arguments may be passed on to a class that has one."""
        convention = replace(self.convention, slots=layers * directions, directions=directions)
        x, h, c = draw_inputs(10, convention.slots, (self.sizes[0], HIDDEN, PROJECTED))
        try:
            with torch.no_grad():
                results = convention.call(made, x, (h, c) if convention.states else None)
        except Exception:  # the user's class
            return False
        return all(value.shape[-1] == (HIDDEN if name == "c" else PROJECTED * (directions if name == "output" else 1))
            for name, value in results.items())  # fmt: skip

    def describe(self) -> list[str]:
        """Say what was found, in a few lines."""
        fit = "" if self.is_exact else " (the nearest one: with none does it compute an LSTM)"
        order = f"gates in the order {', '.join(self.layout.order)}{fit}"
        more = [one.describe() for one in (self.uneven, self.backward) if one is not None]
        return [self.constructor.describe(), self.convention.describe(), *self.layout.describe(), order, *more]


def find_class(made: type, declared: Declaration = NOTHING) -> Found:
    """Find how a class is used, within what is declared. Raises UnknownClassError, which says how far that led."""
    constructor = find_constructor(made, declared.constructor, declared.arguments)
    stacks = constructor.has("num_layers") or constructor.has("bidirectional")
    places = [(1, 1)] if stacks else _PLACES
    sizes = list_sizes(constructor, 1, 1, projected=constructor.is_projected)[0]
    nearest, reasons, was_called = list[Found](), list[str](), False
    for layers, directions in places:
        instance = build(constructor)
        for convention, results in try_conventions(
            instance, sizes, layers * directions, directions, stacks, declared, reasons
        ):
            was_called = True
            for found in _fit(constructor, convention, instance, results, layers, directions, declared):
                if found.is_exact:
                    return _complete(found, declared)
                nearest.append(found)
    if not nearest:
        within = "" if declared is NOTHING else "; that is, within what is declared of it"
        raise UnknownClassError(_describe_unknown(constructor, was_called, reasons) + within)
    return _complete(_choose_nearest(nearest), declared)


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
    held = own_tensors(made)
    if constructor.is_projected and not _has_layout(held, constructor, layers, directions):
        held = held_tensors(made)  # the projection may be fixed
    tensors = {name: np.array(_array(value)) for name, value in held.items()}
    shapes = {name: value.shape for name, value in tensors.items()}
    sizes = list_sizes(constructor, layers, directions, projected=constructor.is_projected)
    candidates = list[Found]()
    for layout in filter(declared.allows_layout, find_layouts(shapes, sizes, directions)):
        order = declared.order or name_order(layout.slots[0])
        orders = list(dict.fromkeys([*([order] if order else []), *map("".join, permutations(GATES))]))
        orders = orders[:1] if declared.order else orders
        weights, projections = layout.read(tensors, sizes), layout.read_projections(tensors)
        exact = [one for one in orders if computes_lstm(weights, projections, one, results, directions)]
        found = Found(
            constructor, convention, replace(layout, order=(exact or orders)[0]), layers, directions, bool(exact)
        )
        if exact:
            yield found
            return
        candidates.append(found)
    yield from candidates


def _has_layout(held: Mapping[str, Any], constructor: Constructor, layers: int, directions: int) -> bool:
    """Whether tensors may be all weights, by their shapes."""
    shapes = {name: tuple(value.shape) for name, value in held.items()}
    sizes = list_sizes(constructor, layers, directions, projected=constructor.is_projected)
    return next(find_layouts(shapes, sizes, directions), None) is not None


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
    x, h, c = draw_inputs(5, convention.slots, found.sizes, 1)
    try:
        with torch.no_grad():
            one, two, three = (
                convention.call(copy.deepcopy(made), x, (h, c + step))["c"][0] for step in (0.0, 1.0, 2.0)
            )
    except Exception:  # the user's class
        return False
    return float((three - 2 * two + one).abs().max()) < 1e-9 < float((two - one).abs().max())


def _complete(found: Found, declared: Declaration) -> Found:
    """Find what a class offers beside plain calls in float64: float32, and rows of other lengths."""
    made = build(found.constructor)
    uneven = find_uneven(found.convention, made, found.sizes)
    backward = None
    if found.convention.is_numpy:
        method = str(declared.backward.get("method", ""))
        backward = find_backward(copy.deepcopy(made), found.convention, found.layout, found.sizes, method)
    return replace(found, one_dtype=not _answers_float32(found, made), uneven=uneven, backward=backward)


def _answers_float32(found: Found, made: Any) -> bool:
    """Whether it answers float32 in float32, with states and without, as far as it takes them."""
    if isinstance(made, nn.Module):
        made = copy.deepcopy(made).float()
    else:
        put_tensors(made, {name: value.astype(np.float32) for name, value in own_tensors(made).items()})
    x, h, c = (value.float() for value in draw_inputs(6, found.convention.slots, found.sizes))
    given = [(h, c)] * (found.convention.states is not None) + [None] * (not found.convention.required)
    try:
        with torch.no_grad():
            results = [value for hx in given for value in found.convention.call(made, x, hx).values()]
    except RuntimeError as error:  # of the user's class
        return "dtype" not in str(error)
    return all(value.dtype == torch.float32 for value in results)
