"""Likeness: whether a known mistake does on a case what an implementation did there, in units of rounding noise.

Two runs with the same fault stray from one another by the noise of both. Where the fault leaves the numbers as large as
they were, that is the noise of the exact trajectory; where it moves numbers about, or lets them grow, it is measured:
the mistake is run in another precision too, and strays from itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from parity.calling import TENSORS, Outputs
from parity.cases import Case
from parity.judge import Outcome, Verdict, distances, trajectory
from parity.mistakes.mistake import Written
from parity.mistakes.plain import PlainLSTM
from parity.observing import LATE, PAIR, TWICE, WHOLE, Evidence, Observation, observe
from parity.probing import observe_in
from reference.arithmetics import NATIVE
from reference.rounding import Array

ALIKE = 10.0  # noises: see experiments/diagnosis.md
QUANTILE = 0.75  # of the strayings of a tensor: rounding that tips over strays far in few elements


@dataclass(frozen=True, eq=False)
class Seen:
    """What an implementation returned on a case, in one way; whether that was judged to deviate."""

    case: Case
    way: str
    outputs: Outputs
    deviates: bool

    @property
    def size(self) -> int:
        """How much there is to compute: all steps of all rows, layers and directions, and their units."""
        a, c = self.case.setting.architecture, self.case.setting.call
        return c.time * c.rows * a.num_layers * a.num_directions * a.hidden_size

    @cached_property
    def noise(self) -> dict[str, Array] | None:
        """What two right LSTMs may stray from one another here; None where that is too much to mean something."""
        right = observe(Written(PlainLSTM), self.case, chain=False)
        arithmetic = NATIVE[self.case.setting.runtime.dtype]
        measured = trajectory(Verdict(Outcome.NOT_JUDGED, right, arithmetic))
        return {m.tensor: np.sqrt(2.0) * m.noise for m in measured} or None

    def unlike(self, mistake: Written) -> float:
        """How many noises a mistake's outputs are away from what was seen, at worst; infinite where the form differs."""
        known = returned(mistake, self.case, self.way)
        if known is None or self.noise is None or set(known.faults) != set(self.outputs.faults):
            return np.inf
        worst = max(self._distance(name, known, noise) for name, noise in self.noise.items())
        if not ALIKE < worst:
            return worst
        other = returned(mistake, in_another_precision(self.case), self.way)
        if other is None:
            return np.inf
        widened = {name: self._widened(name, known, other, noise) for name, noise in self.noise.items()}
        return max(self._distance(name, known, noise) for name, noise in widened.items())

    def _distance(self, tensor: str, known: Outputs, noise: Array) -> float:
        ours, theirs = getattr(known, tensor), getattr(self.outputs, tensor)
        if ours is None or theirs is None:
            return 0.0 if ours is theirs else np.inf
        return float(distances(theirs, ours, noise).max())

    def _widened(self, tensor: str, known: Outputs, other: Outputs, noise: Array) -> Array:
        """The noise, where the mistake's own is larger that one, where its numbers are larger a roundoff of them."""
        one, two = getattr(known, tensor), getattr(other, tensor)
        if one is None or two is None:
            return noise
        native = NATIVE[self.case.setting.runtime.dtype]
        finite = np.isfinite(one) & np.isfinite(two)
        strayed = np.abs(one - two)[finite] * (2.0**-29 if native.name == "float64" else 1.0)
        own = float(np.quantile(strayed, QUANTILE)) if finite.any() else 0.0
        return np.maximum(np.maximum(noise, own), native.value * np.abs(np.where(finite, one, 0.0)))


def seen(verdict: Verdict) -> Seen | None:
    """What can be compared with mistakes; None where nothing was returned, or where nothing could be judged."""
    if verdict.outcome not in (Outcome.DEVIATES, Outcome.PARITY) or not verdict.observation.evidence:
        return None
    evidence = verdict.observation.evidence[0]
    if evidence.way not in (WHOLE, TWICE, LATE) or any(m.way == PAIR for m in verdict.measured):
        return None
    return Seen(verdict.case, evidence.way, evidence.outputs, verdict.outcome is Outcome.DEVIATES)


def returned(mistake: Written, case: Case, way: str) -> Outputs | None:
    """What a mistake returns; None where it raises. NaN stands for numbers that are not the same every time."""
    setting = case.setting
    if not mistake.repeats and not setting.runtime.deterministic:
        setting = replace(setting, runtime=replace(setting.runtime, deterministic=True))
    evidence = observe_in(way, mistake, replace(case, setting=setting)).evidence
    return evidence[0].outputs if evidence else None


def in_another_precision(case: Case) -> Case:
    """The case in float64, or where it is that already, in float32."""
    dtype = "float32" if case.setting.runtime.dtype == "float64" else "float64"
    return replace(case, setting=replace(case.setting, runtime=replace(case.setting.runtime, dtype=dtype)))
