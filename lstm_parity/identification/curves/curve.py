"""Functions of one number, recognised from their values: a * base(s * z + d) + e, with parameters that are fitted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lstm_parity.identification.curves.functions import BASES
from lstm_parity.reference.noise.model import Array


@dataclass(frozen=True)
class Curve:
    """A function of one number: factor * base(slope * clip(z, lower, upper) + shift) + offset.

    base: a key of BASES; "lines" for straight lines between the knots (points, values) and beyond the last of them;
    "ratio" for a polynomial with the coefficients `values` over one with `points`, the highest power first;
    empty for a function that is none of them, which is interpolated between `values` at the evenly spaced `points`.
    """

    base: str
    slope: float = 1.0
    shift: float = 0.0
    factor: float = 1.0
    offset: float = 0.0
    lower: float = -math.inf
    upper: float = math.inf
    points: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    def __call__(self, z: Array) -> Array:
        """Evaluate it."""
        if not (self.lower == -math.inf and self.upper == math.inf):
            z = np.clip(z, self.lower, self.upper)
        if not self.base:
            return _interpolate(z, np.array(self.points), np.array(self.values))
        if self.base == "lines":
            return _follow(z, np.array(self.points), np.array(self.values))
        if self.base == "ratio":
            return np.asarray(np.polyval(self.values, z) / np.polyval(self.points, z))
        if (self.slope, self.shift, self.factor, self.offset) == (1.0, 0.0, 1.0, 0.0):
            return np.asarray(BASES[self.base](z))
        return np.asarray(self.factor * BASES[self.base](self.slope * z + self.shift) + self.offset)

    @property
    def is_known(self) -> bool:
        """Whether it is a function with a name."""
        return bool(self.base)

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for every number."""
        return self.base == "1"

    @property
    def is_reciprocal(self) -> bool:
        """Whether it is a number over what it is of."""
        return self.base == "ratio" and self.points == (1.0, 0.0) and len(self.values) == 1

    @property
    def is_plain(self) -> bool:
        """Whether it is a base itself, or that of -z."""
        return self.is_known and not self.points and self.slope in (1.0, -1.0) and not self.offset

    def scaled(self, factor: float) -> Curve:
        """Return it times a number."""
        values = tuple(round_short(factor * value, 1e-12) for value in self.values)
        return replace(self, factor=factor * self.factor, offset=factor * self.offset, values=values)

    def describe(self, name: str) -> str:
        """Write it, as a function of what is called `name`."""
        if not self.base:
            shown = [0, len(self.points) // 4, len(self.points) // 2, 3 * len(self.points) // 4, -1]
            return f"u({name}), with " + ", ".join(f"u({self.points[k]:g}) = {self.values[k]:.4g}" for k in shown)
        if self.is_constant:
            return f"{self.factor + self.offset:.6g}"
        if self.base == "lines":
            knots = ", ".join(f"({z:.6g}, {y:.6g})" for z, y in zip(self.points, self.values, strict=True))
            return f"the straight lines through {knots} at {name}"
        inner = self._describe_argument(name)
        if self.base == "ratio":
            above, below = (_write_polynomial(part, inner) for part in (self.values, self.points))
            above, below = (f"({part})" if " " in part and part[0] != "(" else part for part in (above, below))
            return above if self.points == (1.0,) else f"{above} / {below}"
        enclosed = f"({inner})" if self.base == "{}" and " " in inner and self.factor != 1.0 else inner
        text = self.base.replace("[{}]", f"({inner})" if " " in inner or "-" in inner else inner).replace(
            "{}", enclosed
        )
        text = text if self.factor == 1.0 else f"-{text}" if self.factor == -1.0 else f"{self.factor:.6g} * {text}"
        return f"{self.offset:.6g} {'-' if text[0] == '-' else '+'} {text.lstrip('-')}" if self.offset else text

    def _describe_argument(self, name: str) -> str:
        if math.isfinite(self.lower) and math.isfinite(self.upper):
            name = f"clip({name}, {self.lower:.6g}, {self.upper:.6g})"
        elif math.isfinite(self.lower):
            name = f"max({name}, {self.lower:.6g})"
        elif math.isfinite(self.upper):
            name = f"min({name}, {self.upper:.6g})"
        inner = name if self.slope == 1.0 else f"-{name}" if self.slope == -1.0 else f"{self.slope:.6g} * {name}"
        return inner + (f" {'-' if self.shift < 0 else '+'} {abs(self.shift):.6g}" if self.shift else "")


SIGMOID, TANH, IDENTITY = Curve("sigmoid({})"), Curve("tanh({})"), Curve("{}")
RECIPROCAL = Curve("ratio", points=(1.0, 0.0), values=(1.0,))


def _write_polynomial(coefficients: Sequence[float], name: str) -> str:
    name = f"({name})" if " " in name else name
    powers = range(len(coefficients) - 1, -1, -1)
    terms = [(c, {0: "", 1: name}.get(n, f"{name}^{n}")) for c, n in zip(coefficients, powers, strict=True) if c]
    written = [power if c == 1.0 and power else f"{c:.6g} * {power}".removesuffix(" * ") for c, power in terms]
    return " + ".join(written).replace("+ -", "- ")


def _interpolate(z: Array, points: Array, values: Array) -> Array:
    """Interpolate by cubics through the four points around each z."""
    step = points[1] - points[0]
    k = np.clip(np.floor((z - points[0]) / step).astype(int), 1, len(points) - 3)
    t = np.clip((z - points[k]) / step, -1.0, 2.0)
    a, b, c, d = (values[k + n] for n in (-1, 0, 1, 2))
    return np.asarray(
        -a * t * (t - 1) * (t - 2) / 6
        + b * (t + 1) * (t - 1) * (t - 2) / 2
        - c * (t + 1) * t * (t - 2) / 2
        + d * (t + 1) * t * (t - 1) / 6
    )


def _follow(z: Array, points: Array, values: Array) -> Array:
    """Interpolate linearly between knots, and continue the first and the last line beyond them."""
    slopes = np.diff(values) / np.diff(points)
    k = np.clip(np.searchsorted(points, z, "right") - 1, 0, len(slopes) - 1)
    return np.asarray(values[k] + slopes[k] * (z - points[k]))


def round_short(value: float, tolerance: float = 1e-8) -> float:
    """Return a short decimal that is as good."""
    value = float(value)
    if abs(value) <= tolerance:
        return 0.0
    for digits in range(1, 7):
        near = float(f"{value:.{digits}g}")
        if abs(near - value) <= tolerance * max(1.0, abs(value)):
            return near
    return value
