"""Where an implementation deviates first: with which arguments, in which tensor, layer, direction, step, row, gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.cases.features import FEATURES
from lstm_parity.judging.forward import judge_trajectory
from lstm_parity.judging.verdict import WORST_LIMIT, Outcome, TensorComparison, Verdict, distances
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.evidence import (
    DROPPING,
    EXPANDED,
    LATE,
    NOT_DROPPING,
    OFTEN,
    RELOADED,
    TENSORS,
    TRAINING,
    TWICE,
)


@dataclass(frozen=True, eq=False)
class _FaultLocation:
    """A deviating case and which elements of which tensors deviate from the initial states on."""

    case: Case
    measured: dict[str, TensorComparison]

    def beyond(self, tensor: str) -> Array:
        """Return the elements more than WORST_LIMIT noises away, shaped like the tensor."""
        return np.asarray(~(self.measured[tensor].ratio <= WORST_LIMIT))

    @property
    def tensors(self) -> tuple[str, ...]:
        """Those with such an element."""
        return tuple(name for name in TENSORS if self.beyond(name).any())

    @property
    def states(self) -> Array:
        """Which layers and directions have one in h_n or c_n, and the last layer's in the output: (L, D)."""
        a = self.case.setting.architecture
        wrong = self.beyond("h_n").any((1, 2)) | self.beyond("c_n").any((1, 2))
        wrong = wrong.reshape(a.num_layers, a.num_directions)
        wrong[-1] |= self.beyond("output").reshape(-1, a.num_directions, a.output_size).any((0, 2))
        return np.asarray(wrong)

    @property
    def rows(self) -> Array:
        """Which rows have one: (B,)."""
        rows = [self.beyond(name).any((0, 2)) for name in TENSORS]
        return np.asarray(rows[0] | rows[1] | rows[2])


def locate_fault(verdicts: Sequence[Verdict]) -> str:
    """Locate a fault from cases that deviate and cases that agree; empty if nothing can be said."""
    places = [place for verdict in verdicts if (place := _location_of(verdict)) is not None]
    told = [_common_features(verdicts), *([_tensors(places)] if places else [])]
    told += [_layers(places), _directions(places), _steps(places), _rows(places), _gate(places, verdicts)]
    return "; ".join(part for part in told if part)


def _location_of(verdict: Verdict) -> _FaultLocation | None:
    if verdict.outcome is not Outcome.DEVIATES:
        return None
    place = _FaultLocation(verdict.case, {m.tensor: m for m in judge_trajectory(verdict)})
    return place if len(place.measured) == len(TENSORS) and place.tensors else None


# ------------------------------------------------------------------ with which arguments


_WORDS = tuple(feature.argument for feature in FEATURES.values() if feature.argument)
_AGAIN, _NOT_FINITE = "a second call with the same tensors", "NaN or infinities given"
_USES = {
    TWICE: _AGAIN,
    LATE: _AGAIN,
    OFTEN: "many calls",
    TRAINING: "train mode",
    DROPPING: "dropout in train mode",
    NOT_DROPPING: "dropout in eval mode",
    RELOADED: "weights that change after the first call",
    EXPANDED: "states that are expanded",
}


def features_of(case: Case, way: str = "") -> frozenset[str]:
    """Describe the special features of a case."""
    words = {f.argument for f in FEATURES.values() if f.argument and f.holds(case.setting)}
    return frozenset(words | ({_USES[way]} if way in _USES else set()) | _not_finite(case))


def _find_way(verdict: Verdict) -> str:
    """Return the way in which a case was run; nothing if no numbers speak for the verdict."""
    evidence = verdict.observation.evidence
    return evidence[0].way if evidence else ""


def _not_finite(case: Case) -> set[str]:
    return set() if case.is_finite else {_NOT_FINITE}


def _common_features(verdicts: Sequence[Verdict]) -> str:
    """Return the fewest features that all deviating cases have together, and no agreeing case does."""
    wrong, right = (
        [features_of(v.case, _find_way(v)) for v in verdicts if v.outcome is outcome]
        for outcome in (Outcome.DEVIATES, Outcome.PARITY)
    )
    if not wrong or not right:
        return ""
    common, left, words = (
        [
            word
            for word in (*dict.fromkeys(_USES.values()), _NOT_FINITE, *_WORDS)
            if all(word in case for case in wrong)
        ],
        right,
        list[str](),
    )
    while left:
        lacking = {word: sum(word not in case for case in left) for word in common}
        best = max(lacking, key=lambda word: lacking[word], default="")
        if not best or not lacking[best]:
            return f"only with {' and '.join(words)}, but not always then" if words else ""
        words.append(best)
        left = [case for case in left if best in case]
    return f"only with {' and '.join(words)}, and always then"


# ------------------------------------------------------------------ in which part


def _tensors(places: Sequence[_FaultLocation]) -> str:
    wrong = [name for name in TENSORS if any(name in place.tensors for place in places)]
    if len(wrong) == len(TENSORS):
        return ""
    right = [name for name in TENSORS if name not in wrong]
    return f"only in {' and '.join(wrong)}: {' and '.join(right)} {'agree' if len(right) > 1 else 'agrees'}"


def _layers(places: Sequence[_FaultLocation]) -> str:
    """Say, of a stack, which is the lowest layer that is wrong, and whether it is the only one."""
    stacks = [np.asarray(place.states.any(1)) for place in places if len(place.states) > 1 and place.states.any()]
    if len(stacks) < len(places) or not stacks:
        return ""
    lowest = {int(np.argmax(stack)) for stack in stacks}
    if 0 not in lowest:
        return f"right up to layer {min(lowest) - 1}, wrong from layer {min(lowest)} on"
    if all(stack[0] and not stack[1:].any() for stack in stacks):
        return "only layer 0 has wrong last states"
    if all(stack[0] and not stack[-1] for stack in stacks):
        return "the last layer's last states are right, those below are wrong"
    return "from layer 0 on" if lowest == {0} else ""


def _directions(places: Sequence[_FaultLocation]) -> str:
    """Say which of two directions is wrong in the lowest wrong layer, where both read the same."""
    both = [place.states for place in places if place.states.shape[1] == 2 and place.states.any()]
    both = [states for states in both if len(states) == 1] or both
    wrong = {tuple(states[int(np.argmax(states.any(1)))].tolist()) for states in both}
    if len(wrong) != 1 or (True, True) in wrong:
        return ""
    return f"only the {'forward' if wrong == {(True, False)} else 'reverse'} direction"


def _steps(places: Sequence[_FaultLocation]) -> str:
    """Say, of a single layer, at which step the output is first wrong, counted as the forward direction runs."""
    firsts = []
    for place in places:
        a = place.case.setting.architecture
        wrong = np.asarray(place.beyond("output")[..., : a.output_size].any((1, 2)))
        if a.num_layers == 1 and len(wrong) > 1 and wrong.any():
            firsts.append(int(np.argmax(wrong)))
    if not firsts:
        return ""
    first = min(firsts)
    return f"right up to t={first - 1}, wrong from t={first} on" if first else "from the first step, t=0, on"


def _rows(places: Sequence[_FaultLocation]) -> str:
    """Say which rows of a batch are wrong: the shorter ones, all but the first, or only the last."""
    some = [place for place in places if place.case.setting.call.rows > 1 and place.rows.any()]
    if some and all(_abbreviate(place)[place.rows].all() for place in some):
        return "only rows shorter than the longest"
    some = [place for place in some if place.case.setting.call.lengths is None]
    if not some:
        return ""
    if not any(place.rows[0] for place in some) and any(place.rows[1:].all() for place in some):
        return "row b=0 is right, all others are wrong"
    if all(not place.rows[:-1].any() for place in some):
        return "only the last row"
    return ""


def _abbreviate(place: _FaultLocation) -> Array:
    call = place.case.setting.call
    return np.asarray(np.array(call.lengths or [call.time] * call.rows) < call.time)


# ------------------------------------------------------------------ in which gate


def _gate(places: Sequence[_FaultLocation], verdicts: Sequence[Verdict]) -> str:
    """Say, from single steps of a plain layer, whether o is wrong, or f, or i and g, or what all of them share."""
    steps = [place for place in places if _is_step(place.case)]
    if not steps:
        return ""
    cells = {bool(place.beyond("c_n").any()) for place in steps}
    hiddens = {_does_follow(place) for place in steps}
    if cells == {False}:
        return "c is right after one step, h is not: o, or h = o * tanh(c)"
    if cells != {True} or len(hiddens) > 1 or not all(place.beyond("h_n").any() for place in steps):
        return ""
    fresh = [v.outcome for v in verdicts if _is_step(v.case) and not v.case.setting.call.states]
    if hiddens == {False} and Outcome.PARITY in fresh:
        return "a step from zeros is right, one from given states is not: what becomes of h_0, c_0 or w_hh h"
    if hiddens == {False}:
        return "c is wrong after one step, and h is not o * tanh(c) of that c: what all gates share, or o and another"
    part = "f * c" if Outcome.PARITY in fresh else "i * g, or f * c" if not fresh else "i * g"
    return (
        f"after one step h = o * tanh(c) holds for the returned c: the fault is in c = f * c + i * g, namely in {part}"
    )


def _is_step(case: Case) -> bool:
    a, c = case.setting.architecture, case.setting.call
    return c.time == a.num_layers == a.num_directions == 1 and a.bias and not a.proj_size


def _does_follow(place: _FaultLocation) -> bool:
    """Whether the returned h is o * tanh(c) of the returned c, with the right o."""
    ((w,),), case = place.case.weights.cells, place.case
    rows = slice(3 * w.hidden_size, None)
    z = case.input[0] @ w.w_ih[rows].T + case.h_0[0] @ w.w_hh[rows].T + w.b_ih[rows] + w.b_hh[rows]  # type: ignore[index]
    h, c = place.measured["h_n"], place.measured["c_n"]
    with np.errstate(all="ignore"):
        right = np.tanh(c.got[0]) / (1.0 + np.exp(-z))
    return bool((distances(h.got[0], right, h.noise[0] + c.noise[0]) <= WORST_LIMIT).all())
