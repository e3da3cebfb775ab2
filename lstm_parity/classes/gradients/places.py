"""Where the gradients of x, of the states and of the parameters are after a backward pass: by value, name and shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_parity.classes.tensors import list_places
from lstm_parity.reference.noise.model import Array

INPUT, HIDDEN, CELL = "x", "h_0", "c_0"
_OF = {INPUT: r"x|xs|input|inputs|inp", HIDDEN: r"h|h_?0|h_?prev|hidden|a|a0", CELL: r"c|c_?0|c_?prev|cell"}
_EXACT = 1e-9


@dataclass(frozen=True)
class Place:
    """Where an array is: a path into what was returned, or the name of what an instance holds."""

    path: tuple[Any, ...] = ()
    held: str = ""

    @property
    def name(self) -> str:
        """Return its own name, in lower case; empty if it has only a number."""
        words = [self.held.rpartition(".")[2]] if self.held else [key for key in self.path if isinstance(key, str)]
        return words[-1].lower() if words else ""

    def describe(self) -> str:
        """Say where it is."""
        return f"self.{self.held}" if self.held else "returned" + "".join(f"[{key!r}]" for key in self.path)


def list_arrays(returned: Any, made: Any, parameters: Sequence[str]) -> dict[Place, Array]:
    """Return the arrays that were returned, then those that an instance holds, without its parameters."""
    found = {Place(path): value for path, value in _walk(returned, ())}
    held = {name: owner[key] for name, (owner, key) in list_places(made).items() if name not in parameters}
    return found | {Place(held=name): value for name, value in held.items() if value.dtype.kind == "f"}


def _walk(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Array]]:
    if isinstance(value, np.ndarray):
        yield path, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _walk(part, (*path, key))
    elif isinstance(value, tuple | list):
        names = getattr(value, "_fields", range(len(value)))
        for key, part in zip(names, value, strict=True):
            yield from _walk(part, (*path, key))


def get_array(place: Place, returned: Any, made: Any) -> Array:
    """Return the array at a place."""
    if place.held:
        owner, key = list_places(made)[place.held]
        return np.asarray(owner[key])
    for key in place.path:
        returned = getattr(returned, key) if isinstance(returned, tuple) and isinstance(key, str) else returned[key]
    return np.asarray(returned)


def find_places(
    arrays: Mapping[Place, Array], shapes: Mapping[str, tuple[int, ...]], exact: Mapping[str, Array]
) -> dict[str, Place]:
    """Find the place of each gradient that there is.

    shapes: what is wanted, by name. exact: the right gradients, as far as they are known; an array that is one is it.
    Of others, it is the one whose name says so, else the first of that shape that was returned.
    """
    found = dict[str, Place]()
    for choose in (_is_exact, _is_named, _is_returned):
        for name, shape in shapes.items():
            options = [place for place, value in arrays.items() if _squeeze(value.shape) == _squeeze(shape)]
            options = [place for place in options if place not in found.values() and name not in found]
            place = next((place for place in options if choose(name, place, arrays[place], exact)), None)
            if place is not None:
                found[name] = place
    return found


def _squeeze(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def _is_exact(name: str, place: Place, value: Array, exact: Mapping[str, Array]) -> bool:
    right = exact.get(name)
    return right is not None and bool(np.abs(value.reshape(right.shape) - right).max() <= _EXACT)


def _is_named(name: str, place: Place, value: Array, exact: Mapping[str, Array]) -> bool:
    own = _OF.get(name) or re.escape(name.rpartition(".")[2].lower())
    return bool(re.search(rf"^(d|g|grad|gradient|delta|dl_?d)?_?({own})(_?(grad|gradient|g))?$", place.name))


def _is_returned(name: str, place: Place, value: Array, exact: Mapping[str, Array]) -> bool:
    return not place.held and not place.name
