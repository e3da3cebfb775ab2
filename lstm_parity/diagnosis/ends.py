"""The last steps of the first layer: a short run by which most mistakes are refuted in a long and large one.

A layer forgets where it started: if a mistake ends in the same states from two starts that are far apart, it ends in
them from any start, so also from the states that the steps before left. If those are not the states that were returned,
it is not the mistake.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.diagnosis.similarity import ComparableRun, MistakeRun, see_values
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import WORST_LIMIT, distances
from lstm_parity.reference.noise.arithmetics import Arithmetic, ladder
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.evidence import SEEN, WHOLE, Evidence, Observation, Outputs
from lstm_parity.running.views import Seen, View

_STEPS = 48
_LONG, _LARGE = 2 * _STEPS, 2**17  # steps, and units at all steps, from which on it is worth while
_FAR = 1000.0  # noises: more than any mistake that is named is away
_FORGOTTEN = 1.0  # noises by which the ends of two starts differ
_POSSIBLE = 2.0 * WORST_LIMIT  # noises of an arithmetic
_STARTS = ((0.0, 0.0), (0.9, 3.0))  # the magnitude of h and c


@dataclass(frozen=True, eq=False)
class LastSteps:
    """The last steps of the first layer, forward, from two starts; with the last states that were returned."""

    starts: tuple[ComparableRun, ...]

    def list_possible(self, dtype: str) -> list[Arithmetic]:
        """List the arithmetics of the ladder in which these states may have been computed."""
        first, other = (see_values(one.right.outputs, one.evidence.seen) for one in self.starts)
        if not all(_are_near(first[name], other[name], noise) for name, noise in self.starts[0].noise.items()):
            return list(ladder(dtype))
        seen = Observation(self.starts[0].case, (self.starts[0].evidence,))
        return [a for a in ladder(dtype) if judge(seen, a).worst <= _POSSIBLE]

    def refute(self, mistake: Mistake) -> bool:
        """Whether a mistake ends in other states than those that were returned, wherever it starts."""
        if not (mistake.is_within_a_step and mistake.is_deterministic):
            return False
        first, other = (MistakeRun(mistake, one.case, WHOLE, one.noise, one.evidence.seen) for one in self.starts)
        if first.outputs is None or not first.outputs.complete or first.distance_to(self.starts[0].outputs) <= _FAR:
            return False
        ends = see_values(first.outputs, first.seen), see_values(other.outputs, other.seen)
        return all(_are_near(ends[0][name], ends[1][name], noise) for name, noise in first.plain.items())


def _are_near(one: Array | None, other: Array | None, noise: Array) -> bool:
    return one is not None and other is not None and bool((distances(one, other, noise) <= _FORGOTTEN).all())


def find_last_steps(run: ComparableRun) -> LastSteps | None:
    """Return the last steps of a run; None if it is short or small, or if their states are not known."""
    call, outputs = run.case.setting.call, run.outputs
    if run.way != WHOLE or call.time < _LONG or run.size < _LARGE or not outputs.complete or outputs.faults:
        return None
    if {"h_n", "c_n"} & {*outputs.absent} or (call.lengths is not None and {*call.lengths} != {call.time}):
        return None
    seen = tuple(Seen(name, getattr(outputs, name)[:1], View(name)) for name in ("h_n", "c_n"))
    starts = tuple(_start(_cut_case(run.case, *sizes), seen) for sizes in _STARTS)
    return LastSteps(starts) if all(one.noise for one in starts) else None


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
