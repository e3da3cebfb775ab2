"""A vector as it is planned: its name, what it is for, its sizes, and what is changed about its plain numbers."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]  # the given arrays by torch's names, canonical: time first, always with a batch axis


def unchanged(arrays: Arrays) -> None:
    """The plain numbers stay."""


@dataclass(frozen=True)
class Vector:
    """`nn.LSTM`'s arguments, how it is called (batch None: unbatched), and a change made in place to the numbers."""

    name: str
    purpose: str
    input_size: int = 3
    hidden_size: int = 4
    num_layers: int = 1
    bias: bool = True
    batch_first: bool = False
    bidirectional: bool = False
    proj_size: int = 0
    time: int = 5
    batch: int | None = 2
    lengths: tuple[int, ...] | None = None
    enforce_sorted: bool = False
    states: bool = True
    change: Callable[[Arrays], None] = unchanged

    @property
    def suffixes(self) -> list[str]:
        """What torch appends to the names of parameters, in the order of the states: _l0, _l0_reverse, _l1, ..."""
        directions = ("", "_reverse") if self.bidirectional else ("",)
        return [f"_l{layer}{direction}" for layer in range(self.num_layers) for direction in directions]

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The arrays that are given, with their canonical shapes, in the order in which they are numbered."""
        h, p = self.hidden_size, self.proj_size or self.hidden_size
        for suffix in self.suffixes:
            inputs = self.input_size if suffix.startswith("_l0") else p * (1 + self.bidirectional)
            yield f"weight_ih{suffix}", (4 * h, inputs)
            yield f"weight_hh{suffix}", (4 * h, p)
            if self.bias:
                yield f"bias_ih{suffix}", (4 * h,)
                yield f"bias_hh{suffix}", (4 * h,)
            if self.proj_size:
                yield f"weight_hr{suffix}", (p, h)
        rows = self.batch or 1
        yield "input", (self.time, rows, self.input_size)
        if self.states:
            yield "h_0", (len(self.suffixes), rows, p)
            yield "c_0", (len(self.suffixes), rows, h)

    def arrays(self) -> Arrays:
        """All given numbers: sixteenths from -15/16 to 15/16 without 0, in matrices half of that; then changed."""
        stream = sixteenths(self.name)
        arrays = {}
        for name, shape in self.shapes():
            numbers = np.array([next(stream) for _ in range(int(np.prod(shape)))]).reshape(shape)
            arrays[name] = numbers / 2 if name.startswith("weight") else numbers
        self.change(arrays)
        return arrays


def states_of(name: str) -> Iterator[int]:
    """The endless states of Park and Miller's generator of 1988, started from the name's CRC-32."""
    state = crc32(name.encode()) % 2147483646 + 1
    while True:
        state = 16807 * state % 2147483647
        yield state


def sixteenths(name: str) -> Iterator[float]:
    """The endless numbers of a name."""
    for state in states_of(name):
        step = state % 30
        yield (step - 15 if step < 15 else step - 14) / 16


def changes(*parts: Callable[[Arrays], None]) -> Callable[[Arrays], None]:
    """Several changes, one after the other."""

    def change(arrays: Arrays) -> None:
        for part in parts:
            part(arrays)

    return change


def put(pattern: str, value: Any, where: Any = ...) -> Callable[[Arrays], None]:
    """Set (a part of) every array whose name matches, as file names match."""

    def change(arrays: Arrays) -> None:
        for name in matching(arrays, pattern):
            arrays[name][where] = value

    return change


def scale(pattern: str, factor: Any, where: Any = ...) -> Callable[[Arrays], None]:
    """Multiply (a part of) every array whose name matches."""

    def change(arrays: Arrays) -> None:
        for name in matching(arrays, pattern):
            arrays[name][where] *= factor

    return change


def matching(arrays: Arrays, pattern: str) -> list[str]:
    """The names that match. Raises KeyError where there is none, so that no change is without effect."""
    if not (found := fnmatch.filter(arrays, pattern)):
        raise KeyError(f"{pattern!r} was given, but the arrays are {', '.join(arrays)}")
    return found


def gate(letter: str, hidden_size: int = 4) -> slice:
    """The rows of a gate, i, f, g or o, in weights and biases."""
    k = "ifgo".index(letter)
    return slice(k * hidden_size, (k + 1) * hidden_size)


def only_gate(letter: str) -> Callable[[Arrays], None]:
    """Only this gate reads input and state; the others are what their biases say."""
    return changes(*(put("weight_*", 0.0, gate(other)) for other in "ifgo" if other != letter))
