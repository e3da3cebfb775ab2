"""What is rounded where outside the sums: c' = f * c + i * g, the states, and numbers below the normal ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lstm_parity.identification.arithmetic.activations import apply_activation, exact_values
from lstm_parity.identification.arithmetic.factors import FACTORS, multiply
from lstm_parity.identification.arithmetic.reading import LARGEST, SMALLEST, Reader, SumOfProducts, count_bits
from lstm_parity.reference.noise.model import Array

_DRAWN = 300
_NEARLY_ALL = 0.98


def measure_update(reader: Reader, bits: int) -> str:
    """Return how c' is computed: which products are rounded before they are added. Empty if that is none of the known.

    bits: of the factors, which the gate sums are made of.
    """
    rng = np.random.default_rng(21)
    z = {name: np.round(rng.uniform(-2.0, 2.0, _DRAWN) * 2.0 ** (bits - 2)) / 2.0 ** (bits - 2) for name in "ifg"}
    c = np.round(rng.uniform(-2.0, 2.0, _DRAWN) * 2.0 ** (reader.digits - 3)) / 2.0 ** (reader.digits - 3)
    got = reader.values(c=c, **z)[1]
    read = {name: apply_activation(reader, name, z[name]) for name in "ifg"}
    if not all(np.isfinite(values).all() for values in (got, *read.values())):
        return ""
    seen = {name: list(map(Fraction, values)) for name, values in read.items()}
    exact = {
        name: [Fraction(h) + Fraction(low) for h, low in zip(*exact_values(kind, z[name]), strict=True)]
        for name, kind in {"i": "sigmoid", "f": "sigmoid", "g": "tanh"}.items()
    }
    states = list(map(Fraction, c))
    for words, formula in _UPDATES.items():
        gates = exact if words == _WIDE else seen
        rows = zip(gates["i"], gates["f"], gates["g"], states, strict=True)
        expected = [formula(Rounding(reader.digits), *row) for row in rows]
        if np.mean(np.array([float(v) for v in expected]) == got) >= _NEARLY_ALL:
            return words
    return ""


@dataclass(frozen=True)
class Rounding:
    """Rounding to the nearest number of so many bits, to even at ties."""

    digits: int

    def __call__(self, value: Fraction) -> Fraction:
        """Round one number, of any size."""
        if value == 0:
            return value
        exponent = value.numerator.bit_length() - value.denominator.bit_length()
        place = Fraction(2) ** (exponent - self.digits + (abs(value) >= Fraction(2) ** exponent))
        return round(value / place) * place


_WIDE = "gates and products are not rounded to the dtype, only c' is"
_UPDATES: Mapping[str, Callable[[Rounding, Fraction, Fraction, Fraction, Fraction], Fraction]] = {
    "f * c and i * g are rounded, then their sum": lambda r, i, f, g, c: r(r(f * c) + r(i * g)),
    "f * c is not rounded before i * g is added (fused)": lambda r, i, f, g, c: r(f * c + r(i * g)),
    "i * g is not rounded before it is added (fused)": lambda r, i, f, g, c: r(r(f * c) + i * g),
    "the products are not rounded, only their sum is": lambda r, i, f, g, c: r(f * c + i * g),
    _WIDE: lambda r, i, f, g, c: r(f * c + i * g),
}


def measure_states(reader: Reader) -> dict[str, int]:
    """Return how many bits the returned h' and c' have: of 200 ordinary ones the largest number."""
    rng = np.random.default_rng(22)
    z = {name: rng.integers(-60, 61, 200) / 32.0 for name in "ifgo"}
    h, c = reader.values(c=rng.integers(-60, 61, 200) / 32.0, **z)
    return {"h": count_bits(h), "c": count_bits(c)}


def find_flushed(reader: Reader) -> tuple[str, ...]:
    """Find which numbers below the normal ones are taken for zero: of x, h, c, w_ih, w_hh as given, of h' and c'."""
    low, (i, f) = SMALLEST[reader.dtype], map(reader.saturate, "if")
    flushed = [name for name in FACTORS if is_lost(reader, name, low - 2) and not is_lost(reader, name, low)]
    kept = float(reader.values(i=i, g=2.0**low)[1][0])
    c_new = reader.values(f=f, i=i, g=2.0**low, c=2.0 ** (low - 2))[1]
    flushed += ["c"] * bool(kept == 2.0**low and c_new[0] == kept)
    small = 2.0 ** (low // 2 - 1)
    z = float(np.round(np.log(small)))
    flushed += ["c'"] * _is_zero(reader, "i", "g", z, small, reader.values(i=z, g=small)[1])
    flushed += ["h'"] * _is_zero(reader, "o", "c'", z, small, reader.values(f=f, o=z, c=small)[0])
    return tuple(flushed)


def is_lost(reader: Reader, name: str, exponent: int) -> bool:
    """Whether a factor of this power of two is lost, or the large one beside it that makes the product visible."""
    large = 2.0 ** min(LARGEST[reader.dtype], -SMALLEST[reader.dtype])
    return not bool(abs(multiply(reader, name, np.array([[2.0**exponent]]), large)[0]) >= 2.0**-5)


def _is_zero(reader: Reader, gate: str, other: str, z: float, small: float, got: Array) -> bool:
    """Whether a product is zero, of two that are not when they are read alone."""
    one, two = apply_activation(reader, gate, z), apply_activation(reader, other, small)
    return bool(got[0] == 0.0 and one[0] * two[0] != 0.0)


def differ_alone(reader: Reader, n_x: int, n_h: int) -> bool:
    """Whether rows of a batch of 33 are other numbers than the same rows alone."""
    terms = _ordinary(reader, n_x, n_h)
    return not np.array_equal(reader.read(terms), reader.read(terms, copies=1), equal_nan=True)


def differ_repeated(reader: Reader, n_x: int, n_h: int) -> bool:
    """Whether one of eight calls with the same numbers returns others."""
    terms = _ordinary(reader, n_x, n_h)
    first = reader.read(terms)
    return any(not np.array_equal(reader.read(terms), first, equal_nan=True) for _ in range(7))


def _ordinary(reader: Reader, n_x: int, n_h: int) -> SumOfProducts:
    rng = np.random.default_rng(23)
    scale = 2.0 ** (reader.digits - 1)
    x, w_ih, h, w_hh = (
        np.round(rng.uniform(-1.0, 1.0, shape) * scale) / scale for shape in ((33, n_x), (n_x,), (33, n_h), (n_h,))
    )
    return SumOfProducts(x, w_ih / 8.0, h, w_hh / 8.0)
