"""The tightest arithmetic that explains a run: the answer to "noise or bug?", and what a certificate says.

An arithmetic explains a run where no case of it deviates. Of those that do, the best is the likeliest: the one in which
the deviations are neither improbably large nor improbably small, as normal deviates whose standard deviation is
`_TYPICAL` noises (what correct implementations show, see `experiments/false_alarms.md`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import Outcome, TensorComparison, Verdict
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic, ladder
from lstm_parity.running.evidence import Observation

_TYPICAL = 0.3
BATCH = 16  # observations judged before one asks whether an arithmetic is refuted already


@dataclass(frozen=True, eq=False)
class Explanation:
    """A run of one dtype judged in its expected arithmetic, and the likeliest arithmetic that explains it.

    verdicts: one for each observation, in `expected`. arithmetic: None where none of those that are known explains all.
    """

    expected: Arithmetic
    arithmetic: Arithmetic | None
    verdicts: tuple[Verdict, ...]

    @property
    def parity(self) -> bool:
        """Whether nothing deviates or fails in the expected arithmetic."""
        return not any(verdict.outcome.is_wrong for verdict in self.verdicts)


def explain(observations: Sequence[Observation], expected: Arithmetic | None = None) -> Explanation:
    """Judge a run of one dtype in the expected arithmetic (by default that of its first), and find the tightest one."""
    dtype = observations[0].case.setting.runtime.dtype
    expected = expected or observations[0].expected_arithmetic
    verdicts = tuple(judge_all(observations, expected))
    run = [observation for observation in observations if observation.evidence]
    sample = run[:: max(1, len(run) // BATCH)]
    # What agrees in the expected arithmetic may only be found to work in a wider one.
    agreeing = (expected, NATIVE[dtype]) if is_explained_in(verdicts) else ladder(dtype)
    known = [a for a in ladder(dtype) if a in agreeing or a.value < expected.value] if run else []
    for verdict in _telling_cases(verdicts) if known else ():  # what cannot explain one of these explains nothing
        known = [a for a in known if is_explained_in(judge_all([verdict.observation], a))]
    surprises = {other: _surprise(judge_all(sample, other), expected) for other in known}
    for other in sorted(surprises, key=lambda a: surprises[a]):
        judged = verdicts if other == expected else _judge_batches(run, other)
        if is_explained_in(judged):
            return Explanation(expected, other, verdicts)
    return Explanation(expected, None, verdicts)


def _telling_cases(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Of the cases that deviate, the one that is cheapest to judge, and the one farthest from the exact answer."""
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


def _judge_batches(run: Sequence[Observation], arithmetic: Arithmetic) -> Iterable[Verdict]:
    """Verdicts portion by portion, so that the first deviation ends the work."""
    for start in range(0, len(run), BATCH):
        yield from judge_all(run[start : start + BATCH], arithmetic)


def _surprise(verdicts: Sequence[Verdict], expected: Arithmetic) -> float:
    """The negative logarithm of the likelihood, but for a constant: each tensor counts once, at any size."""
    surprises = [_tensor_surprise(m, expected.value) for verdict in verdicts for m in verdict.measured]
    return float(np.mean(surprises)) if surprises else 0.0


def _tensor_surprise(measured: TensorComparison, roundoff: float) -> float:
    """Noise below one roundoff of the largest element counts as that: saturated tails are not of a size to matter."""
    finite = np.isfinite(measured.exact) & np.isfinite(measured.got) & (measured.noise > 0.0)
    if not finite.any():
        return 0.0
    exact, got, noise = (array[finite] for array in (measured.exact, measured.got, measured.noise))
    noise = np.maximum(noise, roundoff * np.abs(exact).max())
    return float(np.mean(np.log(noise) + 0.5 * np.square((got - exact) / (_TYPICAL * noise))))
