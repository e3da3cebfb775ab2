"""Wrong gradients compared with every known gradient mistake, where the forward pass is right: which one it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from parity.cases import Case, case, moved
from parity.diagnose import Diagnosis
from parity.gradient_judge import expected, judge_gradients
from parity.gradients import Found, adjoints, found_by_autograd
from parity.implementations.protocol import Implementation
from parity.judge import Outcome, distances
from parity.likeness import ALIKE
from parity.mistakes import GRADIENT_MISTAKES
from parity.mistakes.mistake import Written
from reference.rounding import Array

RIGHT = "the forward pass agrees on all probes: the fault is in the way back"
CASES = tuple(dict.fromkeys(known.witness for known in GRADIENT_MISTAKES))


@dataclass(frozen=True, eq=False)
class _Seen:
    """What an implementation's gradients are on a case, and whether they deviate."""

    case: Case
    found: Found
    deviates: bool

    @cached_property
    def noise(self) -> dict[str, Array]:
        """Of the right gradients; a mistake has about the same."""
        told = expected(self.case, adjoints(self.case))
        noisy = {"input": told.input, "h_0": told.h_0, "c_0": told.c_0, **dict(told.weights.items())}
        return {name: one.deviation[0] for name, one in noisy.items()}

    def unlike(self, known: Written) -> float:
        """How far the gradients are from those of a mistake, in noises; infinite where others are missing."""
        other = _of(known, self.case.id)
        if {name for name, got in self.found.items() if got is None} ^ {n for n, got in other.items() if got is None}:
            return np.inf
        pairs = ((got, other[name], self.noise[name]) for name, got in self.found.items() if got is not None)
        return max((float(distances(got, theirs, noise).max()) for got, theirs, noise in pairs if theirs is not None))


@lru_cache(maxsize=1024)
def _of(known: Written, name: str) -> Found:
    """A mistake's gradients."""
    return found_by_autograd(known, case(name), adjoints(case(name)))


def diagnose_gradients(implementation: Implementation, device: str = "cpu") -> str:
    """Which gradient mistake the implementation behaves like, on a witness of each; its forward pass is right."""
    seen = list(_seen(implementation, device))
    wrong = [one for one in seen if one.deviates]
    if not wrong:
        return f"behaves like: nothing can be told, for the gradients of {len(seen)} probes are right\n{RIGHT}"
    known = [mistake for mistake in GRADIENT_MISTAKES if all(one.unlike(mistake) <= ALIKE for one in seen)]
    if not known:
        return f"behaves like: none of {len(GRADIENT_MISTAKES)} known mistakes of gradients\n{RIGHT}"
    worst, agreeing = max(one.unlike(known[0]) for one in seen), len(seen) - len(wrong)
    return Diagnosis(known[0], tuple(known[1:]), None, None, "", len(wrong), agreeing, worst, (RIGHT,)).text


def _seen(implementation: Implementation, device: str) -> Iterator[_Seen]:
    """On every probe that has gradients there."""
    for one in (moved(case(name), device) for name in CASES):
        verdict = judge_gradients(implementation, one, adjoints(one))
        if verdict.outcome in (Outcome.PARITY, Outcome.DEVIATES):
            found = found_by_autograd(implementation, one, adjoints(one))
            yield _Seen(moved(one, "cpu"), found, verdict.outcome is Outcome.DEVIATES)
