"""In which order a sum is added up, from outside: FPRev (Xie et al., USENIX ATC 2025) through a gate of an LSTM.

With 2^k at one place of a sum, -2^k at another and ones elsewhere, the ones that are lost are those added before these
two meet. For each pair of places that is the size of the smallest part of the sum that has both in it, and these sizes
are the tree of additions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lstm_parity.identification.arithmetic.orders import orders
from lstm_parity.identification.arithmetic.reading import LARGEST, SMALLEST, Reader, SumOfProducts
from lstm_parity.reference.noise.model import Array

_ONE = 2.0**-7  # what is counted; large enough to be read through a coarse tanh
_MOST = 26  # places of a sum that are looked at; all others hold zeros


@dataclass(frozen=True)
class Terms:
    """The terms of a gate sum: the products of I inputs, the last of which is not free, then those of H units.

    part: "x", "h", or "both".
    """

    part: str
    inputs: int
    units: int

    @property
    def n(self) -> int:
        """Return how many terms it has."""
        return {"x": self.inputs, "h": self.units, "both": self.inputs + self.units}[self.part]

    @property
    def free(self) -> list[int]:
        """Return the places of those that can be chosen."""
        return [k for k in range(self.n) if self.part == "h" or k != self.inputs - 1]

    def products(self, rows: Array, weight: float) -> SumOfProducts:
        """Return the sum of rows (N, n), all with the same weight."""
        width = {"x": self.inputs, "h": 0, "both": self.inputs}[self.part]
        x, h = rows[:, : max(0, width - 1)], rows[:, width:]
        x = x if self.part != "h" else np.zeros((1, self.inputs - 1))
        h = h if self.part != "x" else np.zeros((1, self.units))
        return SumOfProducts(x, np.full(x.shape[1], weight), h, np.full(h.shape[1], weight))


@dataclass(frozen=True)
class Order:
    """The order of additions of one sum: in words, or None if it is none of those that are known.

    sizes: (K, K), how many of the places (K,) are in the smallest part of the sum that has both in it.
    """

    words: str | None
    terms: Terms
    places: tuple[int, ...]
    sizes: Array


def measure_order(reader: Reader, terms: Terms, sums: int, copies: int | None = None) -> Order | None:
    """Measure the order in which terms are added, the rows in one batch or each in one of copies.

    sums: the bits that are kept, measured before. None if the range of the dtype is too small to show it.
    """
    if len(terms.free) < 2 or not _fits(reader, sums):
        return None
    first, second = (_choose_places(terms.free, seed) for seed in (1, 2))
    sizes = _measure_sizes(reader, terms, first, sums, copies)
    if sizes is None:
        return None
    if len(first) > 2 and (sizes + np.eye(len(first)) == 2.0).all():
        return Order("nothing is lost", terms, first, sizes)
    fresh = sizes if first == second else _measure_sizes(reader, terms, second, sums, copies)
    known = (k for k in orders(terms.n) if k.has(first, sizes) and fresh is not None and k.has(second, fresh))
    found = next(known, None)
    return Order(None if found is None else found.words, terms, first, sizes)


def _fits(reader: Reader, sums: int) -> bool:
    """Whether numbers that swamp all ones, and the ones beside them, are numbers of the dtype."""
    exponent = sums + 2
    smallest = SMALLEST[reader.dtype] - (10 if reader.dtype == "float16" else 0)  # its subnormal numbers are kept
    return exponent - exponent // 2 <= LARGEST[reader.dtype] and -7 - exponent // 2 >= smallest


def _choose_places(free: list[int], seed: int) -> tuple[int, ...]:
    """Choose the first and last places, and some between."""
    if len(free) <= _MOST:
        return tuple(free)
    fixed, between = [*free[:5], *free[-2:]], free[5:-2]
    drawn = np.random.default_rng(seed).choice(between, _MOST - len(fixed), replace=False)
    return tuple(sorted([*fixed, *map(int, drawn)]))


def _measure_sizes(reader: Reader, terms: Terms, places: Sequence[int], sums: int, copies: int | None) -> Array | None:
    """Return the sizes (K, K), None if one of them is none that it can be."""
    pairs = np.array(list(combinations(range(len(places)), 2)))
    kept = _count_kept(reader, terms, places, pairs, sums, copies)
    if np.isnan(kept).any():  # ones are not lost beside a number of one sign where sums are cut off, not rounded
        turned = _count_kept(reader, terms, places, pairs[:, ::-1], sums, copies)
        kept = np.where(np.isnan(kept), turned, kept)
    if np.isnan(kept).any():
        return None
    sizes = np.ones((len(places), len(places)))
    sizes[pairs[:, 0], pairs[:, 1]] = sizes[pairs[:, 1], pairs[:, 0]] = len(places) - kept
    return sizes


def _count_kept(
    reader: Reader, terms: Terms, places: Sequence[int], pairs: NDArray[np.intp], sums: int, copies: int | None
) -> Array:
    """Count the ones that are kept, for each pair of places of a large number and its negative: NaN if that is none."""
    weight, large = _split(sums)
    rows, every = np.zeros((len(pairs), terms.n)), np.arange(len(pairs))
    rows[:, list(places)] = _ONE / weight
    rows[every, np.take(places, pairs[:, 0])], rows[every, np.take(places, pairs[:, 1])] = large, -large
    read = reader.read(terms.products(rows, weight), copies) / _ONE
    with np.errstate(invalid="ignore"):
        is_count = (np.abs(read - np.round(read)) < 0.3) & (read > -0.5) & (read < len(places) - 1.5)
    return np.where(is_count, np.round(read), np.nan)


def _split(sums: int) -> tuple[float, float]:
    """Return two powers of two whose product swamps all ones in sums of so many bits."""
    exponent = sums + 2
    return 2.0 ** (exponent // 2), 2.0 ** (exponent - exponent // 2)


@dataclass(frozen=True)
class GateSum:
    """How the sums of the products of x and of h, and the biases, are put together; words.

    is_one: whether the products of x and of h are terms of one sum.
    """

    products: str
    biases: Mapping[str, str]
    is_one: bool


def measure_gate_sum(reader: Reader, inputs: int, units: int, sums: int) -> GateSum | None:
    """Measure which parts are lost beside large numbers in x, in h, and in both. None if the range is too small."""
    terms = Terms("both", inputs, units)
    if not _fits(reader, sums) or inputs < 4 or units < 3:
        return None
    first, last = (0, inputs - 2), (inputs, inputs + units - 1)  # of x, and of h
    large = first, last, (0, inputs + units - 1)

    def is_lost(pair: tuple[int, int], one: int | str) -> bool:
        weight, size = _split(sums)
        row = np.zeros((1, terms.n))
        row[0, list(pair)] = size, -size
        row[0, one if isinstance(one, int) else pair[0]] += _ONE / weight if isinstance(one, int) else 0.0
        given = terms.products(row, weight)
        given = replace(given, b_ih=_ONE * (one == "b_ih"), b_hh=_ONE * (one == "b_hh"))
        return bool(np.abs(reader.read(given)[0]) < _ONE / 2.0)

    x_lost, h_lost = is_lost(last, 1), is_lost(first, inputs + 1)
    products = {
        (True, False): "one running sum, x first",
        (False, True): "one running sum, h first",
        (False, False): "two sums, of x and of h, then added",
        (True, True): "one sum, x and h mixed",
    }[x_lost, h_lost]
    names = ("b_ih", "b_hh") if reader.probe.bias else ()
    biases = {name: _place(*(is_lost(pair, name) for pair in large)) for name in names}
    return GateSum(products, biases, x_lost or h_lost)


def _place(in_x: bool, in_h: bool, in_both: bool) -> str:
    """Return where a bias is added, by whether it is lost beside large numbers in the products of x, of h, of both."""
    return {
        (False, False, False): "added last",
        (False, False, True): "added to one of the two before that",
        (True, False, True): "before the products of x",
        (False, True, True): "before the products of h",
        (True, True, True): "before all products",
    }.get((in_x, in_h, in_both), "somewhere between")
