"""The tightest arithmetic that explains a run: the answer to "noise or bug?", and what a certificate says.

An arithmetic explains a run where no case of it deviates. Of those that do, the best is the likeliest: the one in which
the deviations are neither improbably large nor improbably small, as normal deviates whose standard deviation is
`_TYPICAL` noises (what correct implementations show, see `experiments/false_alarms.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_parity.judging.exactness import is_half_exact
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import Outcome, TensorComparison, Verdict
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic, ladder
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.evidence import Observation

_TYPICAL = 0.3
_DENSE = ("normal", "trained", "memory", "x10", "given")  # profiles whose numbers hide no arithmetic
_SHOWN = 0.02  # RMS, in noises, of a case in which an arithmetic shows
_NEARLY_ALL = 0.9
_ENOUGH = 16  # elements of a tensor, so that deviations of rounding are no line by chance
_NEARER = 1.1  # factors of fewer bits may err by more than the weights do
_SPREAD = 0.1  # of the RMS: the median distance of rounding errors is above this; of normal ones it is 0.67
_LEFT = 0.05  # the share of their squares that a line leaves
_HALVES = 4  # cases of which the halves of a step are looked at by themselves
_OTHER_STATES = 0.2  # added to the surprise at an arithmetic whose states are not of the type of those returned
BATCH = 16  # observations between two checks of whether an arithmetic is refuted already


_STATES: Mapping[str, Callable[[Array], Array]] = {
    "float32": lambda array: array.astype(np.float32),
    "float16": lambda array: array.astype(np.float16),
    "bfloat16": lambda array: _round_to_bfloat16(array),
}


@dataclass(frozen=True, eq=False)
class Explanation:
    """A run of one dtype judged in its expected arithmetic, and the likeliest arithmetic that explains it.

    verdicts: one for each observation, in `expected`. arithmetic: None if none of those that are known explains all.
    """

    expected: Arithmetic
    arithmetic: Arithmetic | None
    verdicts: tuple[Verdict, ...]

    @property
    def parity(self) -> bool:
        """Whether nothing deviates or fails in the expected arithmetic."""
        return not any(verdict.outcome.is_wrong for verdict in self.verdicts)


def explain(
    observations: Sequence[Observation],
    expected: Arithmetic | None = None,
    verdicts: Sequence[Verdict] | None = None,
    candidates: Sequence[Arithmetic] | None = None,
) -> Explanation:
    """Judge a run of one dtype in the expected arithmetic (by default that of its first), and find the tightest one.

    verdicts: those in the expected arithmetic, if they are known. candidates: those of the ladder that may explain it,
    if the others are known not to.
    """
    dtype = observations[0].case.setting.runtime.dtype
    expected = expected or observations[0].expected_arithmetic
    verdicts = tuple(judge_all(observations, expected) if verdicts is None else verdicts)
    run = [observation for observation in observations if observation.evidence]
    sample = run[:: max(1, len(run) // BATCH)]
    # What agrees in the expected arithmetic may only be found to work in a wider one.
    agreeing = (expected, NATIVE[dtype]) if is_explained_in(verdicts) else ladder(dtype)
    known = [a for a in ladder(dtype) if a in agreeing or a.value < expected.value] if run else []
    known = known if candidates is None else [a for a in known if a in candidates]
    single: dict[Arithmetic, list[Verdict]] = {}  # a run of one case is judged once in each arithmetic
    for verdict in _telling_cases(verdicts) if known else ():  # what cannot explain one of these explains nothing
        judged_in = {a: judge_all([verdict.observation], a) for a in known if a not in single}
        single |= judged_in if len(run) == 1 else {}
        known = [a for a in known if is_explained_in(single.get(a) or judged_in[a])]
    surprises = {other: _surprise(single.get(other) or judge_all(sample, other), expected) for other in known}
    for other in sorted(surprises, key=lambda a: surprises[a] + _OTHER_STATES * (not _has_states_of(a, verdicts))):
        if other == expected and is_explained_in(verdicts):
            return Explanation(expected, other, verdicts)
        judged = single.get(other) or _judge_until_wrong(run, other)
        if is_explained_in(judged) and not _is_refuted(other, verdicts, judged):
            return Explanation(expected, other, verdicts)
    return Explanation(expected, None, verdicts)


def _is_refuted(arithmetic: Arithmetic, verdicts: Sequence[Verdict], judged: Sequence[Verdict]) -> bool:
    """Whether a run that agrees in an arithmetic does not work in it, for all that: its deviations are structure.

    verdicts: those in the expected arithmetic, which they agree in or not; judged: those in this one. An arithmetic
    explains only what was judged in it, it shows in nearly every case of ordinary numbers, and it makes nothing raise.
    """
    if is_explained_in(verdicts):
        return False
    if any(verdict.outcome is Outcome.FAILED for verdict in verdicts):
        return True
    found = {id(verdict.observation): verdict for verdict in judged}
    deviating = [found[id(v.observation)] for v in verdicts if v.outcome is Outcome.DEVIATES]
    if any(verdict.outcome is not Outcome.PARITY for verdict in deviating):
        return True
    if any(_is_line(m) for v in verdicts if v.case.profile in _DENSE for m in v.deviating):
        return True
    halves = [v for v in verdicts if v.outcome is Outcome.DEVIATES and v.case.profile in _DENSE][:_HALVES]
    if not _is_rounded_to(arithmetic, halves) and any(is_half_exact(v, arithmetic) for v in halves):
        return True
    dense = [verdict for verdict in judged if verdict.measured and verdict.case.profile in _DENSE]
    if arithmetic.weights and not _has_kept_weights(dense, [v for v in verdicts if v.case.profile in _DENSE]):
        return True
    shown = [verdict for verdict in dense if verdict.rms >= _SHOWN]
    return len(shown) < _NEARLY_ALL * len(dense)


def _has_kept_weights(judged: Sequence[Verdict], native: Sequence[Verdict]) -> bool:
    """Whether a run is no farther from the exact answer with weights in fewer bits than from that with all bits."""
    near, far = (
        sum(float(np.abs(m.got - m.exact).sum()) for verdict in some for m in verdict.measured)
        for some in (judged, native)
    )
    return near < _NEARER * far and not any(_is_local(m) for verdict in judged for m in verdict.measured)


def _is_local(measured: TensorComparison) -> bool:
    """Whether a tensor deviates in few elements by far more than in the others, which no rounding does."""
    found = measured.ratio[(measured.noise > 0.0) & np.isfinite(measured.ratio)]
    if len(found) < _ENOUGH:
        return False
    return bool(np.median(found) < _SPREAD * np.sqrt(np.square(found).mean()))


def _is_line(measured: TensorComparison) -> bool:
    """Whether what a tensor deviates by is a factor of the exact values and a constant, which no rounding is."""
    exact, got = measured.exact.ravel(), measured.got.ravel()
    kept = np.isfinite(exact) & np.isfinite(got)
    if kept.sum() < _ENOUGH:
        return False
    exact, deviation = exact[kept], got[kept] - exact[kept]
    terms = np.stack([np.ones_like(exact), exact], 1)
    left = deviation - terms @ np.linalg.lstsq(terms, deviation)[0]
    return bool(np.square(left).sum() < _LEFT * np.square(deviation).sum())


def _has_states_of(arithmetic: Arithmetic, verdicts: Sequence[Verdict]) -> bool:
    """Whether the returned states are numbers of the type that the arithmetic keeps them in.

    If not, another arithmetic that explains the run as well is likelier; but states may be rounded when they are read.
    """
    kept = _find_type_of_states(arithmetic)
    states = [m.got for verdict in verdicts for m in verdict.deviating if m.tensor in ("h_n", "c_n")]
    return kept is None or _are_numbers_of(kept, states)


def _is_rounded_to(arithmetic: Arithmetic, verdicts: Sequence[Verdict]) -> bool:
    """Whether all of h or all of c that was returned are numbers of the type that an arithmetic keeps states in."""
    kept = _find_type_of_states(arithmetic)
    states = [[m.got for v in verdicts for m in v.measured if m.tensor == name] for name in ("output", "c_n")]
    return kept is not None and any(some and _are_numbers_of(kept, some) for some in states)


def _find_type_of_states(arithmetic: Arithmetic) -> Callable[[Array], Array] | None:
    """Return what rounds to the type that an arithmetic keeps its states in; None if it has none of its own."""
    return next((kept for words, kept in _STATES.items() if arithmetic.name.endswith(f"{words} states")), None)


def _are_numbers_of(kept: Callable[[Array], Array], states: Sequence[Array]) -> bool:
    """Whether rounding changes none of them."""
    with np.errstate(over="ignore"):
        return all(np.array_equal(kept(array), array, equal_nan=True) for array in states)


def _round_to_bfloat16(array: Array) -> Array:
    """Round float32 numbers to eight bits, to nearest even."""
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16
    return rounded.astype(np.uint32).view(np.float32).astype(np.float64)


def _telling_cases(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Select, of the cases that deviate, the one that is cheapest to judge, and the farthest from the exact answer."""
    deviating = [verdict for verdict in verdicts if verdict.outcome is Outcome.DEVIATES]
    if not deviating:
        return []
    return [min(deviating, key=_cost), max(deviating, key=lambda verdict: verdict.worst)]


def _cost(verdict: Verdict) -> int:
    """Estimate the work of judging a case: its gate sums."""
    a, call = verdict.case.setting.architecture, verdict.case.setting.call
    width = a.hidden_size * (a.input_size + a.hidden_size)
    return call.time * call.rows * a.num_layers * a.num_directions * width


def is_explained_in(verdicts: Iterable[Verdict]) -> bool:
    """Whether no case deviates or fails."""
    return not any(verdict.outcome.is_wrong for verdict in verdicts)


def _judge_until_wrong(run: Sequence[Observation], arithmetic: Arithmetic) -> list[Verdict]:
    """Judge portion by portion until something is wrong."""
    verdicts = list[Verdict]()
    for start in range(0, len(run), BATCH):
        verdicts += judge_all(run[start : start + BATCH], arithmetic)
        if not is_explained_in(verdicts):
            break
    return verdicts


def _surprise(verdicts: Sequence[Verdict], expected: Arithmetic) -> float:
    """Return the negative logarithm of the likelihood, but for a constant: each tensor counts once, at any size."""
    surprises = [_tensor_surprise(m, expected.value) for verdict in verdicts for m in verdict.measured]
    return float(np.mean(surprises)) if surprises else 0.0


def _tensor_surprise(measured: TensorComparison, roundoff: float) -> float:
    """Return the surprise of one tensor; its noise counts as one roundoff of the largest element at least."""
    finite = np.isfinite(measured.exact) & np.isfinite(measured.got) & (measured.noise > 0.0)
    if not finite.any():
        return 0.0
    exact, got, noise = (array[finite] for array in (measured.exact, measured.got, measured.noise))
    noise = np.maximum(noise, roundoff * np.abs(exact).max())
    return float(np.mean(np.log(noise) + 0.5 * np.square((got - exact) / (_TYPICAL * noise))))
