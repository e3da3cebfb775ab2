"""Functions of one number, recognised from their values: a * base(s * z + d) + e, with parameters that are fitted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from lstm_parity.reference.noise.model import Array

_FITS = 1e-9  # largest distance from the values, as a part of their range
_SLOPES = (1.0, -1.0, 2.0, 0.5, -0.5, 0.2)
_SHIFTS = (0.0, 1.0, -1.0)
_ODD = ("tanh({})", "clip({}, -1, 1)", "softsign({})", "arctan({})", "erf({})", "sin({})")
_erf = np.vectorize(math.erf, otypes=[float])


def sigmoid(z: Array) -> Array:
    """Return the logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -700.0, 700.0))))


BASES: Mapping[str, Callable[[Array], Array]] = {
    "1": np.ones_like,
    "{}": lambda z: z,
    "sigmoid({})": sigmoid,
    "tanh({})": np.tanh,
    "clip({}, -1, 1)": lambda z: np.clip(z, -1.0, 1.0),
    "relu({})": lambda z: np.maximum(z, 0.0),
    "softsign({})": lambda z: z / (1.0 + np.abs(z)),
    "arctan({})": np.arctan,
    "erf({})": _erf,
    "sin({})": np.sin,
    "elu({})": lambda z: np.where(z > 0.0, z, np.expm1(np.minimum(z, 0.0))),
    "softplus({})": lambda z: np.logaddexp(0.0, z),
    "gelu({})": lambda z: z * 0.5 * (1.0 + _erf(z / math.sqrt(2.0))),
    "silu({})": lambda z: z * sigmoid(z),
    "exp({})": lambda z: np.exp(np.minimum(z, 50.0)),
    "gaussian({})": lambda z: np.exp(-z * z),
    "sigmoid({})^2": lambda z: sigmoid(z) ** 2,
    "tanh({})^2": lambda z: np.tanh(z) ** 2,
    "|tanh({})|": lambda z: np.abs(np.tanh(z)),
    "tanh(sigmoid({}))": lambda z: np.tanh(sigmoid(z)),
    "sqrt(1 - sigmoid({})^2)": lambda z: np.sqrt(1.0 - sigmoid(z) ** 2),
    "tanh(tanh({}))": lambda z: np.tanh(np.tanh(z)),
    "sigmoid(tanh({}))": lambda z: sigmoid(np.tanh(z)),
    "sigmoid(sigmoid({}))": lambda z: sigmoid(sigmoid(z)),
}


@dataclass(frozen=True)
class Curve:
    """A function of one number: factor * base(slope * clip(z, -limit, limit) + shift) + offset.

    base: a key of BASES; empty for one that is none of them, which is interpolated between `values` at `points`.
    """

    base: str
    slope: float = 1.0
    shift: float = 0.0
    factor: float = 1.0
    offset: float = 0.0
    limit: float = math.inf
    points: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    def __call__(self, z: Array) -> Array:
        """Evaluate it."""
        z = np.clip(z, -self.limit, self.limit)
        if not self.base:
            return np.interp(z, self.points, self.values)
        return np.asarray(self.factor * BASES[self.base](self.slope * z + self.shift) + self.offset)

    @property
    def is_known(self) -> bool:
        """Whether it is a function with a name."""
        return bool(self.base)

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for every number."""
        return self.base == "1"

    def scaled(self, factor: float) -> Curve:
        """Return it times a number."""
        values = tuple(factor * value for value in self.values)
        return replace(self, factor=factor * self.factor, offset=factor * self.offset, values=values)

    def describe(self, name: str) -> str:
        """Write it, as a function of what is called `name`."""
        if not self.base:
            shown = [0, len(self.points) // 4, len(self.points) // 2, 3 * len(self.points) // 4, -1]
            return f"u({name}), with " + ", ".join(f"u({self.points[k]:g}) = {self.values[k]:.4g}" for k in shown)
        if self.is_constant:
            return f"{self.factor + self.offset:.6g}"
        name = name if math.isinf(self.limit) else f"clip({name}, {-self.limit:.6g}, {self.limit:.6g})"
        inner = name if self.slope == 1.0 else f"-{name}" if self.slope == -1.0 else f"{self.slope:.6g} * {name}"
        inner += f" {'-' if self.shift < 0 else '+'} {abs(self.shift):.6g}" if self.shift else ""
        text = self.base.format(f"({inner})" if self.base == "{}" and " " in inner and self.factor != 1.0 else inner)
        text = text if self.factor == 1.0 else f"-{text}" if self.factor == -1.0 else f"{self.factor:.6g} * {text}"
        return f"{self.offset:.6g} {'-' if text[0] == '-' else '+'} {text.lstrip('-')}" if self.offset else text


SIGMOID, TANH = Curve("sigmoid({})"), Curve("tanh({})")


def recognise(z: Array, y: Array, *, up_to_factor: bool = False) -> Curve:
    """Return the simplest known function through the values y at the ascending points z; an unknown one if none fits.

    up_to_factor: whether the values are known but for a common factor, which is then chosen so that the function is
    a plain one if it can be.
    """
    size = float(np.abs(y).max()) or 1.0
    if np.ptp(y) <= _FITS * size:
        return Curve("1", factor=float(y.mean()))
    for base in BASES:
        found = _fit_plain(base, z, y, size, up_to_factor)
        if found is not None:
            return found
    thin = slice(None, None, max(1, len(z) // 40))
    for base in BASES:
        if base not in ("1", "{}") and (found := _fit(base, z[thin], y[thin], size)) is not None:
            return found
    if (found := _fit_clipped(z, y, size, up_to_factor)) is not None:
        return found
    return Curve("", points=tuple(z.tolist()), values=tuple(y.tolist()))


def _fit_plain(base: str, z: Array, y: Array, size: float, up_to_factor: bool) -> Curve | None:
    """The base itself, or one minus it; times a number, where that is not known."""
    for slope in (1.0, -1.0):
        values = BASES[base](slope * z)
        factor = float(values @ y / (values @ values)) if up_to_factor or base == "{}" else 1.0
        if np.abs(factor * values - y).max() <= _FITS * size:
            return Curve(base, slope, factor=_round(factor))
    return None


def _fit(base: str, z: Array, y: Array, size: float) -> Curve | None:
    """Slope and shift by Newton's method from several starts, factor and offset by least squares at each."""
    best: tuple[float, Array] | None = None
    for slope in _SLOPES:
        for shift in _SHIFTS:
            found = _refine(base, z, y, np.array([slope, shift]), 0.02 * size)
            if found is not None and (best is None or found[0] < 0.5 * best[0]):
                best = found
                if best[0] <= 1e-3 * _FITS * size:
                    break
    if best is None or best[0] > _FITS * size:
        return None
    slope, shift, factor, offset = map(float, best[1])
    if base == "sigmoid({})" and abs(offset + 0.5 * factor) < _FITS * size:
        base, slope, shift, factor, offset = "tanh({})", 0.5 * slope, 0.5 * shift, 0.5 * factor, 0.0
    if base == "sigmoid({})" and factor < 0.0:
        slope, shift, factor, offset = -slope, -shift, -factor, offset + factor
    if base in _ODD and slope < 0.0:
        slope, shift, factor = -slope, -shift, -factor
    best = best[0], np.array([slope, shift, factor, offset])
    rounded = Curve(base, *_four(map(_round, best[1].tolist())))
    return rounded if np.abs(rounded(z) - y).max() <= _FITS * size else Curve(base, *_four(best[1].tolist()))


def _four(values: Iterable[float]) -> tuple[float, float, float, float]:
    slope, shift, factor, offset = values
    return slope, shift, factor, offset


def _refine(base: str, z: Array, y: Array, start: Array, near: float) -> tuple[float, Array] | None:
    """Return the largest distance and (slope, shift, factor, offset), or None if it leads nowhere.

    near: what the distance has to be below after a few steps, for more of them to be made.
    """
    function, at, step = BASES[base], start, 1e-6

    def solve(p: Array) -> tuple[Array, Array]:
        terms = np.stack([function(p[0] * z + p[1]), np.ones_like(z)], 1)
        linear = np.linalg.lstsq(terms, y)[0]
        return terms @ linear - y, linear

    with np.errstate(all="ignore"):
        left, linear = solve(at)
        for number in range(25):
            if not np.isfinite(left).all() or (number == 5 and np.abs(left).max() > near):
                return None
            slopes = np.stack([(solve(at + step * unit)[0] - left) / step for unit in np.eye(2)], 1)
            if not np.isfinite(slopes).all():
                return None
            move = np.linalg.lstsq(slopes, -left)[0]
            for shrink in (1.0, 0.5, 0.1):
                trial, terms = solve(at + shrink * move)
                if np.isfinite(trial).all() and trial @ trial < left @ left:
                    at, left, linear = at + shrink * move, trial, terms
                    break
            else:
                break
            if np.abs(move).max() < 1e-14:
                break
    return float(np.abs(left).max()), np.array([*at, *linear])


def _fit_clipped(z: Array, y: Array, size: float, up_to_factor: bool) -> Curve | None:
    """A plain function whose argument is clipped: constant beyond a number, on both sides."""
    same = np.abs(np.diff(y)) <= 1e-13 * size
    if not (same[0] and same[-1]):
        return None
    first, last = int(np.argmin(same)), len(same) - int(np.argmin(same[::-1]))
    inner = slice(first + 1, last)
    for base in ("sigmoid({})", "tanh({})", "{}"):
        fitted = _fit_plain(base, z[inner], y[inner], size, up_to_factor)
        if fitted is not None:
            fine = np.linspace(z[last - 1], z[last], 100001)
            limit = _round(float(fine[np.argmin(np.abs(fitted(fine) - y[-1]))]), 1e-4)
            clipped = replace(fitted, limit=limit)
            if np.abs(clipped(z) - y).max() <= _FITS * size:
                return clipped
    return None


def _round(value: float, tolerance: float = 1e-8) -> float:
    """A short decimal that is as good."""
    if abs(value) <= tolerance:
        return 0.0
    for digits in range(1, 7):
        near = float(f"{value:.{digits}g}")
        if abs(near - value) <= tolerance * max(1.0, abs(value)):
            return near
    return value
