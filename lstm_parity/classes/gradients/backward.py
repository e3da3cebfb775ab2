"""How the backward pass of an instance is called, and what it leaves."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lstm_parity.classes.calling import Convention, StateForm
from lstm_parity.classes.gradients.places import CELL, HIDDEN, INPUT, Place, get_array
from lstm_parity.classes.results import unpermute
from lstm_parity.implementations.from_numpy import to_arrays


@dataclass(frozen=True, eq=False)
class Backward:
    """The backward pass of a class.

    method: its name. convention: of the calls that it is the backward pass of. states: how the derivatives of h_n and
    c_n are given; None if they are not. places: of the gradients of x, h_0 and c_0, and of the class's own parameters.
    cache: of a cell, the name of the parameter for what its call returned beside the states; empty if it has none.
    """

    method: str
    convention: Convention
    states: StateForm | None
    places: Mapping[str, Place]
    cache: str = ""

    @property
    def results(self) -> tuple[str, ...]:
        """Return the results whose derivatives are given, of "output", "h" and "c"."""
        if self.convention.is_cell:
            return ("h", "c")
        if self.states is None:
            return ("output",)
        return ("output", "h") if self.states.form == "h" else ("output", "h", "c")

    def run(self, made: Any, output: Tensor, h: Tensor, c: Tensor, kept: Any = None) -> Any:
        """Call it with the derivatives by output (T, B, H), h_n and c_n (slots, B, H); return what it returns.

        That of a cell takes none by output, and perhaps what was kept of its call.
        """
        if self.convention.is_cell:
            given: Any = {} if self.states is None else self.states.arguments(h.clone(), c.clone())
            return getattr(made, self.method)(**to_arrays(given | ({self.cache: kept} if self.cache else {})))
        axes = self.convention.axes
        h, c = (h.mT, c.mT) if axes == "ibt" else (h, c)
        given = output.permute(*("tbi".index(axis) for axis in axes)).contiguous()
        given = list(given) if self.convention.recipe is not None and self.convention.recipe.steps else given
        named = {} if self.states is None else self.states.arguments(h.clone(), c.clone())
        return getattr(made, self.method)(to_arrays(given), **to_arrays(named))

    def collect(self, returned: Any, made: Any, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
        """Return the gradients by name, in the shapes of x (T, B, I), the states (slots, B, H) and the parameters."""
        found = dict[str, Tensor]()
        for name, place in self.places.items():
            value = torch.from_numpy(copy.deepcopy(get_array(place, returned, made)))
            if name == INPUT and not self.convention.is_cell:
                value = unpermute(value, self.convention.axes)
            elif name in (HIDDEN, CELL) and self.convention.axes == "ibt":
                value = value.mT
            found[name] = value.reshape(shapes[name])
        return found

    def describe(self) -> str:
        """Say how it is called, and where gradients are."""
        given = ", ".join({"h": "h_n", "c": "c_n"}.get(name, name) for name in self.results)
        left = "; ".join(f"of {name} in {place.describe()}" for name, place in self.places.items())
        return f"{self.method}: the derivatives by {given}; gradients {left}"


def find_kept(returned: Any) -> Any:
    """Return what a call of a cell returns for its backward pass: the last of its results, if that is no array."""
    last = returned[-1] if isinstance(returned, tuple) else None
    return None if isinstance(last, Tensor) else last
