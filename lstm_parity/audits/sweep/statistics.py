"""What many cells say together: means with their confidence, biases below one element's noise, drift of two sweeps.

Kernels that compute one case have similar errors, so a mean is taken over groups of cells with the same numbers, whose
errors are independent: its standard error is that of the means of groups. Many means are tested at once: p-values are
adjusted by Holm (1979), so that the chance of one false alarm in all is the level.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lstm_parity.reference.noise.model import Array

_LEVEL = 1e-3  # of all tests of one report together
_LARGEST_BIAS = 0.05  # noises; of correct kernels no mean that is not chance was above 0.025, experiments/campaign.md
_FEW = 8  # groups, below which a mean says nothing
_Z95 = 1.96


@dataclass(frozen=True)
class Mean:
    """A mean over independent groups, with its standard error; NaN of fewer than two."""

    value: float
    error: float
    groups: int

    @property
    def half_width(self) -> float:
        """Half of the interval that holds the true mean with 95 % confidence."""
        return _Z95 * self.error

    @property
    def p_value(self) -> float:
        """The probability of a mean as far from zero, if the true one is zero."""
        return _two_sided(self.value / self.error) if self.error > 0.0 else 1.0


@dataclass(frozen=True)
class Pooled:
    """The errors of some cells pooled: how many elements; RMS and worst in noises; the means of `errors.Errors`."""

    elements: int
    rms: float
    worst: float
    shift: Mean
    growth: Mean
    square: Mean


@dataclass(frozen=True)
class Bias:
    """A mean error that chance does not explain: of which cells and tensor; p: adjusted for all that were tested."""

    words: str
    tensor: str
    kind: str  # "shift" or "growth"
    mean: Mean
    p: float


@dataclass(frozen=True, eq=False)
class ErrorTable:
    """The errors of one tensor, a row for each distinct computation: arrays of one length.

    axes: of the first cell that has the computation, by name. groups: numbers of the groups of cells with the same
    numbers. The rest are the sums of `errors.Errors`.
    """

    axes: Mapping[str, Array]
    groups: Array
    elements: Array
    shift: Array
    growth: Array
    squares: Array
    worst: Array

    @classmethod
    def of(cls, axes: Mapping[str, Array], groups: Array, sums: Mapping[str, Array]) -> ErrorTable:
        """Make a table of the rows that have elements; sums: those of `errors.Errors`, by name."""
        kept = sums["elements"] > 0
        columns = (sums[name][kept].astype(float) for name in ("elements", "shift", "growth", "squares", "worst"))
        return cls({name: values[kept] for name, values in axes.items()}, groups[kept], *columns)

    def pool(self, chosen: Array) -> Pooled:
        """Pool the chosen rows, of which there is one at least."""
        _, place = np.unique(self.groups[chosen], return_inverse=True)
        elements = np.bincount(place, self.elements[chosen])
        means = (np.bincount(place, one[chosen]) / elements for one in (self.shift, self.growth, self.squares))
        total = float(elements.sum())
        rms = math.sqrt(float(self.squares[chosen].sum()) / total)
        return Pooled(int(total), rms, float(self.worst[chosen].max()), *map(_mean, means))

    def pool_axes(self, axes: Sequence[str], together: int = 1) -> dict[str, Pooled]:
        """Pool by each value of each axis, or by each pair of values if two are taken together.

        The keys are words like "bias = 1 and states = 0".
        """
        found, codes = dict[str, Pooled](), {name: np.unique(self.axes[name], return_inverse=True) for name in axes}
        for names in combinations(axes, together):
            code = np.zeros(len(self.groups), int)
            for name in names:
                code = code * len(codes[name][0]) + codes[name][1]
            for value in np.unique(code):
                chosen = code == value
                first = int(chosen.argmax())
                found[" and ".join(f"{name} = {self.axes[name][first]}" for name in names)] = self.pool(chosen)
        return found


def _mean(values: Array) -> Mean:
    if len(values) < 2:
        return Mean(float(values[0]), math.nan, len(values))
    return Mean(float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))), len(values))


def find_biases(parts: Mapping[tuple[str, str], Pooled]) -> list[Bias]:
    """Find the means that are not zero, beyond chance and beyond what correct kernels have; parts: by words, tensor.

    A bias of a part whose whole is biased is left out: words of a part begin with those of the whole.
    """
    tested = [
        (words, tensor, kind, getattr(pooled, kind))
        for (words, tensor), pooled in parts.items()
        for kind in ("shift", "growth")
        if pooled.shift.groups >= _FEW
    ]
    adjusted = adjust([mean.p_value for *_, mean in tested])
    found = [Bias(*one, p) for one, p in zip(tested, adjusted, strict=True)]
    biased = [bias for bias in found if bias.p < _LEVEL and abs(bias.mean.value) > _LARGEST_BIAS]
    whole = {(bias.words, bias.tensor, bias.kind) for bias in biased}
    return [bias for bias in biased if not any(_is_part(bias, *one) for one in whole)]


def _is_part(bias: Bias, words: str, tensor: str, kind: str) -> bool:
    """Whether a bias is one of some cells among those that have it all."""
    return (bias.tensor, bias.kind) == (tensor, kind) and bias.words.startswith(f"{words} and ")


@dataclass(frozen=True)
class Drift:
    """A mean of two sweeps that differs, beyond chance; p: adjusted for all that were tested."""

    words: str
    tensor: str
    kind: str
    old: Mean
    new: Mean
    p: float


def find_drift(old: Mapping[tuple[str, str], Pooled], new: Mapping[tuple[str, str], Pooled]) -> list[Drift]:
    """Find the means of two sweeps that differ: of shifts, growths and squares, wherever both have enough groups."""
    tested = [
        (words, tensor, kind, getattr(old[words, tensor], kind), getattr(new[words, tensor], kind))
        for words, tensor in old.keys() & new.keys()
        for kind in ("shift", "growth", "square")
        if min(old[words, tensor].shift.groups, new[words, tensor].shift.groups) >= _FEW
    ]
    adjusted = adjust([_two_sided(_difference(a, b)) for *_, a, b in tested])
    found = [Drift(*one, p) for one, p in zip(tested, adjusted, strict=True)]
    return sorted((one for one in found if one.p < _LEVEL), key=lambda one: one.p)


def _difference(a: Mean, b: Mean) -> float:
    error = math.hypot(a.error, b.error)
    return (b.value - a.value) / error if error > 0.0 else 0.0 if a.value == b.value else math.inf


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2.0))


def adjust(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values of tests that are made together, by Holm's step-down method."""
    order = sorted(range(len(p_values)), key=lambda k: p_values[k])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, k in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[k]))
        adjusted[k] = largest
    return adjusted
