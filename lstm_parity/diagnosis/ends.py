"""The last steps of the first layer: a short run by which most mistakes are refuted in a long and large one.

If the layers below the last one are right, then the first steps of that, since its inputs are known. Else the first
steps of a sequence that is cut, in two places.

A layer forgets where it started: if a mistake ends in the same states from two starts that are far apart, it ends in
them from any start, so also from the states that the steps before left. If those are not the states that were returned,
it is not the mistake.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.catalogue.mistakes.shared import SharedRuns
from lstm_parity.diagnosis.similarity import MAX_DISTANCE, ComparableRun, MistakeRun, see_values
from lstm_parity.judging.exact import exact_trajectory
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import WORST_LIMIT, distances
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic, ladder
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.evidence import SEEN, WHOLE, Evidence, Observation, Outputs
from lstm_parity.running.views import Seen, View

_STEPS, _FEW = 48, 16  # the last ones of the first layer, the first ones of the last
_LONG = 2 * _STEPS  # from which on it is worth while
_FAR = 1000.0  # noises: more than any mistake that is named is away
_FORGOTTEN = 1.0  # noises by which the ends of two starts differ
_POSSIBLE = 2.0 * WORST_LIMIT  # noises of an arithmetic
_RIGHT = Mistake(PlainLSTM)
_CUTS, _EARLY = (32, 24), 8  # steps: of the cut sequences, and of those that are compared
_MORE = 30.0  # how often what a cut changes a deviation must be, since a cut farther away changes no more
_STARTS = ((0.0, 0.0), (0.9, 3.0))  # the magnitude of h and c


@dataclass(frozen=True, eq=False)
class LastSteps:
    """The last steps of the first layer, forward, from two starts; with the last states that were returned."""

    starts: tuple[ComparableRun, ...]

    def list_possible(self, dtype: str) -> list[Arithmetic]:
        """List the arithmetics of the ladder in which these states may have been computed."""
        first, other = (see_values(one.outputs, one.seen) for one in self._run(_RIGHT))
        if not all(_are_near(first[name], other[name], noise) for name, noise in self.starts[0].noise.items()):
            return list(ladder(dtype))
        seen = Observation(self.starts[0].case, (self.starts[0].evidence,))
        return [a for a in ladder(dtype) if judge(seen, a).worst <= _POSSIBLE]

    def refute(self, mistake: Mistake) -> bool:
        """Whether a mistake ends in other states than those that were returned, wherever it starts."""
        if not (mistake.keeps_last_states and mistake.is_deterministic):
            return False
        if mistake.is_around_layers or not (mistake.is_within_a_step or mistake.may_show(self.starts[0].case)):
            return self._is_not_right
        return self._refute(mistake)

    @cached_property
    def _is_not_right(self) -> bool:
        """Whether a right LSTM ends in other states."""
        return self._refute(_RIGHT)

    def _run(self, mistake: Mistake) -> list[MistakeRun]:
        noise = self.starts[0].noise
        return [MistakeRun(mistake, one.case, WHOLE, noise, one.evidence.seen, one.shared) for one in self.starts]

    def _refute(self, mistake: Mistake) -> bool:
        first, other = self._run(mistake)
        if first.outputs is None or not first.outputs.complete or first.distance_to(self.starts[0].outputs) <= _FAR:
            return False
        ends = see_values(first.outputs, first.seen), see_values(other.outputs, other.seen)
        return all(_are_near(ends[0][name], ends[1][name], noise) for name, noise in first.plain.items())


def _are_near(one: Array | None, other: Array | None, noise: Array) -> bool:
    return one is not None and other is not None and bool((distances(one, other, noise) <= _FORGOTTEN).all())


@dataclass(frozen=True, eq=False)
class FirstSteps:
    """The first steps of the last layer, forward, and the output that was returned; limit: noises of a mistake."""

    run: ComparableRun
    limit: float

    def refute(self, mistake: Mistake) -> bool:
        """Whether a mistake within a step returns another output."""
        if not (mistake.is_within_a_layer and mistake.is_within_a_step and mistake.is_deterministic):
            return False
        run = self.run
        found = MistakeRun(mistake, run.case, WHOLE, run.noise, run.evidence.seen, run.shared)
        return found.outputs is not None and found.outputs.complete and found.distance_to(self.run.outputs) > self.limit


@dataclass(frozen=True, eq=False)
class CutSequences:
    """The first steps of the whole LSTM, of a sequence cut at two lengths; given: what was returned there, its noise.

    What a cut hardly changes is nearly what the whole sequence has: the reverse directions forget where it was.
    """

    case: Case
    cuts: tuple[tuple[Case, SharedRuns], ...]
    given: Array
    noise: Array

    def refute(self, mistake: Mistake) -> bool:
        """Whether a mistake returns another output, wherever the sequence is cut."""
        shown = {mistake.may_show(case) for case in (self.case, *(cut for cut, _ in self.cuts))}
        if len(shown) > 1 or not mistake.is_deterministic:
            return False
        first = self._run(mistake, 0)
        if first is None or first.shape != self.given.shape or not self._is_far(first, 0.0):
            return False
        other = self._run(mistake, 1)
        return other is not None and self._is_far(first, _MORE * float(np.abs(first - other).max()))

    def _is_far(self, output: Array, least: float) -> bool:
        """Whether an output is elsewhere, and by more than the least difference."""
        return bool((np.abs(output - self.given) > np.maximum(least, _FAR * self.noise)).any())

    def _run(self, mistake: Mistake, k: int) -> Array | None:
        case, shared = self.cuts[k]
        outputs = MistakeRun(mistake, case, WHOLE, {}, (), shared).outputs
        return None if outputs is None or outputs.output is None else outputs.output[: len(self.given)]


def cut_sequences(run: ComparableRun) -> CutSequences | None:
    """Return the first steps of a run; None if it is short or small, or if they are not known."""
    output = run.outputs.output
    if not _is_worth_while(run) or output is None or "output" in run.outputs.absent or not run.noise:
        return None
    noise = run.noise["output"]
    cuts = tuple((_cut_time(run.case, steps), SharedRuns(weights=run.shared.weights)) for steps in _CUTS)
    found = CutSequences(run.case, cuts, output[:_EARLY], np.broadcast_to(noise, output.shape)[:_EARLY])
    found.refute(_RIGHT)  # its layers are looked up for most mistakes
    return found


def _cut_time(case: Case, steps: int) -> Case:
    call = replace(case.setting.call, time=steps, lengths=None)
    return replace(case, setting=replace(case.setting, call=call), input=case.input[:steps])


def list_parts(run: ComparableRun) -> list[LastSteps | FirstSteps | CutSequences]:
    """List the parts of a long and large run by which mistakes are refuted, the cheapest first."""
    return [part for part in (find_last_steps(run), find_first_steps(run), cut_sequences(run)) if part is not None]


def find_first_steps(run: ComparableRun) -> FirstSteps | None:
    """Return the first steps of a stack's last layer; None if it is not large, or if a layer below it is wrong."""
    a, outputs = run.case.setting.architecture, run.outputs
    k = (a.num_layers - 1) * a.num_directions
    if not k or not _is_worth_while(run) or outputs.output is None or outputs.absent or not _is_right_below(run, k):
        return None
    n = a.num_layers - 1
    below = replace(
        run.case,
        setting=replace(run.case.setting, architecture=replace(a, num_layers=n)),
        weights=LSTMWeights(run.case.weights.cells[:n]),
        h_0=run.case.h_0[:k],
        c_0=run.case.c_0[:k],
    )
    exact = exact_trajectory(below, NATIVE[run.case.setting.runtime.dtype])
    if exact is None:
        return None
    x, noise = exact.output.value[0, :_FEW], exact.output.deviation[0, :_FEW]
    sizes = replace(a, input_size=x.shape[-1], num_layers=1, bidirectional=False)
    setting = replace(
        run.case.setting, architecture=sizes, call=replace(run.case.setting.call, time=_FEW, lengths=None)
    )
    weights = LSTMWeights((run.case.weights.cells[n][:1],))
    states = run.case.h_0[k : k + 1], run.case.c_0[k : k + 1]
    case = Case(setting, run.case.profile, run.case.seed, weights, x, *states)
    seen = (Seen("output", outputs.output[:_FEW, :, : a.output_size], View("output")),)
    evidence = Evidence(SEEN, x, *states, Outputs(None, None, None), None, seen=seen, noise=(noise, None, None))
    first = ComparableRun(case, WHOLE, evidence, deviates=True)
    return FirstSteps(first, 2.0 * run.most) if first.noise else None


def _is_right_below(run: ComparableRun, k: int) -> bool:
    """Whether the last states of the first layers and directions, so many, are those of a right LSTM."""
    right = run.right.outputs
    if right is None or not right.complete:
        return False
    pairs = ((name, getattr(run.outputs, name)[:k], getattr(right, name)[:k]) for name in ("h_n", "c_n"))
    return all(bool((distances(one, other, run.noise[name][:k]) <= MAX_DISTANCE).all()) for name, one, other in pairs)


def _is_worth_while(run: ComparableRun) -> bool:
    """Whether a run is a whole call, long and large, of rows that are all as long."""
    call, outputs = run.case.setting.call, run.outputs
    is_even = call.lengths is None or {*call.lengths} == {call.time}
    is_large = call.time >= _LONG and run.is_large
    return run.way == WHOLE and is_large and is_even and outputs.complete and not outputs.faults


def find_last_steps(run: ComparableRun) -> LastSteps | None:
    """Return the last steps of a run; None if it is short or small, or if their states are not known."""
    outputs = run.outputs
    if not _is_worth_while(run) or {"h_n", "c_n"} & {*outputs.absent}:
        return None
    seen = tuple(Seen(name, getattr(outputs, name)[:1], View(name)) for name in ("h_n", "c_n"))
    starts = tuple(_start(_cut_case(run.case, *sizes), seen) for sizes in _STARTS)
    return LastSteps(starts) if starts[0].noise else None


def _cut_case(case: Case, h: float, c: float) -> Case:
    """Return a case of the last steps of the first layer, forward, from states of these magnitudes and both signs."""
    a = replace(case.setting.architecture, num_layers=1, bidirectional=False)
    call = replace(case.setting.call, time=_STEPS, lengths=None, states=True)
    weights = LSTMWeights((case.weights.cells[0][:1],))
    setting = replace(case.setting, architecture=a, call=call)
    states = [size * np.where(np.arange(s.shape[-1]) % 2, -1.0, 1.0) for size, s in ((h, case.h_0), (c, case.c_0))]
    h_0, c_0 = (np.broadcast_to(one, (1, case.input.shape[1], len(one))).copy() for one in states)
    return Case(setting, case.profile, case.seed, weights, case.input[-_STEPS:], h_0, c_0)


def _start(case: Case, seen: tuple[Seen, ...]) -> ComparableRun:
    nothing = Outputs(None, None, None)
    evidence = Evidence(SEEN, case.input, case.h_0, case.c_0, nothing, None, seen=seen)
    return ComparableRun(case, WHOLE, evidence, deviates=True)
