"""The orders of additions that kernels use, as sizes of the smallest part of a sum that has two of its terms in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from lstm_parity.reference.noise.model import Array

_BLOCKS = (*range(2, 33), 40, 48, 56, 64, 80, 96, 100, 112, 128, 160, 192, 224, 240, 256, 320, 384)
_ACCUMULATORS = (*range(2, 17), 24, 32, 48, 64)

_Part = list[int]  # places that are added up already


class _Additions:
    """Sizes (K, K), filled in while parts are added."""

    def __init__(self, k: int) -> None:
        self.sizes = np.ones((k, k))

    def add(self, one: _Part, other: _Part) -> _Part:
        """Add two parts; one without a place that is looked at changes nothing."""
        if one and other:
            self.sizes[np.ix_(one, other)] = self.sizes[np.ix_(other, one)] = len(one) + len(other)
        return one + other


def _from_first(sums: _Additions, parts: Sequence[_Part]) -> _Part:
    total = parts[0]
    for part in parts[1:]:
        total = sums.add(total, part)
    return total


def _from_last(sums: _Additions, parts: Sequence[_Part]) -> _Part:
    return _from_first(sums, parts[::-1])


def _neighbours(sums: _Additions, parts: Sequence[_Part]) -> _Part:
    while len(parts) > 1:
        joined = [sums.add(one, other) for one, other in zip(parts[::2], parts[1::2], strict=False)]
        parts = [*joined, *parts[len(joined) * 2 :]]
    return parts[0]


def _halves(sums: _Additions, parts: Sequence[_Part], more: int = 0) -> _Part:
    """Add halves, the second the larger where they are not equal; with one more, the first."""
    if len(parts) == 1:
        return parts[0]
    middle = (len(parts) + more) // 2
    return sums.add(_halves(sums, parts[:middle], more), _halves(sums, parts[middle:], more))


def _folded(sums: _Additions, parts: Sequence[_Part]) -> _Part:
    while len(parts) > 1:
        half = (len(parts) + 1) // 2
        joined = [sums.add(one, other) for one, other in zip(parts[:half], parts[half:], strict=False)]
        parts = [*joined, *parts[len(joined) : half]]
    return parts[0]


_WAYS: Mapping[str, Callable[[_Additions, Sequence[_Part]], _Part]] = {
    "one after another": _from_first,
    "pairwise": _halves,
    "in pairs of neighbours": _neighbours,
    "pairwise, the first half larger": partial(_halves, more=1),
    "folded, term k to term k + n/2": _folded,
    "one after another from the last": _from_last,
}


@dataclass(frozen=True)
class KnownOrder:
    """An order of n terms: these in parts, the terms of each part added in one way, the parts in another."""

    words: str
    parts: tuple[range, ...]
    inner: str
    outer: str

    def has(self, places: Sequence[int], sizes: Array) -> bool:
        """Whether these sizes (K, K) of the parts with two of the places (K,) in them are those of this order."""
        return np.array_equal(self.sizes(places, sizes), sizes)

    def sizes(self, places: Sequence[int], expected: Array | None = None) -> Array:
        """Return the sizes (K, K), unfinished if the first parts have others than expected."""
        at = {place: k for k, place in enumerate(places)}
        sums, done = _Additions(len(places)), list[_Part]()
        for part in self.parts:
            done.append(_WAYS[self.inner](sums, [[at[place]] if place in at else [] for place in part]))
            inside = np.ix_(done[-1], done[-1])
            if expected is not None and not np.array_equal(sums.sizes[inside], expected[inside]):
                return sums.sizes
        _WAYS[self.outer](sums, done)
        return sums.sizes


def orders(n: int) -> Iterator[KnownOrder]:
    """Yield the known orders of n terms, the plainest first."""
    for way in _WAYS:
        yield KnownOrder(way, (range(n),), way, "one after another")
    for words, parts in _divisions(n):
        for inner in _WAYS:
            for outer in _WAYS:
                yield KnownOrder(f"{words}, each {inner}; these {outer}", parts, inner, outer)


def _divisions(n: int) -> Iterator[tuple[str, tuple[range, ...]]]:
    for k in _ACCUMULATORS:
        if k < n:
            yield f"{k} accumulators in turn", tuple(range(start, n, k) for start in range(k))
    for size in _BLOCKS:
        if size < n:
            yield f"blocks of {size}", tuple(range(start, min(start + size, n)) for start in range(0, n, size))
