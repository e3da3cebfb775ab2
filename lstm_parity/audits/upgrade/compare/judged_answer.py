"""Recorded answers against the exact ones, in units of rounding noise, by the judge's limits.

An answer is judged from the initial states on, for a record has no steps in between; where rounding noise exceeds the
exact answer, or a sum may overflow, it is not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from lstm_parity.audits.upgrade.record import FORWARD, Answer, sample_indices
from lstm_parity.cases.case import Case, parse_case
from lstm_parity.judging.exact import MAX_HIDDEN_NOISE, exact_gradients_of_all, exact_trajectory, noise_factor
from lstm_parity.judging.verdict import TensorComparison, compare
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic, find_arithmetic
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.autograd import adjoints
from lstm_parity.running.evidence import TENSORS, TRAJECTORY

_ExactSource = Mapping[str, tuple[Array, Array]]  # values and noise by array


@dataclass(frozen=True, eq=False)
class AnswerChange:
    """An answer that changed, old and new, each measured against the exact one; both empty where it is not judged."""

    case: Case
    old: tuple[TensorComparison, ...]
    new: tuple[TensorComparison, ...]
    apart: float

    @property
    def name(self) -> str:
        """The case's."""
        return self.case.id

    @cached_property
    def deviates(self) -> tuple[bool, bool]:
        """Whether the old and the new one are more than rounding noise away."""
        return any(m.deviates for m in self.old), any(m.deviates for m in self.new)

    @property
    def seen(self) -> bool:
        """Whether it is judged at all, and the change is in an element that the records keep."""
        return bool(self.new) and not all(_equal(a.got, b.got) for a, b in zip(self.old, self.new, strict=True))

    @property
    def errors(self) -> tuple[float, float]:
        """The root mean squares of all elements' distances from the exact answer, in noises, old and new."""
        return _rms(self.old), _rms(self.new)


def _equal(one: Array, other: Array) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def _rms(measured: tuple[TensorComparison, ...]) -> float:
    ratios = np.concatenate([m.ratio[(m.noise > 0.0) & np.isfinite(m.ratio)] for m in measured])
    return float(np.sqrt(np.square(ratios).mean())) if len(ratios) else 0.0


def judge_change(one: Case, old: Answer, new: Answer) -> AnswerChange:
    """Two answers to one case, of one pass, each in the arithmetic it is expected to be computed in."""
    exact, before = _exact_answer(one.id, new.way, new.arithmetic), _exact_answer(one.id, old.way, old.arithmetic)
    pairs = [(name, old.arrays[name], new.arrays[name]) for name in new.arrays if name in old.arrays]
    pairs = [(name, a, b) for name, a, b in pairs if a.shape == b.shape]
    with np.errstate(all="ignore"):
        far = [
            float(np.nanmax(np.abs(a.values - b.values))) for _, a, b in pairs if np.isfinite(a.values - b.values).any()
        ]
    known = [(name, a.values, b.values) for name, a, b in pairs if name in exact and name in before]
    return AnswerChange(
        one,
        tuple(_compare_exact(name, a, before[name]) for name, a, _ in known),
        tuple(_compare_exact(name, b, exact[name]) for name, _, b in known),
        max((size for size in far if np.isfinite(size)), default=0.0),
    )


def _compare_exact(name: str, got: Array, whole: tuple[Array, Array]) -> TensorComparison:
    """Return the elements that are kept, against theirs of the whole exact answer."""
    exact, noise = (array.reshape(-1)[sample_indices(array.size, len(got))] for array in whole)
    return compare(name, TRAJECTORY, got, exact, noise)


@lru_cache(maxsize=1024)
def _exact_answer(name: str, way: str, words: str) -> _ExactSource:
    """Return the exact answer to a case and its noise by array, in an arithmetic; empty if nothing can be said."""
    one = parse_case(name)
    dtype = one.setting.runtime.dtype
    if (arithmetic := find_arithmetic(words, dtype) if words else NATIVE[dtype]) is None:
        return {}
    found = _forward(one, arithmetic) if way == FORWARD else _gradients(one, arithmetic)
    return {name: (value, noise_factor(dtype) * noise) for name, (value, noise) in found.items()}


def _forward(case: Case, arithmetic: Arithmetic) -> _ExactSource:
    if (exact := exact_trajectory(case, arithmetic)) is None:
        return {}
    return {name: (getattr(exact, name)[0].value, getattr(exact, name)[0].deviation) for name in TENSORS}


def _gradients(case: Case, arithmetic: Arithmetic) -> _ExactSource:
    told = exact_gradients_of_all([case], [adjoints(case)], arithmetic, [()])
    if not told.hidden_noise[0] <= MAX_HIDDEN_NOISE:
        return {}
    return {name: (one.value[0], one.deviation[0]) for name, one in told.named().items()}
