"""Similarity: whether a known mistake does on a case what an implementation did there, in units of rounding noise.

Two runs with the same fault differ by the noise of both. Where the fault leaves the numbers as large as
they were, that is the noise of the exact trajectory; where it moves numbers about, or lets them grow, it is measured:
the mistake is run in another precision too, and compared with itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.catalogue.mistakes.shared import WIDE, SharedMistake, SharedRuns
from lstm_parity.diagnosis.probes import observe_in
from lstm_parity.judging.exact import exact_trajectory, noise_factor
from lstm_parity.judging.forward import judge_trajectory
from lstm_parity.judging.verdict import Outcome, Verdict, distances
from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.reference.noise.model import Array, Noisy
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.evidence import LATE, PAIR, SEEN, TENSORS, TWICE, WHOLE, Evidence, Observation, Outputs
from lstm_parity.running.protocol import Implementation
from lstm_parity.running.views import Seen, View, see

MAX_DISTANCE = 10.0  # noises: see experiments/diagnosis.md
_GROWN = 1000.0  # noises
_FAR = 1000.0  # largest noises of a correct LSTM, times MAX_DISTANCE
_NO_LARGER = 2.0
_LARGE = 2**17  # units at all steps
_CLEARLY = 100.0  # noises by which the first layer deviates, so that it is judged by itself
_CORRECT_LSTM = Mistake(PlainLSTM)
_QUANTILE = 0.75  # of a tensor's distances from itself: a rounding that flips moves few elements, but far


@dataclass(frozen=True, eq=False)
class MistakeRun:
    """What a mistake does on a case, in one way.

    plain: for each tensor, how far two correct LSTMs may differ there. seen: what is compared in place of the tensors.
    shared: what layers computed in other runs of the case.
    """

    mistake: Mistake
    case: Case
    way: str
    plain: dict[str, Array]
    seen: tuple[Seen, ...] = ()
    shared: SharedRuns | None = None

    @cached_property
    def outputs(self) -> Outputs | None:
        """What it returns; None where it raises."""
        return self._run(_in_one_thread(self.mistake, self.case))

    def _run(self, case: Case) -> Outputs | None:
        if self.shared is None or self.way != WHOLE or not self.mistake.is_deterministic:
            return _outputs_of(self.mistake, case, self.way)
        return _outputs_of(SharedMistake(self.mistake, self.shared, case), case, self.way)

    @cached_property
    def noise(self) -> dict[str, Array]:
        """The plain noise; more where the mistake's own is larger, or a roundoff of its numbers."""
        other = self._run(_in_another_precision(_in_one_thread(self.mistake, self.case)))
        if self.outputs is None or other is None:
            return self.plain
        ours, wider = (see_values(outputs, self.seen) for outputs in (self.outputs, other))
        return {name: self._widen(ours[name], wider[name], name) for name in self.plain}

    @cached_property
    def others(self) -> list[Outputs]:
        """What it may return as well, where it is not the same every time: numbers that differ may be anything."""
        if self.mistake.is_deterministic:
            return []
        runtime = replace(self.case.setting.runtime, deterministic=True)
        told = replace(self.case, setting=replace(self.case.setting, runtime=runtime))
        again = [_outputs_of(self.mistake, case, self.way) for case in (self.case, told)]
        return [outputs for outputs in again if outputs is not None and outputs.complete]

    def _widen(self, ours: Array | None, wider: Array | None, tensor: str) -> Array:
        native = NATIVE[self.case.setting.runtime.dtype]
        if ours is None or wider is None:
            return self.plain[tensor]
        finite = np.isfinite(ours) & np.isfinite(wider)
        strayed = np.abs(ours[finite] - wider[finite]) * (2.0**-29 if native.name == "float64" else 1.0)
        own = float(np.quantile(strayed, _QUANTILE)) if finite.any() else 0.0
        return np.maximum(np.maximum(self.plain[tensor], own), native.value * np.abs(np.where(finite, ours, 0.0)))

    def distance_to(self, seen: Outputs) -> float:
        """Return the largest distance from this, in noises; infinite if the form differs.

        The mistake's own noise is used if the plain one is not enough.
        """
        if self.outputs is None or (not self.seen and set(self.outputs.faults) != set(seen.faults)):
            return np.inf
        near = max(self._distance(seen, name, noise) for name, noise in self.plain.items())
        if near <= MAX_DISTANCE or self._is_elsewhere(seen):
            return near
        return max(self._distance(seen, name, self.noise[name]) for name in self.plain)

    def _is_elsewhere(self, seen: Outputs) -> bool:
        """Whether it is so far away that its own noise need not be measured: its numbers are no larger than those."""
        ours = see_values(self.outputs, self.seen)
        theirs = {one.name: one.got for one in self.seen} or see_values(seen, ())
        for name, noise in self.plain.items():
            one, other = ours[name], theirs[name]
            if name in seen.absent or one is None or other is None or one.shape != other.shape or not one.size:
                continue
            away, size = np.abs(one - other).max(), np.abs(other).max()
            if np.abs(one).max() <= _NO_LARGER * size and away > _FAR * MAX_DISTANCE * noise.max():
                return True
        return False

    def same(self, other: MistakeRun) -> bool:
        """Whether it returns the same bits and forms as another."""
        ours, theirs = self.outputs, other.outputs
        if ours is None or theirs is None or ours.faults != theirs.faults:
            return False
        pairs = [(getattr(ours, name), getattr(theirs, name)) for name in TENSORS]
        return all(a is not None and b is not None and np.array_equal(a, b, equal_nan=True) for a, b in pairs)

    def _distance(self, seen: Outputs, tensor: str, noise: Array) -> float:
        if tensor in seen.absent:
            return 0.0
        ours = see_values(self.outputs, self.seen)[tensor]
        given = {one.name: one.got for one in self.seen} or see_values(seen, ())
        theirs = given[tensor]
        if ours is None or theirs is None:
            return 0.0 if ours is theirs else np.inf
        away = distances(theirs, ours, noise)
        for other in self.others:
            again = see_values(other, self.seen)[tensor]
            changed = 0.0 if again is None else distances(again, ours, np.ones(()))
            away = np.where(changed > 0.0, 0.0, away)
        return float(away.max())


@dataclass(frozen=True, eq=False)
class ComparableRun:
    """What an implementation returned on a case, in one way, and whether that was judged to deviate."""

    case: Case
    way: str
    evidence: Evidence
    deviates: bool
    shared: SharedRuns = field(default_factory=SharedRuns, repr=False)

    @property
    def outputs(self) -> Outputs:
        """What was returned; nothing if only what was seen of it is known."""
        return self.evidence.outputs

    @property
    def size(self) -> int:
        """How much there is to compute: all steps of all rows, layers and directions, and their units."""
        a, c = self.case.setting.architecture, self.case.setting.call
        return c.time * c.rows * a.num_layers * a.num_directions * a.hidden_size

    @property
    def is_large(self) -> bool:
        """Whether a mistake takes a large part of a second."""
        return self.size >= _LARGE

    @cached_property
    def noise(self) -> dict[str, Array]:
        """Return how far two correct LSTMs may differ here; empty if that is too much to mean something."""
        return plain_noise(self.case, self.evidence)

    @cached_property
    def right(self) -> MistakeRun:
        """What a right LSTM does here."""
        return MistakeRun(_CORRECT_LSTM, self.case, self.way, self.noise, self.evidence.seen, self.shared)

    @cached_property
    def from_right(self) -> float:
        """How many noises it is away from what a right LSTM does, at worst."""
        return self.right.distance_to(self.outputs)

    @cached_property
    def first_layer(self) -> ComparableRun | None:
        """The first layer of a stack by itself, judged by its last states; None if that is not clear, or not known."""
        a, outputs = self.case.setting.architecture, self.outputs
        if a.num_layers < 2 or self.way != WHOLE or not outputs.complete or outputs.faults or outputs.absent:
            return None
        one, d = _cut_first_layer(self.case), a.num_directions
        seen = tuple(Seen(name, getattr(outputs, name)[:d], View(name)) for name in ("h_n", "c_n"))
        nothing = Outputs(None, None, None)
        lengths = one.setting.call.lengths
        evidence = Evidence(SEEN, one.input, one.h_0, one.c_0, nothing, lengths, seen=seen)
        found = ComparableRun(one, WHOLE, evidence, deviates=True)
        if not found.noise or MAX_DISTANCE < found.from_right <= _CLEARLY:
            return None
        return found if found.from_right > _CLEARLY else replace(found, deviates=False)

    def distance_to(self, mistake: Mistake) -> float:
        """How many noises it is away from what a mistake does, at worst."""
        if self.way == WHOLE and not mistake.may_show(self.case):
            return self.from_right
        behaviour = MistakeRun(mistake, self.case, self.way, self.noise, self.evidence.seen, self.shared)
        return self.from_right if behaviour.same(self.right) else behaviour.distance_to(self.outputs)

    def is_explained_by(self, mistake: Mistake) -> bool:
        """Whether a mistake does the same: within MAX_DISTANCE, and if this deviates far closer than a correct LSTM.

        A little more if a correct LSTM is farther still by a factor of a million: in float64 rounding may grow so.
        """
        if not self.deviates:
            return self.distance_to(mistake) <= MAX_DISTANCE
        first = self.first_layer  # cheaper, and what does not explain it does not explain the whole
        if (
            first is not None
            and mistake.is_within_a_layer
            and mistake.may_show(first.case)
            and not first.is_explained_by(mistake)
        ):
            return False
        return self.distance_to(mistake) <= self.most

    @property
    def most(self) -> float:
        """How many noises a mistake that explains it may be away."""
        return max(min(MAX_DISTANCE, self.from_right / 2.0), min(1e-6 * self.from_right, _GROWN))


def _cut_first_layer(case: Case) -> Case:
    """Return a case of the first layer alone, with its own weights and states."""
    a = replace(case.setting.architecture, num_layers=1)
    weights = LSTMWeights(case.weights.cells[:1])
    states = case.h_0[: a.num_directions], case.c_0[: a.num_directions]
    return Case(replace(case.setting, architecture=a), case.profile, case.seed, weights, case.input, *states)


def comparable_run(verdict: Verdict) -> ComparableRun | None:
    """What can be compared with mistakes; None where nothing was returned, or where nothing could be judged."""
    if verdict.outcome not in (Outcome.DEVIATES, Outcome.PARITY) or not verdict.observation.evidence:
        return None
    evidence = verdict.observation.evidence[0]
    if evidence.way not in (WHOLE, TWICE, LATE, SEEN) or any(m.way == PAIR for m in verdict.measured):
        return None
    way = WHOLE if evidence.way == SEEN else evidence.way
    return ComparableRun(verdict.case, way, evidence, verdict.outcome is Outcome.DEVIATES)


def see_values(outputs: Outputs | None, seen: Sequence[Seen]) -> dict[str, Array | None]:
    """Return the tensors of some outputs, or the views of them; None for what is not there."""
    if not seen:
        return {name: getattr(outputs, name, None) for name in TENSORS}
    if outputs is None or not outputs.complete:
        return {one.name: None for one in seen}
    tensors = {name: Noisy(getattr(outputs, name)) for name in TENSORS}
    return {name: noisy.value for name, noisy in see(NATIVE["float64"], seen, tensors).items()}


def plain_noise(case: Case, evidence: Evidence | None = None) -> dict[str, Array]:
    """Return how far two correct LSTMs may differ, for each tensor, or for what was seen; empty if that is too much."""
    dtype = case.setting.runtime.dtype
    if evidence is not None and evidence.seen:
        right = Observation(case, (evidence,))
        measured = judge_trajectory(Verdict(Outcome.NOT_JUDGED, right, NATIVE[dtype]))
        return {m.tensor: np.sqrt(2.0) * m.noise for m in measured}
    exact = exact_trajectory(case, NATIVE[dtype])
    factor = np.sqrt(2.0) * noise_factor(dtype)
    return {} if exact is None else {name: factor * getattr(exact, name)[0].deviation for name in TENSORS}


def _outputs_of(mistake: Implementation, case: Case, way: str) -> Outputs | None:
    """What a mistake returns; None where it raises."""
    evidence = observe_in(way, mistake, case).evidence
    return evidence[0].outputs if evidence else None


def _in_one_thread(mistake: Mistake, case: Case) -> Case:
    """Return the same case; a wide one in one thread, if nothing shows by it: two would wait for one another."""
    runtime = case.setting.runtime
    is_narrow = case.setting.architecture.hidden_size < WIDE
    if runtime.threads is not None or is_narrow or mistake.needs_threads(case):
        return case
    return replace(case, setting=replace(case.setting, runtime=replace(runtime, threads=1)))


def _in_another_precision(case: Case) -> Case:
    """The case in float64, or where it is that already, in float32."""
    dtype = "float32" if case.setting.runtime.dtype == "float64" else "float64"
    return replace(case, setting=replace(case.setting, runtime=replace(case.setting.runtime, dtype=dtype)))
