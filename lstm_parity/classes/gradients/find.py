"""The backward pass of a class that computes with NumPy: found by small calls, and by the right gradients."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lstm_parity.classes.calling import Convention, StateForm
from lstm_parity.classes.gradients.backward import Backward, find_kept
from lstm_parity.classes.gradients.places import CELL, HIDDEN, INPUT, find_places, get_array, list_arrays
from lstm_parity.classes.layouts.exact import differentiate_lstm
from lstm_parity.classes.layouts.layout import Layout
from lstm_parity.classes.tensors import own_tensors
from lstm_parity.classes.trials.calls import Sizes, draw_inputs
from lstm_parity.classes.trials.conventions import list_forms, read_parameters
from lstm_parity.reference.noise.model import Array

_METHODS = r"back|bptt|(^|_)bprop|gradients?$|^grad$|^vjp$"
_OTHERS = r"zero|clip|reset|check|numerical|update"


def find_backward(made: Any, convention: Convention, layout: Layout, sizes: Sizes, method: str = "") -> Backward | None:
    """Find the backward pass of an instance; None if there is none whose gradients are found.

    method: its name, if it is declared. That which leaves most of the right gradients is taken.
    """
    needed = {"h", "c"} if convention.is_cell else {"output"}
    if (
        not convention.is_batched
        or convention.is_turned
        or not needed <= set(convention.returned)
        or layout.projections
    ):
        return None
    found = list[tuple[int, Backward]]()
    for one in _list_ways(made, convention, method):
        try:
            tried = _try_backward(one, made, layout, sizes)
        except Exception:  # the user's class, called wrongly
            continue
        found += [] if tried is None else [tried]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _list_ways(made: Any, convention: Convention, method: str) -> Iterator[Backward]:
    for name in [method] if method else _list_methods(made):
        if convention.is_cell:
            yield from _list_ways_of_cell(made, convention, name)
            continue
        _, *others = read_parameters(getattr(made, name))
        required = [p.name for p in others if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
        names = required or [p.name for p in others if p.kind is p.POSITIONAL_OR_KEYWORD][:2]
        forms: list[StateForm | None] = [*list_forms(names[:2], convention.slots, False), *([] if required else [None])]
        for states in forms:
            yield Backward(name, convention, states, {})


def _list_ways_of_cell(made: Any, convention: Convention, name: str) -> Iterator[Backward]:
    """The derivatives by both states, in either order or in a tuple, and what is kept."""
    parameters = read_parameters(getattr(made, name))
    required = [p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    for order in ("hc", "ch"):
        for form, count in (("two", 2), ("tuple", 1)):
            names, rest = required[:count], required[count:]
            if len(names) == count and len(rest) <= 1:
                states = StateForm(tuple(names), form, 2, order)
                yield Backward(name, convention, states, {}, rest[0] if rest else "")


def _list_methods(made: Any) -> list[str]:
    names = [name for one in type(made).__mro__[:-1] for name in vars(one) if callable(getattr(made, name, None))]
    own = [n for n in dict.fromkeys(names) if re.search(_METHODS, n.lower()) and not re.search(_OTHERS, n.lower())]
    return [name for name in own if not name.startswith("__") and read_parameters(getattr(made, name))]


def _try_backward(backward: Backward, made: Any, layout: Layout, sizes: Sizes) -> tuple[int, Backward] | None:
    """Return how many gradients are right, and where all are; None if one of x or of a parameter is not there."""
    convention, made = backward.convention, copy.deepcopy(made)
    x, h, c = draw_inputs(8, convention.slots, sizes)
    alone = convention.states is not None and convention.states.form == "h"
    c = torch.zeros_like(c) if alone else c
    states = (h, c) if convention.states else None
    tensors = {name: np.array(value) for name, value in own_tensors(made).items() if name in layout.names}
    x = x[:1] if convention.is_cell else x
    kept = find_kept(convention.raw(made, x, states)) if backward.cache else None
    results = convention.call(made, x, states)
    drawn = draw_inputs(9, convention.slots, (convention.directions * sizes[2], *sizes[1:]))
    d = dict(zip(("output", "h", "c"), drawn, strict=True))
    d = {name: value if name in backward.results else torch.zeros_like(value) for name, value in d.items()}
    if "h" not in results and "h" in backward.results:
        return None
    d["output"] = d["output"][: len(x)]
    returned = backward.run(made, d["output"], d["h"], d["c"], kept)
    exact = _differentiate(convention, layout, tensors, (x, states), d)
    shapes = {name: value.shape for name, value in exact.items()}
    wanted = {name: exact[name] for name in exact if states or name not in (HIDDEN, CELL)}
    places = find_places(list_arrays(returned, made, tuple(tensors)), shapes, wanted)
    places = {name: place for name, place in places.items() if name != CELL or not alone}
    right = sum(
        np.abs(get_array(p, returned, made).reshape(-1) - np.ravel(exact[n])).max() < 1e-9 for n, p in places.items()
    )
    missing = {INPUT, *tensors} - set(places)
    return None if missing else (int(right), replace(backward, places=places))


def _differentiate(
    convention: Convention, layout: Layout, tensors: Mapping[str, Array], inputs: Any, d: Mapping[str, Tensor]
) -> dict[str, Array]:
    """The right gradients of x and the states in the class's own axes, and of its parameters, if it is an LSTM."""
    x, states = inputs
    zeros = torch.zeros(convention.slots, x.shape[1], d["h"].shape[-1], dtype=x.dtype)
    h, c = states or (zeros, zeros)
    hidden = d["h"].shape[-1]
    sizes = [(x.shape[-1] if k < convention.directions else convention.directions * hidden, hidden, hidden)
        for k in range(convention.slots)]  # fmt: skip
    found, cells = differentiate_lstm(layout.read(tensors, sizes), layout.order, (x, h, c), d, convention.directions)
    alone = (
        [replace(cell, b_hh=torch.zeros(4 * cell.hidden_size, dtype=x.dtype)) for cell in cells]
        if layout.biases == 1
        else cells
    )
    own = layout.write({name: value.shape for name, value in tensors.items()}, alone)
    turned = {
        name: value.mT if convention.axes == "ibt" else value
        for name, value in zip((HIDDEN, CELL), found[1:], strict=True)
    }
    of_input = found[0][0] if convention.is_cell else found[0].permute(*("tbi".index(a) for a in convention.axes))
    moved = {INPUT: of_input, **turned}
    return {name: value.numpy() for name, value in {**moved, **own}.items()}
