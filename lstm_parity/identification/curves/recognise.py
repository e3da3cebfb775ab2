"""Functions of one number, recognised from their values: the simplest that fits, with parameters that are fitted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from lstm_parity.identification.curves.curve import Curve, round_short
from lstm_parity.identification.curves.functions import BASES, ODD, PLAIN, POWERS
from lstm_parity.reference.noise.model import Array

_FITS = 1e-9  # largest distance from the values, as a part of their range
_STEEPEST = 20.0
_UNITS = np.eye(2)
_STEP = 1e-6
_STARTS = np.array([(slope, shift) for slope in (1.0, -1.0, 2.0, 0.5, -0.5, 0.2) for shift in (0.0, 1.0, -1.0)])
_Fit = Callable[[Array, Array], Iterator[Curve]]
_FITTED = [text for text in {**PLAIN, **POWERS} if text not in ("1", "{}", "step({})")]


def recognise(z: Array, y: Array, *, up_to_factor: bool = False, is_quick: bool = False) -> Curve:
    """Return the simplest known function through the values y at the ascending points z; an unknown one if none fits.

    up_to_factor: whether the values are known but for a common factor, which is then chosen so that the function is
    a plain one if it can be. is_quick: whether only functions without fitted parameters are tried.
    """
    size = float(np.abs(y).max()) or 1.0
    if np.ptp(y) <= _FITS * size:
        return Curve("1", factor=float(y.mean()))
    candidates = _candidates(z, y, size, up_to_factor, is_quick) if np.isfinite(y).all() else iter(())
    return next(candidates, Curve("", points=tuple(z.tolist()), values=tuple(y.tolist())))


def _candidates(z: Array, y: Array, size: float, up_to_factor: bool, is_quick: bool = False) -> Iterator[Curve]:
    with np.errstate(all="ignore"):
        for base in {**PLAIN, **POWERS}:
            yield from _fit_plain(base, z, y, size, up_to_factor)
        if is_quick:
            return
        thin = slice(None, None, max(1, len(z) // 40))
        for base in _FITTED:
            yield from _fit(base, z[thin], y[thin], size)
        yield from _fit_clipped(z, y, size, lambda z, y: _fit_usual(z, y, size, up_to_factor))
        yield from _fit_lines(z, y, size)
        yield from _fit_ratio(z, y, size)
        for base in BASES:
            yield from _fit_plain(base, z, y, size, True)
        yield from _fit_clipped(z, y, size, lambda z, y: _candidates(z, y, size, False))


def _fit_usual(z: Array, y: Array, size: float, up_to_factor: bool) -> Iterator[Curve]:
    for base in ("sigmoid({})", "tanh({})", "{}"):
        yield from _fit_plain(base, z, y, size, up_to_factor)


def _fit_plain(base: str, z: Array, y: Array, size: float, up_to_factor: bool) -> Iterator[Curve]:
    """The base itself, or one minus it; times a number, where that is not known."""
    for slope in (1.0, -1.0):
        values = BASES[base](slope * z)
        square = float(values @ values)
        factor = float(values @ y) / (square or 1.0) if up_to_factor or base == "{}" else 1.0
        if np.isfinite(square) and np.abs(factor * values - y).max() <= _FITS * size:
            yield Curve(base, slope, factor=round_short(factor))


def _fit(base: str, z: Array, y: Array, size: float) -> Iterator[Curve]:
    """Slope and shift by Newton's method from several starts, factor and offset by least squares at each."""
    distances, found = _refine(base, z, y, _STARTS, 0.02 * size)
    exact_ones = np.flatnonzero(distances <= 1e-3 * _FITS * size)
    k = int(exact_ones[0]) if len(exact_ones) else int(np.argmin(distances))
    if not distances[k] <= _FITS * size:
        return
    slope, shift, factor, offset = map(float, found[k])
    if abs(slope) > _STEEPEST:  # a jump, not a function of this form
        return
    if base == "sigmoid({})" and abs(offset + 0.5 * factor) < _FITS * size:
        base, slope, shift, factor, offset = "tanh({})", 0.5 * slope, 0.5 * shift, 0.5 * factor, 0.0
    if base == "sigmoid({})" and factor < 0.0:
        slope, shift, factor, offset = -slope, -shift, -factor, offset + factor
    if base in ODD and slope < 0.0:
        slope, shift, factor = -slope, -shift, -factor
    exact = Curve(base, slope, shift, factor, offset)
    rounded = Curve(base, *_four(map(round_short, (slope, shift, factor, offset))))
    yield rounded if np.abs(rounded(z) - y).max() <= _FITS * size else exact


def _four(values: Iterable[float]) -> tuple[float, float, float, float]:
    slope, shift, factor, offset = values
    return slope, shift, factor, offset


def _refine(base: str, z: Array, y: Array, starts: Array, near: float) -> tuple[Array, Array]:
    """Return the largest distance of each start (S,), infinite if it leads nowhere, and slopes, shifts ... (S, 4).

    All starts (S, 2) are followed at once. near: what the distance has to be below after a few steps, for more of them.
    """
    function, at = BASES[base], starts.copy()
    found, ended = np.full(len(at), np.inf), np.zeros((len(at), 4))
    left, linear = _solve(function, at, z, y)
    rows = np.arange(len(at))
    for number in range(25):
        kept = np.isfinite(left).all(1) & ((number != 5) | (np.abs(left).max(1) <= near))
        slopes = np.stack([(_solve(function, at + _STEP * unit, z, y)[0] - left) / _STEP for unit in _UNITS], 1)
        kept &= np.isfinite(slopes).all((1, 2))
        at, left, linear, slopes, rows = (part[kept] for part in (at, left, linear, slopes, rows))
        move, moved = _solve_two(slopes, left), np.zeros(len(at), bool)
        for shrink in (1.0, 0.5, 0.1):
            trial, terms = _solve(function, at + shrink * move, z, y)
            better = ~moved & np.isfinite(trial).all(1) & (np.square(trial).sum(1) < np.square(left).sum(1))
            at[better] += shrink * move[better]
            left[better], linear[better] = trial[better], terms[better]
            moved |= better
        found[rows], ended[rows] = np.abs(left).max(1), np.concatenate([at, linear], 1)
        going = moved & (np.abs(move).max(1) >= 1e-14)
        at, left, linear, rows = (part[going] for part in (at, left, linear, rows))
        if not len(rows):
            break
    return found, ended


def _solve(function: Callable[[Array], Array], at: Array, z: Array, y: Array) -> tuple[Array, Array]:
    """Return the distances (S, n) for slopes and shifts (S, 2), and factors and offsets (S, 2) by least squares."""
    values = function(at[:, :1] * z + at[:, 1:])
    middle = values.mean(1, keepdims=True)
    away = values - middle
    square = np.square(away).sum(1, keepdims=True)
    factor = np.where(square > 0.0, (away * y).sum(1, keepdims=True) / np.where(square > 0.0, square, 1.0), 0.0)
    offset = y.mean() - factor * middle
    return factor * values + offset - y, np.concatenate([factor, offset], 1)


def _solve_two(slopes: Array, left: Array) -> Array:
    """Return the moves (S, 2) of two numbers by which distances (S, n) of slopes (S, 2, n) are nearest to 0."""
    (a, d), b = np.square(slopes).sum(2).T, (slopes[:, 0] * slopes[:, 1]).sum(1)
    one, other = (slopes * left[:, None]).sum(2).T
    apart = a * d - b * b
    is_one = apart <= 1e-14 * a * d  # both move the same: half of it each
    apart, whole = np.where(is_one, 1.0, apart), np.where(is_one & (a + d > 0.0), a + d, 1.0)
    exact = np.stack([d * one - b * other, a * other - b * one], 1) / apart[:, None]
    return -np.where(is_one[:, None], np.stack([one, other], 1) / whole[:, None], exact)


def _ends(y: Array, size: float) -> tuple[int, int]:
    """How many equal values there are at the lower end, and where those at the upper end begin; 1 and len if alone."""
    same = np.abs(np.diff(y)) <= 1e-13 * size
    first = int(np.argmin(same)) + 1 if same[0] and same[1] else 1
    return first, len(y) - int(np.argmin(same[::-1])) - 1 if same[-1] and same[-2] else len(y) - 1


def _fit_clipped(z: Array, y: Array, size: float, fit: _Fit) -> Iterator[Curve]:
    """A function whose argument is clipped: constant beyond a number, below it or above or both."""
    first, last = _ends(y, size)
    if (first == 1 and last == len(y) - 1) or last - first < 6:
        return
    for fitted in fit(z[first:last], y[first:last]):
        yield from _clip(fitted, z, y, size, first, last)


def _clip(fitted: Curve, z: Array, y: Array, size: float, first: int, last: int) -> Iterator[Curve]:
    """Find where it is clipped: where the function has the value that it keeps."""
    lower, upper = fitted.lower, fitted.upper
    if first > 1:
        lower = _find_bound(fitted, z[first - 1], z[first], y[0])
    if last < len(y) - 1:
        upper = _find_bound(fitted, z[last - 1], z[last], y[-1])
    clipped = replace(fitted, lower=lower, upper=upper)
    if np.abs(clipped(z) - y).max() <= _FITS * size:
        yield clipped


def _find_bound(fitted: Curve, low: float, high: float, value: float) -> float:
    for _ in range(2):
        fine = np.linspace(low, high, 401)
        nearest = int(np.argmin(np.abs(fitted(fine) - value)))
        low, high = fine[max(nearest - 1, 0)], fine[min(nearest + 1, 400)]
    return round_short(float(fine[nearest]), 1e-4)


def _fit_lines(z: Array, y: Array, size: float) -> Iterator[Curve]:
    """Straight lines that meet: at most twelve, each of which goes through three of the points or more."""
    slopes = np.diff(y) / np.diff(z)
    runs, start = list[tuple[int, int]](), 0
    for k in range(1, len(slopes) + 1):
        if k == len(slopes) or abs(slopes[k] - slopes[start]) > 1e-9 * size:
            runs += [(start, k)] * (k - start >= 2)
            start = k
    if not 2 <= len(runs) <= 12:
        return
    knots = [(z[0], y[0])]
    for (one, _), (other, _) in pairwise(runs):
        at = (y[other] - y[one] + slopes[one] * z[one] - slopes[other] * z[other]) / (slopes[one] - slopes[other])
        knots.append((at, y[one] + slopes[one] * (at - z[one])))
    points, values = (tuple(map(round_short, column)) for column in zip(*[*knots, (z[-1], y[-1])], strict=True))
    found = Curve("lines", points=points, values=values)
    if np.all(np.diff(points) > 0) and np.abs(found(z) - y).max() <= _FITS * size:
        yield found


def _fit_ratio(z: Array, y: Array, size: float) -> Iterator[Curve]:
    """A polynomial, or one over another: of a degree far below the number of points."""
    for above, below in ((2, 0), (3, 0), (5, 0), (1, 1), (2, 2), (3, 2), (5, 4)):
        if 2 * (above + below) > len(z) - 6:
            continue
        powers = [np.vander(z, above + 1), -y[:, None] * np.vander(z, below + 1)[:, :-1]]
        found = np.linalg.lstsq(np.concatenate(powers, 1), y)[0]
        values, points = found[: above + 1], np.array([*found[above + 1 :], 1.0])
        curve = Curve("ratio", points=tuple(map(round_short, points)), values=tuple(map(round_short, values)))
        if np.abs(curve(z) - y).max() <= _FITS * size and np.all(np.polyval(points, np.linspace(z[0], z[-1], 999)) > 0):
            yield curve
