"""The judge: outputs and a case in, a verdict out, in units of rounding noise. The only comparison in the project.

Every step is judged from where the implementation itself stood (see `reference/noise/forward.py`), by the limits of
`judging/verdict.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from lstm_parity.cases.case import Case
from lstm_parity.judging.exact import MAX_HIDDEN_NOISE, exact_answer, exact_trajectory, noise_factor
from lstm_parity.judging.verdict import Outcome, TensorComparison, Verdict, compare, decide, list_lost
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.forward import Expected
from lstm_parity.reference.noise.model import Noisy
from lstm_parity.running.evidence import TENSORS, TRAJECTORY, Evidence, Observation, Outputs
from lstm_parity.running.views import see


def judge(observation: Observation, arithmetic: Arithmetic | None = None) -> Verdict:
    """Judge one observation in an arithmetic; by default, in the expected one."""
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
    for observation, finding in zip(group, findings, strict=True):
        for evidence in observation.evidence:
            if evidence.seen:
                _measure_seen(observation.case, evidence, finding, arithmetic)
    return [_make_verdict(o, f, arithmetic) for o, f in zip(group, findings, strict=True)]


def _measure(stacked: list[tuple[Case, Evidence, _CaseResults]], arithmetic: Arithmetic) -> None:
    answers = exact_answer([case for case, _, _ in stacked], [evidence for _, evidence, _ in stacked], arithmetic)
    dtype = stacked[0][0].setting.runtime.dtype
    for n, (_, evidence, finding) in enumerate(stacked):
        if answers.overflow[n]:
            finding.unjudged.append(f"{evidence.way}: a partial sum may overflow {dtype}")
            continue
        if not answers.hidden_noise[n] <= MAX_HIDDEN_NOISE:
            finding.unjudged.append(f"{evidence.way}: lost in the noise of hidden layers")
            continue
        finding.unjudged += [f"{name} is not given" for name in evidence.outputs.absent]
        finding.measured += _compare_tensors(evidence.outputs, answers, n, evidence.way, dtype)


def _measure_seen(case: Case, evidence: Evidence, finding: _CaseResults, arithmetic: Arithmetic) -> None:
    """Compare what is known of a call with what is seen of its exact trajectory."""
    if (measured := compare_seen(case, evidence, arithmetic)) is None:
        finding.unjudged.append(f"{evidence.way}: lost in the noise of the whole call")
    else:
        finding.measured += measured
        finding.unjudged += [f"{name} is not given" for name in evidence.outputs.absent]


def compare_seen(case: Case, evidence: Evidence, arithmetic: Arithmetic) -> list[TensorComparison] | None:
    """Compare what is known of a call, from the initial states on; None if the noise is too large for that."""
    if (answers := exact_trajectory(case, arithmetic, evidence)) is None:
        return None
    factor = noise_factor(case.setting.runtime.dtype)
    whole = {name: getattr(answers, name)[0] for name in TENSORS}
    scaled = {name: Noisy(noisy.value, noisy.deviation * factor) for name, noisy in whole.items()}
    found = see(arithmetic, evidence.seen, scaled)
    return [
        compare(one.name, evidence.way, one.got, found[one.name].value, found[one.name].deviation)
        for one in evidence.seen
        if one.known is None or one.known.any()
    ]


def _compare_tensors(outputs: Outputs, answers: Expected, n: int, way: str, dtype: str) -> list[TensorComparison]:
    """The three tensors of the n-th run against what was expected of them."""
    exact = {name: getattr(answers, name)[n] for name in TENSORS}
    return [
        compare(name, way, getattr(outputs, name), noisy.value, noisy.deviation * noise_factor(dtype))
        for name, noisy in exact.items()
        if name not in outputs.absent
    ]


def judge_trajectory(verdict: Verdict) -> tuple[TensorComparison, ...]:
    """The whole call against the exact trajectory from the initial states; empty where its noise is too large.

    A verdict does not rest on it: it says which tensors look wrong to their reader, while the steps say
    which steps are.
    """
    evidence = verdict.observation.evidence
    if evidence and evidence[0].seen:
        return tuple(compare_seen(verdict.case, evidence[0], verdict.arithmetic) or ())
    if not evidence or not evidence[0].outputs.complete:
        return ()
    if (answers := exact_trajectory(verdict.case, verdict.arithmetic, evidence[0])) is None:
        return ()
    dtype = verdict.case.setting.runtime.dtype
    return tuple(_compare_tensors(evidence[0].outputs, answers, 0, TRAJECTORY, dtype))


def _make_verdict(observation: Observation, findings: _CaseResults, arithmetic: Arithmetic) -> Verdict:
    if observation.refused is not None:
        return Verdict(Outcome.REFUSED, observation, arithmetic, reason=observation.refused)
    if observation.failed is not None:
        return Verdict(Outcome.FAILED, observation, arithmetic, reason=observation.failed)
    faults = tuple(dict.fromkeys(fault for evidence in observation.evidence for fault in evidence.outputs.faults))
    measured = tuple(findings.measured)
    unjudged = (*findings.unjudged, *list_lost(measured))
    outcome = decide(faults, measured)
    return Verdict(outcome, observation, arithmetic, measured, faults, "; ".join(unjudged), unjudged)
