"""The rounding errors of a sweep, summed up: how many elements, their mean, square, worst and tail, tensor by tensor.

An error is `(got - exact) / noise`, with its sign. Two means are kept: of the error itself, which a constant that is
added shifts, and of the error times the sign of the exact value, which a factor shifts: rounding toward zero, say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_parity.judging.verdict import GRADIENT, TensorComparison
from lstm_parity.running.evidence import WHOLE

TENSORS = ("output", "h_n", "c_n", GRADIENT)
BINS = 40  # of a tail: errors in tenths of a noise; the last holds all that are larger
PER_NOISE = 10
_HUGE = 1e150  # noises; the square of what is larger overflows


@dataclass
class Errors:
    """Sums over the elements of one tensor that have noise.

    elements: how many. shift: the sum of the errors. growth: of the errors times the sign of the exact value. squares:
    of their squares. worst: the largest, without its sign. lost: elements whose noise is too large to say anything.
    tail: how many errors there are of each size, up to the largest.
    """

    elements: int = 0
    shift: float = 0.0
    growth: float = 0.0
    squares: float = 0.0
    worst: float = 0.0
    lost: int = 0
    tail: list[int] = field(default_factory=list)

    def add(self, compared: TensorComparison) -> None:
        """Add the elements of a comparison."""
        used = (compared.noise > 0.0) & np.isfinite(compared.ratio)
        exact = compared.exact[used]
        error = ((compared.got[used] - exact) / compared.noise[used]).clip(-_HUGE, _HUGE)
        size = np.abs(error)
        self.elements += error.size
        self.shift += float(error.sum())
        self.growth += float((error * np.sign(exact)).sum())
        self.squares += float(np.square(error).sum())
        self.worst = max(self.worst, float(size.max(initial=0.0)))
        self.lost += int(compared.lost.sum())
        counted = np.bincount(np.minimum(size * PER_NOISE, BINS - 1).astype(int), minlength=len(self.tail))
        counted[: len(self.tail)] += np.array(self.tail, counted.dtype)
        self.tail = counted.tolist()

    @classmethod
    def of(cls, values: Sequence[Any]) -> Errors:
        """Return the errors whose fields have these values, in order."""
        return cls(*values)


ByTensor = dict[str, Errors]


def sum_up(compared: Iterable[TensorComparison]) -> ByTensor:
    """Sum up the errors of comparisons by tensor, of which all gradients are one.

    Of whole calls and gradients alone: single steps are other calls of the same.
    """
    found = ByTensor()
    with np.errstate(over="ignore"):
        for one in compared:
            if one.way in (WHOLE, GRADIENT):
                found.setdefault(GRADIENT if one.way == GRADIENT else one.tensor, Errors()).add(one)
    return found
