"""Everything about a class: how it is constructed, called and filled, found on small numbers."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import torch
from torch import nn

from lstm_parity.classes.calling import Convention
from lstm_parity.classes.computed import find_once_differentiable, has_computed
from lstm_parity.classes.constructors.constructor import (
    HIDDEN,
    Constructor,
    UnknownClassError,
    build,
    find_constructor,
    find_width,
    list_sizes,
)
from lstm_parity.classes.declared import NOTHING, Declaration
from lstm_parity.classes.dropped import find_dropping
from lstm_parity.classes.found import Found, read_array
from lstm_parity.classes.gradients.find import find_backward
from lstm_parity.classes.layouts.beside import is_among, list_beside
from lstm_parity.classes.layouts.exact import computes_lstm
from lstm_parity.classes.layouts.layout import find_layouts, name_order
from lstm_parity.classes.tensors import held_tensors, own_tensors, put_tensors
from lstm_parity.classes.trials.calls import draw_inputs, try_conventions
from lstm_parity.classes.trials.uneven import find_uneven, limit_uneven
from lstm_parity.identification.expressions.step import GATES
from lstm_parity.reference.noise.model import Array

_PLACES = ((1, 1), (1, 2), (2, 1), (3, 1), (2, 2), (3, 2))  # layers and directions of a class that does not say


def find_class(made: Any, declared: Declaration = NOTHING) -> Found:
    """Find how a class, an object or what a function returns is used, within what is declared.

    Raises UnknownClassError, which says how far that led.
    """
    constructor = find_constructor(made, declared.constructor, declared.arguments)
    stacks = constructor.has("num_layers") or constructor.has("bidirectional")
    places = [(1, 1)] if stacks else _PLACES
    nearest, reasons, was_called = list[Found](), list[str](), False
    tried = [(place, one) for place in places for one in _leave_out(constructor, *place)]
    for (layers, directions), whole in tried or [((1, 1), constructor)]:
        instance = build(whole)
        sizes = list_sizes(whole, 1, 1, projected=whole.is_projected)[0]
        for convention, results in try_conventions(
            instance, sizes, layers * directions, directions, stacks, declared, reasons
        ):
            was_called = True
            for found in _fit(whole, convention, instance, results, layers, directions, declared):
                if found.is_exact:
                    return _complete(found, declared)
                nearest.append(found)
    if not nearest:
        within = "" if declared is NOTHING else "; that is, within what is declared of it"
        raise UnknownClassError(_describe_unknown(constructor, was_called, reasons) + within)
    return _complete(_choose_nearest(nearest), declared)


def _leave_out(constructor: Constructor, layers: int, directions: int) -> Iterator[Constructor]:
    """Yield it with what may be no weights of an LSTM; nothing if what is left has not the shapes of one."""
    made, sizes = build(constructor), list_sizes(constructor, layers, directions, projected=constructor.is_projected)
    shapes = [{name: tuple(v.shape) for name, v in held.items()} for held in (own_tensors(made), held_tensors(made))]
    options = next((found for one in shapes if (found := [*list_beside(one, sizes, directions)])), None)
    if options is None and constructor.is_projected:
        yield constructor
        yield from _leave_out(constructor.without_projection(), layers, directions)
    for names in options or ():
        yield replace(constructor, beside=names)
        if names:
            yield replace(constructor, beside=names, with_ones=False)


def _describe_unknown(constructor: Constructor, was_called: bool, reasons: Sequence[str]) -> str:
    """Say why nothing was found; was_called: whether a call returned what may be an LSTM's; reasons: of those not."""
    name = constructor.name
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
    held = constructor.own_weights(made)
    if constructor.is_projected and not _has_layout(held, constructor, layers, directions):
        held = held_tensors(made)  # the projection may be fixed
    tensors = {name: np.array(read_array(value)) for name, value in held.items()}
    shapes = {name: value.shape for name, value in tensors.items()}
    sizes = list_sizes(constructor, layers, directions, projected=constructor.is_projected)
    candidates = list[Found]()
    for layout in filter(declared.allows_layout, find_layouts(shapes, sizes, directions)):
        order = declared.order or name_order(layout.slots[0])
        orders = list(dict.fromkeys([*([order] if order else []), *map("".join, permutations(GATES))]))
        orders = orders[:1] if declared.order else orders
        weights, projections = layout.read(tensors, sizes), layout.read_projections(tensors, sizes)
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


def _choose_nearest(found: Sequence[Found]) -> Found:
    """Of layouts of which none is exact, those of the first call that has states and returns most."""

    def worth(one: Found) -> tuple[bool, bool, int]:
        convention = one.convention
        return convention.states is not None, convention.is_batched, len(convention.returned)

    most = max(map(worth, found))
    each = {id(one.convention): one for one in reversed(found) if worth(one) == most}  # the first of each
    best = max(reversed(each.values()), key=_is_linear_in_c) if len(each) > 1 else next(iter(each.values()))
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
    if uneven is not None and found.constructor.has("num_layers") and not found.convention.is_packed:
        uneven = limit_uneven(uneven, build(found.constructor, num_layers=2), found.sizes)
    backward = None
    if found.convention.is_numpy:
        method = str(declared.backward.get("method", ""))
        backward = find_backward(copy.deepcopy(made), found.convention, found.layout, found.sizes, method)
    found = replace(found, computes_weights=has_computed(made), once_alone=find_once_differentiable(made))
    beside = [value for name, value in own_tensors(made).items() if is_among(name, found.constructor.beside)]
    found = replace(found, dropping=find_dropping(found), mixes_units=any(value.ndim == 2 for value in beside))
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
