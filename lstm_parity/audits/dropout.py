"""Dropout between layers, judged: in train mode with the masks that are read off an implementation, in eval mode none.

A correct implementation may draw its masks in any order. So what it drops is read (`running/dropped.py`), the call is
judged as that of the LSTM with those masks, and how they are drawn is judged of all of them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.covering import TALL_SEED, choose_spread
from lstm_parity.cases.features import DROPOUT
from lstm_parity.cases.setting import Architecture, Call, Setting
from lstm_parity.implementations.lives import InDropout
from lstm_parity.judging.exact import exact_trajectory
from lstm_parity.judging.forward import judge
from lstm_parity.judging.gradients import judge_gradients
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.autograd import adjoints, in_pass
from lstm_parity.running.dropped import Kept, UnreadableError, is_readable, make_masks, read_kept
from lstm_parity.running.evidence import (
    DROPPING,
    NOT_DROPPING,
    BackwardPass,
    Evidence,
    Masks,
    Observation,
    Outputs,
)
from lstm_parity.running.observe import observe_whole
from lstm_parity.running.protocol import (
    NO_DROPOUT,
    Implementation,
    drops_out,
    expected_arithmetic,
    stands_in,
    unjudged_dropout,
)

_CHANCES = (0.5, 0.2, 0.75)  # 1/(1-p) is exact in every dtype
_DEVIATIONS = 6.0  # standard deviations of the share that is kept
_EQUAL = 30  # numbers of two masks that are not all the same by chance
_FEW = 2  # cases in eval mode, with one layer, and of gradients
_MOST = 8  # cases in train mode
_NOT_REPEATED = (
    "what is dropped is not repeated by a seed of torch's, NumPy's or Python's generator, so the masks are not known"
)


def judge_dropout(implementation: Implementation, cases: Sequence[Case], every: int) -> list[Verdict]:
    """Judge dropout in eval mode, of a single layer, and in train mode.

    cases: of one dtype; one in so many of those with several layers is taken.
    """
    if (reason := _find_refusal(implementation, cases)) is not None:
        return [_decide(implementation, cases[0], Outcome.REFUSED, reason)]
    if reason := unjudged_dropout(implementation):
        return [_decide(implementation, cases[0], Outcome.NOT_JUDGED, reason)]
    small = [case for case in cases if case.seed != TALL_SEED] or cases
    stacks = [case for case in small if _is_offered_stack(implementation, case)] or _stack(implementation, small)
    stacked = _list_readable(implementation, stacks)
    unread = "" if stacked else _find_unread(implementation, stacks)
    single = choose_spread([case for case in small if case.setting.architecture.num_layers == 1], _FEW)
    verdicts = [_judge_without_masks(implementation, case) for case in choose_spread(stacks or single, _FEW)]
    verdicts += (_judge_with(implementation, case, (), 0.5, 1) for case in single)
    if any(verdict.outcome is Outcome.REFUSED for verdict in verdicts):
        return verdicts
    if unread:
        return [*verdicts, _decide(implementation, stacks[0], Outcome.NOT_JUDGED, unread)]
    if not stacked:
        return verdicts
    masks = _Masks(implementation)
    if (wrong := masks.judge_drawing(_draw_counted(implementation, stacked))) is not None:
        return [*verdicts, wrong]
    chosen = choose_spread(stacked, max(2 * _FEW, min(_MOST, len(stacked) // every)))
    verdicts += (masks.judge(case, _CHANCES[k % len(_CHANCES)], k + 1) for k, case in enumerate(chosen))
    return [*verdicts, *masks.judge_chances()]


def judge_dropout_of(implementation: Implementation, case: Case) -> list[Verdict]:
    """Judge dropout on one case, with every probability."""
    return judge_dropout(implementation, [case] * len(_CHANCES), 1)


def judge_gradients_in_dropout(implementation: Implementation, cases: Sequence[Case]) -> list[Verdict]:
    """Judge the gradients of a few cases in train mode: the way back passes through the masks of the way forward."""
    if _find_refusal(implementation, cases) or unjudged_dropout(implementation) or stands_in(implementation):
        return []
    small = [case for case in cases if case.seed != TALL_SEED and _is_offered_stack(implementation, case)]
    if not (stacked := _list_readable(implementation, small)):
        return []
    masks = _Masks(implementation)
    if masks.judge_drawing(_draw_counted(implementation, stacked)) is not None:
        return []  # the question about dropout says what is wrong
    return [masks.judge_backward(case, _CHANCES[k], k + 1) for k, case in enumerate(choose_spread(stacked, _FEW))]


def _find_refusal(implementation: Implementation, cases: Sequence[Case]) -> str | None:
    if not drops_out(implementation):
        return NO_DROPOUT
    if DROPOUT in getattr(implementation, "without", ()):
        return f"declared: --without {DROPOUT}"
    if any(case.setting.runtime.device != "cpu" for case in cases):
        return "dropout is judged on the CPU"
    return None


def _is_offered_stack(implementation: Implementation, case: Case) -> bool:
    """Whether a case has several layers, and is not refused."""
    return case.setting.architecture.num_layers > 1 and implementation.unsupported_reason(case.setting) is None


def _stack(implementation: Implementation, cases: Sequence[Case]) -> list[Case]:
    """Return one of several cases with a layer more, if none has several layers and one with them is not refused."""
    for case in cases if len({case.id for case in cases}) > 1 else ():
        architecture = replace(case.setting.architecture, num_layers=2)
        more = draw_case(replace(case.setting, architecture=architecture), case.profile, case.seed)
        if _is_offered_stack(implementation, more):
            return [more]
    return []


def _list_readable(implementation: Implementation, stacks: Sequence[Case]) -> list[Case]:
    by_output = stands_in(implementation)
    return [case for case in stacks if is_readable(case.setting, by_output=by_output)]


def _find_unread(implementation: Implementation, stacks: Sequence[Case]) -> str:
    """Say why what is dropped between layers cannot be read off, if it cannot; stacks: of several layers."""
    if stacks and not any(case.setting.architecture.bias for case in stacks):
        return "what it drops between layers is read with the biases of a layer, which it does not have"
    if stacks and stands_in(implementation):
        return "what it drops between more than two layers is read from h_n and c_n, which it does not return"
    return ""


def _decide(implementation: Implementation, case: Case, outcome: Outcome, words: str) -> Verdict:
    """Return a verdict that no numbers speak for."""
    arithmetic = expected_arithmetic(implementation, case.setting)
    if outcome is Outcome.DEVIATES:
        read = Evidence(DROPPING, case.input, case.h_0, case.c_0, Outputs(None, None, None, (words,)))
        return Verdict(outcome, Observation(case, (read,)), arithmetic, faults=(words,))
    refused = words if outcome is Outcome.REFUSED else None
    return Verdict(outcome, Observation(case, refused=refused), arithmetic, reason=words)


def _judge_without_masks(implementation: Implementation, case: Case) -> Verdict:
    """Judge a call in eval mode, where p does not matter."""
    return judge(observe_whole(InDropout(implementation, 0.5, (1,), training=False), case, NOT_DROPPING))


def _judge_with(implementation: Implementation, case: Case, masks: Masks, p: float, seed: int) -> Verdict:
    """Judge a call in train mode by the masks that belong to a seed."""
    seen = observe_whole(InDropout(implementation, p, (seed,)), case, DROPPING, masks)
    return judge(_leave_out_states(seen) if masks and stands_in(implementation) else seen)


def _leave_out_states(seen: Observation) -> Observation:
    """Return a call whose states are not judged: what stands in their place knows of no masks."""
    if not seen.evidence or (output := seen.evidence[0].outputs.output) is None:
        return seen
    exact = exact_trajectory(seen.case, NATIVE[seen.case.setting.runtime.dtype], seen.evidence[0])
    if exact is None:
        return replace(seen, evidence=(), refused="its states are lost in noise")
    outputs = Outputs(output, exact.h_n.value[0], exact.c_n.value[0], absent=("h_n", "c_n"))
    return replace(seen, evidence=(replace(seen.evidence[0], outputs=outputs),))


@dataclass(frozen=True, eq=False)
class _Masks:
    """The masks of an implementation; counted: those that were read, with the probability to be dropped."""

    implementation: Implementation
    counted: list[tuple[float, Case, Kept]] = field(default_factory=list)

    def judge_drawing(self, case: Case) -> Verdict | None:
        """Judge whether a seed repeats the masks, another does not, and every step, row and unit has one of its own."""
        read = [self._read(case, 0.5, seeds) for seeds in ((1,), (1,), (1, 2))]
        for one in read:
            if isinstance(one, Verdict):
                return one
        first, again, other = (np.stack(one) for one in read if not isinstance(one, Verdict))
        if (first != again).any():
            return _decide(self.implementation, case, Outcome.NOT_JUDGED, _NOT_REPEATED)
        shared = _find_undropped(first) or _find_shared(first, case.setting)
        if shared is None and (first == other).all():
            shared = "all calls drop the same: masks are drawn anew in every call"
        return None if shared is None else _decide(self.implementation, case, Outcome.DEVIATES, shared)

    def judge(self, case: Case, p: float, seed: int) -> Verdict:
        """Judge a call in train mode, with the masks that are read."""
        kept = self._read(case, p, (seed,))
        return (
            kept if isinstance(kept, Verdict) else _judge_with(self.implementation, case, make_masks(kept, p), p, seed)
        )

    def judge_backward(self, case: Case, p: float, seed: int) -> Verdict:
        """Judge the gradients of such a call."""
        runtime = replace(case.setting.runtime, grad_mode="grad")
        recorded = draw_case(replace(case.setting, runtime=runtime), case.profile, case.seed)
        kept = self._read(recorded, p, (seed,))
        if isinstance(kept, Verdict):
            return kept
        how = BackwardPass(f"in train mode, with dropout of {p:g}", training=True, dropout=p, seed=seed)
        return judge_gradients(self.implementation, recorded, in_pass(adjoints(recorded), how), make_masks(kept, p))

    def judge_chances(self) -> list[Verdict]:
        """Judge the share of what was dropped, for each probability; return what is wrong alone."""
        found = list[Verdict]()
        for p in dict.fromkeys(p for p, _, _ in self.counted):
            cases = [(case, kept) for chance, case, kept in self.counted if chance == p]
            dropped, count = map(sum, zip(*(_count(case, kept) for case, kept in cases), strict=True))
            if abs(dropped - p * count) > _DEVIATIONS * (p * (1.0 - p) * count) ** 0.5:
                words = f"with dropout={p:g}, {dropped} of {count} numbers between layers were dropped"
                found.append(_decide(self.implementation, cases[0][0], Outcome.DEVIATES, words))
        return found

    def _read(self, case: Case, p: float, seeds: tuple[int, ...]) -> Kept | Verdict:
        """Read what is dropped in a call with the last of some seeds; a verdict if it cannot be."""
        dropping, ends = InDropout(self.implementation, p, seeds), list[Observation]()

        def call(reader: Case) -> Outputs | None:
            ends.append(observe_whole(dropping, reader, DROPPING))
            evidence = ends[-1].evidence
            return evidence[0].outputs if evidence else None

        try:
            kept = read_kept(case, call, by_output=stands_in(self.implementation))
        except UnreadableError as error:
            return _decide(self.implementation, case, Outcome.DEVIATES, str(error))
        if kept is None:
            return judge(ends[-1])
        self.counted.append((p, case, kept))
        return kept


def _count(case: Case, kept: Kept) -> tuple[int, int]:
    """Count what was dropped of a case, and what might have been: padding is not."""
    lengths = case.setting.call.lengths or (case.setting.call.time,) * case.setting.call.rows
    count = sum(lengths) * sum(layer.shape[-1] for layer in kept)
    return count - int(sum(layer.sum() for layer in kept)), count


def _find_undropped(kept: Array) -> str | None:
    """Say after which layer nothing is dropped; kept: (L-1, T, B, D*P)."""
    whole = [str(number) for number, layer in enumerate(kept) if layer.size >= _EQUAL and layer.all()]
    if not whole:
        return None
    return f"with dropout=0.5, nothing is dropped between layer {whole[0]} and the next"


def _find_shared(kept: Array, setting: Setting) -> str | None:
    """Say what shares a mask that must have one of its own; kept: (L-1, T, B, D*P)."""
    directions = np.stack(np.split(kept, setting.architecture.num_directions, -1))  # (D, L-1, T, B, P)
    parts = {"direction": 0, "layer": 1, "step": 2, "row": 3, "unit": 4}
    for name, axis in parts.items():
        slices = np.moveaxis(directions, axis, 0)
        if name == "unit":
            slices = np.moveaxis(kept, -1, 0)
        rows = slices.reshape(len(slices), -1)
        if rows.shape[1] >= _EQUAL and len(np.unique(rows, axis=0)) < len(rows):
            return f"one mask is used for more than one {name}: each {name} has its own"
    return None


def _draw_counted(implementation: Implementation, cases: Sequence[Case]) -> Case:
    """Draw the case whose masks are compared: with as many layers and directions as some case, and 14 rows.

    That case itself if it has no batch, or if so large a one is refused.
    """
    like = max(cases, key=lambda c: (c.setting.call.batch is not None, c.setting.call.lengths is None, _size(c)))
    a, call = like.setting.architecture, like.setting.call
    if call.batch is None:
        return like
    architecture = Architecture(16, 16, a.num_layers, batch_first=a.batch_first, bidirectional=a.bidirectional)
    time, rows = 3, 14
    counted = Call(time, rows, None if call.lengths is None else (time,) * rows, call.enforce_sorted, call.states)
    setting = Setting(architecture, counted, like.setting.runtime)
    return like if implementation.unsupported_reason(setting) else draw_case(setting, "normal", 1)


def _size(case: Case) -> tuple[int, int]:
    return case.setting.architecture.num_layers, case.setting.architecture.num_directions
