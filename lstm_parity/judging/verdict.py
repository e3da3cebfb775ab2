"""A verdict and its limits: each tensor compared with the exact answer, in units of rounding noise.

A tensor deviates if its worst element is more than `WORST_LIMIT` noises from the exact answer, or if the root mean
square of its elements is above `RMS_LIMIT`; the second only if half of the elements, and at least `_DISTINCT`, are
different numbers, since copies of one number have the same error and their mean is no average. How the limits were
fixed: `experiments/false_alarms.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.evidence import Adjoints, Observation

WORST_LIMIT = 2.86
RMS_LIMIT = 0.75
GRADIENT = "gradient"  # the way of a comparison of gradients
_MAX_NOISE = 2.0**-3  # of what an element might be: beyond, it says nothing
_DISTINCT = 32
_COPIES = 1e-12  # of the largest element: nearer numbers are copies of one another


class Outcome(Enum):
    """What became of one case, or of all cases of a run, which alone may be NARROWER or NOT ENOUGH. No default."""

    PARITY = "PARITY"  # agrees to rounding noise
    DEVIATES = "DEVIATES"  # does not
    REFUSED = "REFUSED"  # says that it does not support this
    FAILED = "FAILED"  # raised, crashed or hung
    NOT_JUDGED = "NOT JUDGED"  # a correct implementation might do anything here
    NARROWER = "NARROWER"  # agrees in an arithmetic that is narrower than the dtype's
    NOT_ENOUGH = "NOT ENOUGH"  # nothing is wrong, but something that is offered was not judged

    @property
    def is_wrong(self) -> bool:
        """Whether the implementation is wrong."""
        return self in (Outcome.DEVIATES, Outcome.FAILED, Outcome.NARROWER)


OF_ONE_CASE = (Outcome.PARITY, Outcome.DEVIATES, Outcome.REFUSED, Outcome.FAILED, Outcome.NOT_JUDGED)


@dataclass(frozen=True, eq=False)
class TensorComparison:
    """One tensor of one run against the exact answer: got and exact, their distance in noises, element for element."""

    tensor: str
    way: str
    got: Array
    exact: Array
    noise: Array
    ratio: Array

    @cached_property
    def worst(self) -> float:
        """The largest distance, in noises."""
        return float(self.ratio.max())

    @cached_property
    def rms(self) -> float:
        """The root mean square of the distances of the elements that have noise at all, in noises."""
        noisy = self.noise > 0.0
        with np.errstate(over="ignore"):
            return float(np.sqrt(np.square(self.ratio[noisy]).mean())) if noisy.any() else 0.0

    @cached_property
    def rms_is_meaningful(self) -> bool:
        """Whether the RMS averages independent errors: not if most are copies, or closer than the noise."""
        noisy = (self.noise > 0.0) & np.isfinite(self.exact)
        exact = self.exact[noisy]
        if len(exact) < _DISTINCT or 2 * _count_distinct(exact, _COPIES * np.abs(exact).max()) < len(exact):
            return False
        return _count_distinct(exact, float(np.median(self.noise[noisy]))) >= _DISTINCT

    @property
    def deviates(self) -> bool:
        """Whether the distance is more than rounding noise."""
        return not self.worst <= WORST_LIMIT or (not self.rms <= RMS_LIMIT and self.rms_is_meaningful)

    @property
    def lost(self) -> Array:
        """Which elements say nothing, since their noise is as large as what they might be; those that deviate do.

        A state is of the order of 1, or of its own size if that is more; a gradient of the largest in its tensor.
        """
        if self.way != GRADIENT and self.noise.max(initial=0.0) <= _MAX_NOISE:
            return np.zeros(self.noise.shape, bool)
        size = np.maximum(np.abs(self.exact), 1.0)
        if self.way == GRADIENT:
            finite = np.isfinite(self.exact)
            size = np.abs(self.exact[finite]).max(initial=0.0) or self.noise.max()
        return np.asarray((self.noise > _MAX_NOISE * size) & (self.ratio <= WORST_LIMIT))

    @property
    def where(self) -> tuple[int, ...]:
        """The index of the worst element."""
        return tuple(int(k) for k in np.unravel_index(int(self.ratio.argmax()), self.ratio.shape))

    @property
    def beyond(self) -> int:
        """How many elements are more than WORST_LIMIT noises away."""
        return int((~(self.ratio <= WORST_LIMIT)).sum())


def compare(tensor: str, way: str, got: Array, exact: Array, noise: Array) -> TensorComparison:
    """Compare a tensor with the exact one, in units of noise; all three have one shape."""
    return TensorComparison(tensor, way, got, exact, noise, distances(got, exact, noise))


def decide(faults: Sequence[str], compared: Sequence[TensorComparison]) -> Outcome:
    """Decide the outcome of a run that returned: NOT JUDGED if all that was compared is lost and no fault was found."""
    if faults or any(comparison.deviates for comparison in compared):
        return Outcome.DEVIATES
    return Outcome.NOT_JUDGED if all(comparison.lost.all() for comparison in compared) else Outcome.PARITY


def list_lost(compared: Sequence[TensorComparison]) -> list[str]:
    """Say which tensors have elements that say nothing."""
    return [f"{one.way}: elements of {one.tensor} are lost in noise" for one in compared if one.lost.any()]


def _count_distinct(values: Array, resolution: float) -> int:
    """Count the different values at this resolution."""
    return len(np.unique(np.round(values / resolution))) if resolution > 0.0 else 0


def distances(got: Array, exact: Array, noise: Array) -> Array:
    """Return |got - exact| / noise; 0 where both are equal, infinities and NaN too; infinite where only one is NaN."""
    with np.errstate(all="ignore"):
        ratio = np.abs(got - exact) / noise
        if np.isfinite(ratio.sum()):  # as got and exact are then, and the same ones have no distance
            return np.asarray(ratio)
    same = (got == exact) | (np.isnan(got) & np.isnan(exact))
    finite = np.isfinite(got) & np.isfinite(exact)
    return np.where(same, 0.0, np.where(finite, ratio, np.inf))


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the judge says of one case. It has no truth value: use its outcome, or `require_parity`.

    adjoints: of the loss, if gradients were judged; None for outputs.
    """

    outcome: Outcome
    observation: Observation
    arithmetic: Arithmetic
    measured: tuple[TensorComparison, ...] = ()
    faults: tuple[str, ...] = ()
    reason: str = ""
    unjudged: tuple[str, ...] = ()
    adjoints: Adjoints | None = None

    def __bool__(self) -> bool:
        raise TypeError("a verdict has five outcomes and is not true or false: use .outcome, or require_parity")

    @property
    def case(self) -> Case:
        """The case that was judged."""
        return self.observation.case

    @property
    def deviating(self) -> tuple[TensorComparison, ...]:
        """Every tensor that deviates."""
        return tuple(measured for measured in self.measured if measured.deviates)

    @cached_property
    def worst(self) -> float:
        """The worst distance of all tensors, in noises; 0 where nothing was measured."""
        return max((measured.worst for measured in self.measured), default=0.0)

    @cached_property
    def rms(self) -> float:
        """The largest root mean square of all tensors, in noises."""
        return max((measured.rms for measured in self.measured), default=0.0)
