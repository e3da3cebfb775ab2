"""What was found of a class: how it is constructed, called and filled, and its layouts for other numbers of layers."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from lstm_parity.classes.calling import Convention
from lstm_parity.classes.constructors.constructor import (
    HIDDEN,
    PROJECTED,
    Constructor,
    UnknownClassError,
    build,
    list_sizes,
)
from lstm_parity.classes.dropping.chance import NO_DROPPING, Dropping
from lstm_parity.classes.gradients.backward import Backward
from lstm_parity.classes.layouts.exact import computes_lstm
from lstm_parity.classes.layouts.layout import Layout, find_layouts
from lstm_parity.classes.tensors import held_tensors
from lstm_parity.classes.trials.calls import draw_inputs
from lstm_parity.classes.trials.uneven import Uneven
from lstm_parity.reference.noise.model import Array


@dataclass(frozen=True, eq=False)
class Found:
    """How a class is used. layers, directions: those that it always has, where it has no argument for them.

    is_exact: whether it computes nn.LSTM with this layout, on small numbers; if not, others are the further ones that
    its shapes allow. one_dtype: whether it answers float64 to any input. layouts: those of other numbers of
    layers and directions that were found already. uneven: how rows of other lengths are given, if they can be.
    backward: the backward pass of a class that computes with NumPy, if its gradients are found. computes_weights:
    whether weights are computed from others, by which they are rounded once more; once_alone: what computes them with
    second derivatives that are wrong, if something does. dropping: what it drops in train mode. mixes_units: whether
    what is no LSTM is a matrix, which is set to the identity.
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
    computes_weights: bool = False
    dropping: Dropping = NO_DROPPING
    once_alone: str = ""
    mixes_units: bool = False

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
        own_names = {*self.constructor.own_weights(made), *(name for name, _ in self.layout.projections)}
        shapes = {name: tuple(value.shape) for name, value in held_tensors(made).items() if name in own_names}
        sizes = list_sizes(self.constructor, layers, directions, projected=projected)
        known = {reading for _, _, reading in self.layout.slots[0]}
        options = [
            replace(layout, order=self.layout.order)
            for layout in find_layouts(shapes, sizes, directions)
            if {reading for _, _, reading in layout.slots[0]} <= known
            and (layout.biases > 0) == bias
            and [cut.of_one_slot for cut in layout.cuts[:1]] == [cut.of_one_slot for cut in self.layout.cuts[:1]]
        ]
        if options and projected and not self._is_called_projected(made, layers, directions):
            raise NotImplementedError("a small call with a projection raises, or returns other shapes")
        if options:
            return self._choose_exact(options, made, layers, directions, sizes)
        given = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise NotImplementedError(f"which of its parameters is which is not known: {given}")

    def _choose_exact(
        self, options: Sequence[Layout], made: Any, layers: int, directions: int, sizes: list[tuple[int, int, int]]
    ) -> Layout:
        """Return the layout with which an instance computes an LSTM; the first, if there is no other, or none does."""
        if len(options) == 1:
            return options[0]
        called = self._call(made, layers, directions, (self.sizes[0], *sizes[0][1:]))
        if called is None:
            return options[0]
        results = {name: value.numpy() for part in called for name, value in part.items()}
        tensors = {name: np.array(read_array(value)) for name, value in held_tensors(made).items()}
        for one in options:
            held, projections = one.read(tensors, sizes), one.read_projections(tensors, sizes)
            if computes_lstm(held, projections, one.order, results, directions):
                return one
        return options[0]

    def _is_called_projected(self, made: Any, layers: int, directions: int) -> bool:
        """Whether an instance with a projection can be called; arguments may be passed on to a class that has one."""
        called = self._call(made, layers, directions, (self.sizes[0], HIDDEN, PROJECTED))
        widths = {"output": PROJECTED * directions, "h": PROJECTED, "c": HIDDEN}
        return called is not None and all(value.shape[-1] == widths[name] for name, value in called[1].items())

    def _call(
        self, made: Any, layers: int, directions: int, sizes: tuple[int, int, int]
    ) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]] | None:
        """Return what a small call of an instance is given, and what it returns; None if it raises."""
        convention = replace(self.convention, slots=layers * directions, directions=directions)
        x, h, c = draw_inputs(10, convention.slots, sizes)
        try:
            with torch.no_grad():
                returned = convention.call(copy.deepcopy(made), x, (h, c) if convention.states else None)
        except Exception:  # the user's class
            return None
        return {"x": x, **({"h_0": h, "c_0": c} if convention.states else {})}, dict(returned)

    def describe(self) -> list[str]:
        """Say what was found, in a few lines."""
        fit = "" if self.is_exact else " (the nearest one: with none does it compute an LSTM)"
        order = f"gates in the order {', '.join(self.layout.order)}{fit}"
        more = [one.describe() for one in (self.uneven, self.backward) if one is not None]
        names = ", ".join(self.constructor.beside)
        beside = [f"no weights of an LSTM, and set so that they change nothing: {names}"] if names else []
        more += self.dropping.describe()
        return [self.constructor.describe(), self.convention.describe(), *self.layout.describe(), order, *beside, *more]


def read_array(value: Any) -> Array:
    """Return a tensor, or an array, as an array."""
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value
