"""A tensor that holds what others hold in several: one vector of all weights, or a projection beside the gates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, product
from typing import Any

import numpy as np
import torch

Sizes = Sequence[tuple[int, int, int]]  # of each layer and direction: the width of what it reads, of its c and of its h
Shape = tuple[int, ...]
_ORDERS = (("x", "h"), ("h", "x"), ("xh",), ("hx",))  # of matrices, each of the inputs and hidden units that it names


@dataclass(frozen=True)
class FlatCut:
    """A vector of all weights of all layers and directions.

    kinds: in order, what it has of each: a matrix of "x", "h" or both, or a bias "b". is_turned: whether matrices are
    (source, gate x unit). is_each: whether each gate has all these in turn. is_apart: whether the biases of all layers
    follow the matrices of all.
    """

    name: str
    kinds: tuple[str, ...]
    is_turned: bool
    is_each: bool
    is_apart: bool

    @property
    def of_one_slot(self) -> FlatCut:
        """Return it without what one layer in one direction does not show."""
        return replace(self, is_apart=False)

    def shapes(self, shape: Shape, sizes: Sizes) -> dict[str, Shape]:
        """Return the shapes of the parts, by names of their own, in the order in which they stand."""
        places = [(slot, gate, k) for slot, gate, k in product(range(len(sizes)), range(self._gates), self._numbers)]
        if self.is_apart:
            places.sort(key=lambda place: self.kinds[place[2]] == "b")
        return {f"{self.name}[{slot}.{gate}.{k}]": self._shape(sizes[slot], self.kinds[k]) for slot, gate, k in places}

    @property
    def _gates(self) -> int:
        return 4 if self.is_each else 1

    @property
    def _numbers(self) -> range:
        return range(len(self.kinds))

    def _shape(self, sizes: tuple[int, int, int], kind: str) -> Shape:
        inputs, hidden, recurrent = sizes
        rows = (1 if self.is_each else 4) * hidden
        if kind == "b":
            return (rows,)
        width = sum({"x": inputs, "h": recurrent}[source] for source in kind)
        return (width, rows) if self.is_turned else (rows, width)

    def split(self, value: Any, sizes: Sizes) -> dict[str, Any]:
        """Return the parts of a value, an array or a tensor."""
        shapes = self.shapes(tuple(value.shape), sizes)
        ends = [0, *accumulate(int(np.prod(shape)) for shape in shapes.values())]
        return {
            name: value[a:b].reshape(shape) for (name, shape), a, b in zip(shapes.items(), ends, ends[1:], strict=False)
        }

    def join(self, parts: Mapping[str, torch.Tensor], sizes: Sizes) -> torch.Tensor:
        """Return the tensor of these parts."""
        return torch.cat([parts[name].flatten() for name in self.shapes((), sizes)])


@dataclass(frozen=True)
class EndCut:
    """A matrix with the projection of h at one end of an axis. is_first: whether it is the first end."""

    name: str
    axis: int
    is_first: bool

    @property
    def of_one_slot(self) -> EndCut:
        """Return it: it is the same in every layer."""
        return self

    def shapes(self, shape: Shape, sizes: Sizes) -> dict[str, Shape]:
        """Return the shapes of the projection and of the rest, by names of their own, in order."""
        _, hidden, recurrent = sizes[0]
        own = recurrent if shape[1 - self.axis] == hidden else hidden
        lengths = [own, shape[self.axis] - own] if self.is_first else [shape[self.axis] - own, own]
        other = shape[1 - self.axis]
        return {f"{self.name}[{k}]": (n, other) if self.axis == 0 else (other, n) for k, n in enumerate(lengths)}

    def split(self, value: Any, sizes: Sizes) -> dict[str, Any]:
        """Return the parts of a value, an array or a tensor."""
        (one, shape), (two, _) = self.shapes(tuple(value.shape), sizes).items()
        at = shape[self.axis]
        return {one: value[:at], two: value[at:]} if self.axis == 0 else {one: value[:, :at], two: value[:, at:]}

    def join(self, parts: Mapping[str, torch.Tensor], sizes: Sizes) -> torch.Tensor:
        """Return the tensor of these parts."""
        return torch.cat([parts[f"{self.name}[{k}]"] for k in range(2)], self.axis)


Cut = FlatCut | EndCut


def list_cuts(shapes: Mapping[str, Shape], sizes: Sizes) -> Iterator[Cut]:
    """Yield the ways in which one tensor may be cut into several that are weights."""
    counts = {name: int(np.prod(shape)) for name, shape in shapes.items()}
    for name, shape in shapes.items():
        if sum(n > 1 for n in shape) <= 1 and len(shapes) == 1:
            yield from (cut for cut in _list_flat(name) if _count(cut, sizes) == counts[name])
        _, hidden, recurrent = sizes[0]
        if hidden != recurrent and len(shape) == 2:
            for axis, is_first in product((1, 0), (False, True)):
                if {shape[1 - axis]} <= {hidden, recurrent} and shape[axis] > hidden + recurrent:
                    yield EndCut(name, axis, is_first)


def _list_flat(name: str) -> Iterator[FlatCut]:
    for biases, matrices, is_before in product(range(3), _ORDERS, (False, True)):
        of_bias = ("b",) * biases
        kinds = (*of_bias, *matrices) if is_before else (*matrices, *of_bias)
        if not is_before or biases:
            for is_apart, is_turned, is_each in product((False, True), (False, True), (False, True)):
                yield FlatCut(name, kinds, is_turned, is_each, is_apart)


def _count(cut: FlatCut, sizes: Sizes) -> int:
    return sum(int(np.prod(shape)) for shape in cut.shapes((), sizes).values())
