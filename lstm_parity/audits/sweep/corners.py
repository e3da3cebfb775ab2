"""Where the cells that are wrong sit: the simplest conditions on the axes that hold for them, and for few others.

A corner is a conjunction of conditions, found by a beam search as in CN2 (Clark and Niblett 1989): the wrong cells that
it explains are put aside, and the next one is sought among the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from lstm_parity.reference.noise.model import Array

_NUMBERS = ("input_size", "hidden_size", "num_layers", "proj_size", "time", "batch")
_WORDS = ("dtype", "form", "grad_mode", "profile", "question", "threads")
_FLAGS = (
    *("bidirectional", "projection", "bias", "batch_first", "enforce_sorted", "states", "strided", "mkldnn"),
    *("deterministic", "packed", "equal_lengths"),
)
COLUMNS = (*_NUMBERS, *_WORDS, *_FLAGS, "lengths")
_PARTS = (2, 4, 8, 16, 32, 64)  # what a size may leave a rest by
_FEW_VALUES = 12  # of a size, that may stand in a condition
_DEPTH, _BEAM, _MOST = 4, 12, 6  # conditions of a corner, candidates kept, corners
_COST_OF_RIGHT = 8.0  # wrong cells that a right one in a corner outweighs
_COST_OF_WORD = 0.02  # of the wrong cells: what a further condition must add


@dataclass(frozen=True)
class Corner:
    """A conjunction of conditions in SQL; how many cells satisfy it, and how many of these are wrong."""

    conditions: tuple[str, ...]
    cells: int
    wrong: int

    @property
    def where(self) -> str:
        """The condition as `--where` takes it."""
        return " and ".join(self.conditions)


def find_corners(table: Mapping[str, Array], is_wrong: Array) -> list[Corner]:
    """Find the corners that the wrong cells sit in.

    table: the judged cells, those of COLUMNS by name; is_wrong: whether each is. At most six corners, the one with
    the most wrong cells first; together they may leave some unexplained.
    """
    left, corners = is_wrong.copy(), list[Corner]()
    if not is_wrong.any() or is_wrong.all():
        return []
    while left.any() and len(corners) < _MOST:
        conditions = dict(_list_conditions(table, left))
        found = _search(conditions, left, is_wrong)
        if not found:
            break
        inside = np.logical_and.reduce([conditions[one] for one in found])
        corners.append(Corner(found, int(inside.sum()), int((inside & is_wrong).sum())))
        left &= ~inside
    return corners


def _list_conditions(table: Mapping[str, Array], wrong: Array) -> Iterator[tuple[str, Array]]:
    """Yield the conditions that some wrong cells satisfy and some cells do not, with where each holds."""
    for name, holds in _candidates(table, wrong):
        if (holds & wrong).any() and not holds.all():
            yield name, holds


def _candidates(table: Mapping[str, Array], wrong: Array) -> Iterator[tuple[str, Array]]:
    for name in _FLAGS:
        yield name, table[name] != 0
        yield f"not {name}", table[name] == 0
    for name in _WORDS:
        for value in np.unique(table[name]):
            words = f"{value}" if name == "threads" else f"'{value}'"
            yield f"{name} = {words}", table[name] == value
            if name == "form":
                yield f"{name} != {words}", table[name] != value
    for name in _NUMBERS:
        yield from _compare_numbers(name, table[name], wrong)
    for one, other in permutations(_NUMBERS, 2):
        yield f"{one} = 2 * {other}", table[one] == 2 * table[other]
        yield f"{one} = {other} - 1", table[one] == table[other] - 1
        if one < other:
            yield f"{one} = {other}", table[one] == table[other]
    yield "lengths != ''", table["lengths"] != ""


def _compare_numbers(name: str, values: Array, wrong: Array) -> Iterator[tuple[str, Array]]:
    """Yield equalities, bounds and rests of a size, with the values that wrong cells have."""
    found = np.unique(values[wrong])
    if len(found) <= _FEW_VALUES:
        for value in found:
            yield f"{name} = {value}", values == value
    for bound in dict.fromkeys((found[0], *_starts(found, values))):
        yield f"{name} >= {bound}", values >= bound
    for bound in dict.fromkeys((found[-1], *_ends(found, values))):
        yield f"{name} <= {bound}", values <= bound
    for part in _PARTS:
        for rest in np.unique(found % part)[:_FEW_VALUES]:
            yield f"{name} % {part} = {rest}", values % part == rest


def _starts(found: Array, values: Array) -> list[Any]:
    """Return the values of wrong cells whose lower neighbours no wrong cell has, if they are few."""
    every = np.unique(values)
    lower = every[np.maximum(np.searchsorted(every, found) - 1, 0)]
    return [v for v, below in zip(found, lower, strict=True) if below not in found][:_FEW_VALUES]


def _ends(found: Array, values: Array) -> list[Any]:
    every = np.unique(values)
    upper = every[np.minimum(np.searchsorted(every, found) + 1, len(every) - 1)]
    return [v for v, above in zip(found, upper, strict=True) if above not in found][:_FEW_VALUES]


def _search(conditions: Mapping[str, Array], left: Array, wrong: Array) -> tuple[str, ...]:
    """Return the conjunction that explains most of what is left, at the cost of right cells and of conditions."""
    names, rows = list(conditions), np.stack(list(conditions.values())).astype(np.float32)  # whose products are fast
    price = _COST_OF_WORD * left.sum()
    beam: list[tuple[int, ...]] = [()]
    best: tuple[float, tuple[int, ...]] = (0.0, ())
    for depth in range(1, _DEPTH + 1):
        grown = dict[tuple[int, ...], float]()
        for chosen in beam:
            inside = rows[list(chosen)].min(0) if chosen else np.ones(len(left), np.float32)
            explained, right = rows @ (inside * left), rows @ (inside * ~wrong)
            for k in set(np.flatnonzero(explained).tolist()) - set(chosen):
                key = tuple(sorted((*chosen, k)))
                worth = float(explained[k] - _COST_OF_RIGHT * right[k] - price * depth)
                best = max(best, (worth, key), key=lambda one: (one[0], [-i for i in one[1]]))
                # The gain of FOIL (Quinlan 1990), but for a constant: how many are explained, and how purely.
                grown[key] = float(explained[k] * np.log2(explained[k] / (explained[k] + right[k]) * 2.0**20))
        beam = sorted(grown, key=lambda key: (-grown[key], key))[:_BEAM]
    return tuple(names[k] for k in best[1])
