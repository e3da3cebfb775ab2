"""How many bits are kept of the factors of products, of the products, and of the sums: exact numbers that cancel.

The exact sums are zero or one, every partial sum is a number of the dtype, so that what is read is an error alone,
enlarged until even a coarse tanh shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

import numpy as np

from lstm_parity.identification.arithmetic.reading import LARGEST, Reader, SumOfProducts, draw_numbers
from lstm_parity.reference.noise.model import Array

FACTORS = {"x": "x", "w_ih": "x", "h": "h", "w_hh": "h"}  # each with the part of the sum that it is in
_DRAWN = 24  # numbers for each factor
_PRODUCTS, _COPIES = 12, 8  # as many rows of a batch: another kernel than that of one row, perhaps
_APART = (1, 2, 4, 8, 16)  # columns between what is added to the same sum
_SHOWS = 0.1  # a gate sum that is not zero, however coarse the tanh
_UNIT = 2.0**-2  # what is added to large numbers to see whether it is kept


@dataclass(frozen=True)
class Factor:
    """How a factor is rounded before it is multiplied: to so many bits, to the nearest or towards zero.

    narrow: whether the smallest normal number of the dtype is zero as a factor, or the largest no number.
    """

    name: str
    bits: int
    truncated: bool = False
    narrow: bool = False


def measure_factor(reader: Reader, name: str, sums: int) -> Factor:
    """Measure one of x, w_ih, h and w_hh; what sums lose, which keep so many bits, counts as lost by the factor."""
    if sums < reader.digits:
        return Factor(name, _count_in_one_product(reader, name))
    rng = np.random.default_rng(11)
    numbers = np.concatenate([draw_numbers(rng, reader.digits - less, _DRAWN // 2) for less in (0, 1)])
    low, high = 0, reader.digits
    if not _shows(_residuals(reader, name, numbers, high)):
        return Factor(name, reader.digits)
    while high - low > 1:  # the smallest enlargement at which the error shows
        middle = (low + high) // 2
        low, high = (low, middle) if _shows(_residuals(reader, name, numbers, middle)) else (middle, high)
    errors = _residuals(reader, name, numbers, high) / 2.0**high
    errors = errors[np.isfinite(errors)]
    if not errors.any():  # what is no number beside the large ones shows nothing here
        return Factor(name, _count_in_one_product(reader, name))
    lost = bool((errors < _SHOWS * np.abs(errors).min()).all()) and bool((errors < 0.0).any())
    return Factor(name, round(-np.log2(np.abs(errors).max())) + lost, lost)


def _shows(z: Array) -> bool:
    return bool((~(np.abs(z) < _SHOWS)).any())


def _residuals(reader: Reader, name: str, numbers: Array, exponent: int) -> Array:
    """Return the error of each number (N,) as a factor, times 2^exponent: the number less its bits, one by one."""
    bits = np.floor(numbers[:, None] * 2.0 ** np.arange(reader.digits)) % 2.0
    rows = np.concatenate([numbers[:, None], -bits * 2.0 ** -np.arange(reader.digits)], 1)
    return multiply(reader, name, rows, 2.0**exponent)


def _count_in_one_product(reader: Reader, name: str) -> int:
    """Count the bits by 1 + 2^-k as the only factor that is no power of two."""
    k = np.arange(1, reader.digits)
    z = multiply(reader, name, np.concatenate([[1.0], 1.0 + 2.0**-k])[:, None], 0.5)
    return 1 + int(max(k[z[1:] != z[0]], default=0))


def multiply(reader: Reader, name: str, rows: Array, other: float) -> Array:
    """Return the gate sums of rows (N, K) as one of the factors, all other factors the same power of two."""
    fixed, part = np.full(rows.shape[1], other), FACTORS[name]
    if name == part:
        return reader.read(_isolate(part, rows, fixed))
    return np.concatenate([reader.read(_isolate(part, fixed[None], row)) for row in rows])


def is_product_rounded(reader: Reader) -> bool:
    """Whether products are rounded to the dtype before they are added; if not, they are fused with the addition."""
    rng = np.random.default_rng(12)
    half = reader.digits // 2 + 1  # a product has a bit or two more than the dtype holds
    pairs = zip(*(draw_numbers(rng, half, _PRODUCTS) for _ in "xw"), strict=True)
    return not all(_is_fused(reader, x, w) for x, w in pairs)


def _is_fused(reader: Reader, x: float, w: float) -> bool:
    """Whether x w less what the dtype holds of it is the rest exactly, where it is added in one of several places."""
    product = Fraction(x) * Fraction(w)
    last = Fraction(2) ** (1 - reader.digits + (product >= 2))
    kept = product // last * last
    scale = 2.0 ** (reader.digits - 2)
    rest = float(product - kept) * scale
    for apart in _APART if rest else ():
        row, weights = np.zeros(_APART[-1] + 1), np.full(_APART[-1] + 1, scale)
        row[0], row[apart] = -float(kept), x
        weights[apart] *= w
        if abs(reader.read(_isolate("x", row[None], weights), _COPIES)[0] - rest) < _SHOWS:
            return True
        if abs(reader.read(_isolate("x", row[None, ::-1], weights[::-1]), _COPIES)[0] - rest) < _SHOWS:
            return True
    return not rest


def measure_sum(reader: Reader, part: str) -> int:
    """Return how many bits the running sum of the products of x or h keeps, at most as many as the dtype's range shows.

    2^k + 1 - 2^k is 0 at the least k that it does not hold.
    """
    most = min(2 * LARGEST[reader.dtype] - 2, 64)
    return next((k for k in range(4, most + 1) if _loses(reader, part, k)), most + 1)


def _loses(reader: Reader, part: str, k: int) -> bool:
    """Whether any of 48 sums of 2^k, 1 and -2^k, in different places among zeros, loses the 1; all times a unit."""
    rng = np.random.default_rng(13)
    places = [*permutations(range(3)), *(tuple(rng.choice(12, 3, replace=False)) for _ in range(42))]
    weight, large = 2.0 ** (k // 2), 2.0 ** (k - k // 2) * _UNIT
    rows = np.zeros((len(places), 12))
    for row, (first, one, last) in zip(rows, places, strict=True):
        row[[first, one, last]] = large, _UNIT / weight, -large
    return bool((np.abs(reader.read(_isolate(part, rows, np.full(12, weight)))) < _UNIT / 2.0).any())


def _isolate(part: str, rows: Array, weights: Array) -> SumOfProducts:
    """Return a gate sum of products of x alone, or of h alone."""
    if part == "x":
        return SumOfProducts(rows, weights)
    return SumOfProducts(np.zeros((1, 1)), np.zeros(1), rows, weights)
