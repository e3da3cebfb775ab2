"""The error of each of the three sigmoids and two tanhs alone, at arguments that every kernel holds exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from functools import cache

import numpy as np

from lstm_parity.identification.arithmetic.reading import SMALLEST, Reader
from lstm_parity.reference.noise.model import Array

_ACTIVATIONS: Mapping[str, str] = {"i": "sigmoid", "f": "sigmoid", "g": "tanh", "o": "sigmoid", "c'": "tanh"}
_GRID = 1500  # arguments
_DECIMALS = 60  # of exact values: tanh of the smallest arguments loses ten of them
_FAR = {"float64": 1000.0, "float32": 200.0, "bfloat16": 200.0, "float16": 1000.0}  # beyond where exp overflows


@dataclass(frozen=True, eq=False)
class ActivationError:
    """How far one activation is from the exact value: at its worst in units of roundoff, and with all errors.

    absolute: the largest error. relative: the largest error over the value, of values that are normal numbers of the
    dtype; in roundoffs (half the spacing of numbers next to 1) both. The worst arguments beside each. z, error: (N,),
    the curve, the error absolute and signed. overflows: whether it is NaN anywhere, which it is first far from zero.
    """

    name: str
    absolute: float
    absolute_at: float
    relative: float
    relative_at: float
    overflows: bool
    z: Array
    error: Array

    @property
    def function(self) -> str:
        """Return the function that it should be."""
        return _ACTIVATIONS[self.name]


def measure_activations(reader: Reader, bits: int, smallest: float) -> tuple[ActivationError, ...]:
    """Measure all five, at arguments that factors hold: of no more bits, and not smaller."""
    return tuple(_measure(reader, name, bits, smallest) for name in _ACTIVATIONS)


def apply_activation(reader: Reader, name: str, z: Array | float) -> Array:
    """Return the values (N,) of one activation of a step at arguments z (N,), all that follows it kept open."""
    i, f, g, o, c = map(reader.saturate, "ifgoc")
    if name == "f":
        return reader.values(f=z, c=1.0)[1]
    if name == "g":
        return reader.values(i=i, g=z)[1]
    if name == "i":
        return reader.values(i=z, g=g)[1] / reader.values(i=i, g=g)[1]
    if name == "o":
        return reader.values(f=f, o=z, c=c)[0] / reader.values(f=f, o=o, c=c)[0]
    return reader.values(f=f, o=o, c=z)[0]


def _measure(reader: Reader, name: str, bits: int, smallest: float) -> ActivationError:
    z, high, low = _exact_curve(_ACTIVATIONS[name], bits, smallest)
    got = apply_activation(reader, name, z)
    roundoff = 2.0**-reader.digits
    error = (got - high) - low
    size = np.where(np.abs(high) < 2.0 ** SMALLEST[reader.dtype], np.inf, np.abs(high))
    absolute, relative = np.abs(error) / roundoff, np.abs(error) / size / roundoff
    worst, worst_relative = (int(np.argmax(np.nan_to_num(errors))) for errors in (absolute, relative))
    far = np.array([-1.0, 1.0]) * _FAR[reader.dtype]
    return ActivationError(
        name,
        float(absolute[worst]),
        float(z[worst]),
        float(relative[worst_relative]),
        float(z[worst_relative]),
        bool(np.isnan(got).any() or np.isnan(apply_activation(reader, name, far)).any()),
        z,
        error,
    )


@cache
def _exact_curve(function: str, bits: int, smallest: float) -> tuple[Array, Array, Array]:
    """Return arguments of either sign, evenly and towards zero, of at most so many bits; and their `exact_values`."""
    reach = 30.0 if function == "sigmoid" else 12.0
    near = np.geomspace(smallest, 1.0, 200)
    fraction, exponent = np.frexp(np.concatenate([np.linspace(-reach, reach, _GRID), near, -near]))
    z = np.unique(np.ldexp(np.round(np.ldexp(fraction, bits)), exponent - bits))
    return z, *exact_values(function, z)


def exact_values(function: str, z: Array) -> tuple[Array, Array]:
    """Return sigmoid or tanh of z (N,) as sums of two float64 numbers each, high and low (N,)."""
    with localcontext(Context(prec=_DECIMALS)):
        values = [_exact(function, Decimal(v)) for v in z.tolist()]
        high = [float(value) for value in values]
        low = [float(value - Decimal(h)) for value, h in zip(values, high, strict=True)]
    return np.array(high), np.array(low)


def _exact(function: str, z: Decimal) -> Decimal:
    small = (-abs(z if function == "sigmoid" else 2 * z)).exp()
    if function == "tanh":
        return ((1 - small) / (1 + small)).copy_sign(z)
    return (1 if z >= 0 else small) / (1 + small)
