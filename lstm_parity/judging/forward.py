"""The judge: outputs and a case in, a verdict out, in units of rounding noise. The only comparison in the project.

Every step is judged from where the implementation itself stood (see `reference/noise/forward.py`). A tensor deviates
if its worst element is more than `WORST_LIMIT` noises from the exact answer, or if the root mean square of its elements
is above `RMS_LIMIT`. The second applies only if half of the elements, and at least `DISTINCT`, are different numbers:
copies of one number err alike, and their mean is no average. `experiments/false_alarms.md` shows how the limits were
fixed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.judging.exact import exact_answer
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.forward import Expected
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.calls import TENSORS, Outputs
from lstm_parity.running.observe import TRAJECTORY, Evidence, Observation

WORST_LIMIT = 2.86
RMS_LIMIT = 0.75
DISTINCT = 32
COPIES = 1e-12  # of the largest element: nearer numbers are copies of one another
MAX_HIDDEN_NOISE = (
    2.0**-5
)  # a hidden layer's noise above this (h is within 1) leaves nothing to judge the whole call by


class Outcome(Enum):
    """What became of one case. There is no default."""

    PARITY = "PARITY"  # agrees to rounding noise
    DEVIATES = "DEVIATES"  # does not
    REFUSED = "REFUSED"  # says that it does not support this
    FAILED = "FAILED"  # raised, crashed or hung
    NOT_JUDGED = "NOT JUDGED"  # a correct implementation might do anything here


@dataclass(frozen=True, eq=False)
class TensorComparison:
    """One tensor of one run against the exact answer: got and exact, their distance in noises, element for element."""

    tensor: str
    way: str
    got: Array
    exact: Array
    noise: Array
    ratio: Array

    @property
    def worst(self) -> float:
        """The largest distance, in noises."""
        return float(self.ratio.max())

    @property
    def rms(self) -> float:
        """The root mean square of the distances of the elements that have noise at all, in noises."""
        noisy = self.noise > 0.0
        return float(np.sqrt(np.square(self.ratio[noisy]).mean())) if noisy.any() else 0.0

    @property
    def rms_is_meaningful(self) -> bool:
        """Whether the mean is one: copies of a number err alike, and so do numbers that rounding cannot tell apart."""
        noisy = (self.noise > 0.0) & np.isfinite(self.exact)
        exact = self.exact[noisy]
        if len(exact) < DISTINCT or 2 * _count_distinct(exact, COPIES * np.abs(exact).max()) < len(exact):
            return False
        return _count_distinct(exact, float(np.median(self.noise[noisy]))) >= DISTINCT

    @property
    def deviates(self) -> bool:
        """Whether the distance is more than rounding noise."""
        return not self.worst <= WORST_LIMIT or (not self.rms <= RMS_LIMIT and self.rms_is_meaningful)

    @property
    def where(self) -> tuple[int, ...]:
        """The index of the worst element."""
        return tuple(int(k) for k in np.unravel_index(int(self.ratio.argmax()), self.ratio.shape))

    @property
    def beyond(self) -> int:
        """How many elements are more than WORST noises away."""
        return int((~(self.ratio <= WORST_LIMIT)).sum())


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the judge says of one case. It has no truth value: ask for its outcome, or `demand_parity` of it."""

    outcome: Outcome
    observation: Observation
    arithmetic: Arithmetic
    measured: tuple[TensorComparison, ...] = ()
    faults: tuple[str, ...] = ()
    reason: str = ""
    unjudged: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        raise TypeError("a verdict has five outcomes and is not true or false: use .outcome, or demand_parity")

    @property
    def case(self) -> Case:
        """The case that was judged."""
        return self.observation.case

    @property
    def deviating(self) -> tuple[TensorComparison, ...]:
        """Every tensor that deviates."""
        return tuple(measured for measured in self.measured if measured.deviates)

    @property
    def worst(self) -> float:
        """The worst distance of all tensors, in noises; 0 where nothing was measured."""
        return max((measured.worst for measured in self.measured), default=0.0)

    @property
    def rms(self) -> float:
        """The largest root mean square of all tensors, in noises."""
        return max((measured.rms for measured in self.measured), default=0.0)


def judge(observation: Observation, arithmetic: Arithmetic | None = None) -> Verdict:
    """Judge one observation in an arithmetic; in the one that it ought to be computed in where none is given."""
    return judge_all([observation], arithmetic)[0]


def judge_all(observations: Sequence[Observation], arithmetic: Arithmetic | None = None) -> list[Verdict]:
    """Judge many observations; those of one setting are computed together."""
    groups: dict[object, list[int]] = defaultdict(list)
    for k, observation in enumerate(observations):
        groups[observation.case.setting, observation.expected_arithmetic].append(k)
    verdicts: dict[int, Verdict] = {}
    for indices in groups.values():
        group = [observations[k] for k in indices]
        verdicts.update(zip(indices, _judge_setting(group, arithmetic or group[0].expected_arithmetic), strict=True))
    return [verdicts[k] for k in range(len(observations))]


@dataclass
class _CaseResults:
    measured: list[TensorComparison] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)


def _judge_setting(group: list[Observation], arithmetic: Arithmetic) -> list[Verdict]:
    """All observations are of one setting; evidence of one way is stacked along the case axis."""
    findings = [_CaseResults() for _ in group]
    for way in dict.fromkeys(evidence.way for observation in group for evidence in observation.evidence):
        stacked = [
            (observation.case, evidence, finding)
            for observation, finding in zip(group, findings, strict=True)
            for evidence in observation.evidence
            if evidence.way == way and evidence.outputs.complete
        ]
        if stacked:
            _measure(stacked, arithmetic)
    return [_make_verdict(o, f, arithmetic) for o, f in zip(group, findings, strict=True)]


def _measure(stacked: list[tuple[Case, Evidence, _CaseResults]], arithmetic: Arithmetic) -> None:
    answers = exact_answer([case for case, _, _ in stacked], [evidence for _, evidence, _ in stacked], arithmetic)
    dtype = stacked[0][0].setting.runtime.dtype
    for n, (_, evidence, finding) in enumerate(stacked):
        if answers.overflow[n]:
            finding.unjudged.append(f"{evidence.way}: a partial sum may overflow {dtype}")
            continue
        if not answers.hidden_noise[n] <= MAX_HIDDEN_NOISE:
            finding.unjudged.append(f"{evidence.way}: drowned in the noise of hidden layers")
            continue
        finding.measured += _compare_tensors(evidence.outputs, answers, n, evidence.way, dtype)


def _compare_tensors(outputs: Outputs, answers: Expected, n: int, way: str, dtype: str) -> list[TensorComparison]:
    """The three tensors of the n-th run against what was expected of them."""
    scale = np.sqrt(2.0) if dtype == "float64" else 1.0  # there, the exact answer is as noisy as its subject
    measured = []
    for name in TENSORS:
        noisy, got = getattr(answers, name)[n], getattr(outputs, name)
        noise = noisy.deviation * scale
        measured.append(TensorComparison(name, way, got, noisy.value, noise, distances(got, noisy.value, noise)))
    return measured


def judge_trajectory(verdict: Verdict) -> tuple[TensorComparison, ...]:
    """The whole call against the exact trajectory from the initial states; empty where its noise is too large.

    It is not what a verdict rests on: it tells which tensors are wrong as their reader sees them, where the steps tell
    which steps are.
    """
    evidence = verdict.observation.evidence
    if not evidence or not evidence[0].outputs.complete:
        return ()
    answers = exact_answer([verdict.case], [evidence[0]], verdict.arithmetic, steps=False)
    noise = max(float(answers.output.deviation.max()), float(answers.h_n.deviation.max()))
    if answers.overflow[0] or not noise <= MAX_HIDDEN_NOISE:
        return ()
    dtype = verdict.case.setting.runtime.dtype
    return tuple(_compare_tensors(evidence[0].outputs, answers, 0, TRAJECTORY, dtype))


def _count_distinct(values: Array, resolution: float) -> int:
    """How many different values there are at this resolution."""
    return len(np.unique(np.round(values / resolution))) if resolution > 0.0 else 0


def distances(got: Array, exact: Array, noise: Array) -> Array:
    """|got - exact| / noise; 0 where both are the same, infinities and NaN included; infinite where only one is NaN."""
    with np.errstate(all="ignore"):
        ratio = np.abs(got - exact) / noise
    same = (got == exact) | (np.isnan(got) & np.isnan(exact))
    finite = np.isfinite(got) & np.isfinite(exact)
    return np.where(same, 0.0, np.where(finite, ratio, np.inf))


def _make_verdict(observation: Observation, findings: _CaseResults, arithmetic: Arithmetic) -> Verdict:
    if observation.refused is not None:
        return Verdict(Outcome.REFUSED, observation, arithmetic, reason=observation.refused)
    if observation.failed is not None:
        return Verdict(Outcome.FAILED, observation, arithmetic, reason=observation.failed)
    faults = tuple(dict.fromkeys(fault for evidence in observation.evidence for fault in evidence.outputs.faults))
    measured, unjudged = tuple(findings.measured), tuple(findings.unjudged)
    if faults or any(m.deviates for m in measured):
        outcome = Outcome.DEVIATES
    elif not measured:
        outcome = Outcome.NOT_JUDGED
    else:
        outcome = Outcome.PARITY
    return Verdict(outcome, observation, arithmetic, measured, faults, "; ".join(unjudged), unjudged)
