"""One function that is another one, found in numbers: the rest of the step is exact, and it depends on its argument.

With every h known, the gate sums are. If the last c is what the right equations lead to, each h gives a value of o, or
of the function of c'; if the last h is that of the last c, each h gives a c, and each c a value of i, f or g.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_parity.identification.curves.curve import Curve
from lstm_parity.identification.curves.functions import sigmoid
from lstm_parity.identification.model import Identification
from lstm_parity.identification.sums import RIGHT, compute_sums
from lstm_parity.identification.variants import Variant, apply_variants, change_curve
from lstm_parity.reference.noise.model import Array

if TYPE_CHECKING:
    from lstm_parity.identification.numbers.given import Given

_PLACES = ("o", "c'", "i", "f", "g")
_FEWEST = 16  # values
_CLEARLY = 30.0  # noises of a value, from which on it is a deviation
_NEARLY_ALL = 0.9  # the quantile that stands for a deviation, which may be 0 for many
# What neighbours leave, by quantile. Of 190 functions at most 1e-4 and 0.04; of what depends on its argument nearly
# alone 1.5e-3 or more, or 0.4: of `specimens/*_equations.py` and `coarse_gates.py`, in 60 and in 240 values.
_LEFT = {0.75: 5e-4, _NEARLY_ALL: 0.06}
_NOISES = 3.0  # that are no deviation
_WIDTH = 10.0  # noises, as in `given.py`
_POINTS = 5  # at which it is written


@dataclass(frozen=True, eq=False)
class _Values:
    """Values of a function where it was needed: arguments, values, those of the right function, noise; (n,) each."""

    at: Array
    value: Array
    usual: Array
    noise: Array

    @property
    def clear(self) -> _Values:
        """Those whose noise is small beside the deviation."""
        deviation = np.abs(self.value - self.usual)
        finite = np.isfinite(deviation) & np.isfinite(self.noise)
        most = np.quantile(deviation[finite], _NEARLY_ALL) / _CLEARLY if finite.any() else 0.0
        kept = finite & (self.noise <= most)
        order = np.argsort(self.at[kept])
        return _Values(*(one[kept][order] for one in (self.at, self.value, self.usual, self.noise)))

    @property
    def is_function(self) -> bool:
        """Whether each deviation is what the next ones say, of how far all deviate or vary: most exactly, nearly all.

        On the straight line through one on either side, or the cubic through two, whichever is nearer: a function may
        have corners and jumps.
        """
        if len(self.at) < _FEWEST:
            return False
        deviation = self.value - self.usual
        spread = np.abs(self.value - np.median(self.value))
        size = min(float(np.quantile(one, _NEARLY_ALL)) for one in (np.abs(deviation), spread))
        left = np.fmin(*(_miss_neighbours(self.at, deviation, some) for some in ((-1, 1), (-2, -1, 1, 2))))
        left = np.maximum(left - _NOISES * self.noise[2:-2], 0.0)
        return all(bool(np.quantile(left, share) <= most * size) for share, most in _LEFT.items())

    @property
    def curve(self) -> Curve:
        """Return the function by a few of its values."""
        points = np.linspace(self.at[0], self.at[-1], _POINTS)
        deviation = np.interp(points, self.at, self.value - self.usual)
        usual = np.interp(points, self.at, self.usual)
        return Curve("", points=tuple(np.round(points, 3).tolist()), values=tuple((usual + deviation).tolist()))


def _miss_neighbours(at: Array, values: Array, places: Sequence[int]) -> Array:
    """Return how far each value but two at either end is from the polynomial through its neighbours (Lagrange's)."""
    here = np.arange(2, len(at) - 2)
    expected = np.zeros(len(here))
    for place in places:
        others = [other for other in places if other != place]
        weights = [(at[here] - at[here + other]) / (at[here + place] - at[here + other]) for other in others]
        expected += np.prod(weights, 0) * values[here + place]
    return np.asarray(np.abs(values[here] - expected))


@dataclass(frozen=True, eq=False)
class _Steps:
    """A layer in one direction in the order of its steps: gate sums z (T, 4, B, H), h and its noise, c_0 and c_n."""

    z: Array
    h: Array
    noise: Array
    c_0: Array
    c_n: Array
    noise_c: Array

    def find(self, place: str) -> _Values | None:
        """Return the values of one function, if all others are exact; None if they are not."""
        i, f, o = (sigmoid(self.z[:, k]) for k in (0, 1, 3))
        g = np.tanh(self.z[:, 2])
        return self._find_hidden(place, i, f, g, o) if place in ("o", "c'") else self._find_cell(place, i, f, g, o)

    def _find_hidden(self, place: str, i: Array, f: Array, g: Array, o: Array) -> _Values | None:
        c = np.empty_like(self.h)
        for t in range(len(c)):
            c[t] = f[t] * (c[t - 1] if t else self.c_0) + i[t] * g[t]
        if not _are_near(c[-1], self.c_n, self.noise_c):
            return None
        squashed = np.tanh(c)
        if place == "c'":
            return _flatten(c, self.h / o, squashed, self.noise / o)
        return _flatten(self.z[:, 3], self.h / squashed, o, self.noise / np.abs(squashed))

    def _find_cell(self, place: str, i: Array, f: Array, g: Array, o: Array) -> _Values | None:
        if not _are_near(o[-1] * np.tanh(self.c_n), self.h[-1], self.noise[-1]):
            return None
        squashed = self.h / o
        c = np.arctanh(squashed)
        noise = self.noise / (o * (1.0 - np.square(squashed)))
        c[-1], noise[-1] = self.c_n, self.noise_c
        before = np.concatenate([self.c_0[None], c[:-1]])
        noise = noise + f * np.concatenate([0.0 * noise[:1], noise[:-1]])
        at = self.z[:, "ifg".index(place)]
        if place == "f":
            return _flatten(at, (c - i * g) / before, f, noise / np.abs(before))
        by, usual = (g, i) if place == "i" else (i, g)
        return _flatten(at, (c - f * before) / by, usual, noise / np.abs(by))


def find_functions(cases: Sequence[Given]) -> list[Identification]:
    """Find each function that explains alone how all cases deviate, several if they do not say which; often none."""
    if not all(map(_is_known, cases)):
        return []
    steps = [one for case in cases for one in _list_steps(case)]
    with np.errstate(all="ignore"):
        found = {place: values for place in _PLACES if (values := _find(steps, place)) is not None}
        functions = {place: values.curve for place, values in found.items() if values.is_function}
    return [
        Identification(apply_variants((Variant(place, change_curve(place, curve)),)))
        for place, curve in functions.items()
    ]


def _find(steps: Sequence[_Steps], place: str) -> _Values | None:
    some = [values for one in steps if (values := one.find(place)) is not None]
    if not steps or len(some) < len(steps):
        return None
    names = ("at", "value", "usual", "noise")
    return _Values(*(np.concatenate([getattr(values, name) for values in some]) for name in names)).clear


def _is_known(case: Given) -> bool:
    """Whether everything is known of one layer, of which h_n is the last h."""
    if case.seen or case.weights.num_layers > 1 or set(case.results) != {"output", "h_n", "c_n"}:
        return False
    size, output = case.h_0.shape[-1], case.results["output"]
    ends = [output[-1 if k == 0 else 0, :, k * size : (k + 1) * size] for k in range(len(case.h_0))]
    return _are_near(np.stack(ends), case.results["h_n"], case.noise["h_n"])


def _list_steps(case: Given) -> Iterator[_Steps]:
    """Yield each direction of a case of which everything is known."""
    size = case.h_0.shape[-1]
    for direction, cell in enumerate(case.weights.cells[0]):
        order = slice(None, None, -1 if direction else 1)
        part = slice(direction * size, (direction + 1) * size)
        noise = np.broadcast_to(case.noise["output"], case.results["output"].shape)[order, :, part]
        h, x = case.results["output"][order, :, part], case.x[order]
        before = np.concatenate([case.h_0[direction][None], h[:-1]])
        z = np.stack([compute_sums(RIGHT, cell, *pair) for pair in zip(x, before, strict=True)])
        noise_c = np.broadcast_to(case.noise["c_n"], case.results["c_n"].shape)[direction]
        yield _Steps(z, h, noise, case.c_0[direction], case.results["c_n"][direction], noise_c)


def _flatten(*parts: Array) -> _Values:
    return _Values(*(part.ravel() for part in parts))


def _are_near(one: Array, other: Array, noise: Array) -> bool:
    return bool((np.abs(one - other) <= _WIDTH * noise * np.maximum(1.0, np.abs(other))).all())
