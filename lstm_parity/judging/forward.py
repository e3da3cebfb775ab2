"""The judge: outputs and a case in, a verdict out, in units of rounding noise. The only comparison in the project.

Every step is judged from where the implementation itself stood (see `reference/noise/forward.py`), by the limits of
`judging/verdict.py`.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Setting
from lstm_parity.judging.exact import MAX_HIDDEN_NOISE, exact_answer, exact_trajectory, noise_factor
from lstm_parity.judging.verdict import Outcome, TensorComparison, Verdict, compare, decide, list_lost
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.forward import Expected
from lstm_parity.reference.noise.model import Noisy
from lstm_parity.running.evidence import TENSORS, TRAJECTORY, Evidence, Observation, Outputs
from lstm_parity.running.views import see

_PORTION = 2**17  # elements of h, of all steps and directions


def judge(observation: Observation, arithmetic: Arithmetic | None = None) -> Verdict:
    """Judge one observation in an arithmetic; by default, in the expected one."""
    return judge_all([observation], arithmetic)[0]


def judge_all(observations: Sequence[Observation], arithmetic: Arithmetic | None = None) -> list[Verdict]:
    """Judge many observations: those of one shape side by side, and those with the same numbers in and out once."""
    groups: dict[object, dict[object, list[int]]] = defaultdict(lambda: defaultdict(list))
    known = Counter(id(observation.case.weights) for observation in observations)
    for k, one in enumerate(observations):
        same = _numbers(one) if known[id(one.case.weights)] > 1 else k
        groups[_shape(one.case.setting), one.expected_arithmetic][same].append(k)
    verdicts: dict[int, Verdict] = {}
    for alike in groups.values():
        first = [observations[indices[0]] for indices in alike.values()]
        judged = _judge_shape(first, arithmetic or first[0].expected_arithmetic)
        for verdict, indices in zip(judged, alike.values(), strict=True):
            verdicts.update((k, replace(verdict, observation=observations[k])) for k in indices)
    return [verdicts[k] for k in range(len(observations))]


def _shape(setting: Setting) -> object:
    """Return what decides the shape of an exact computation: nothing of layout, modes and kernels."""
    a, call = setting.architecture, setting.call
    lengths = None if call.lengths == (call.time,) * call.rows else call.lengths
    return replace(a, batch_first=False), call.time, call.rows, lengths, setting.runtime.dtype


def _numbers(observation: Observation) -> object:
    """Return a hash of what went in and came out, bit for bit, beside the weights; NaN are equal in that."""
    digest = hashlib.blake2b(digest_size=16)
    words: list[object] = [observation.refused, observation.failed, id(observation.case.weights)]
    for e in observation.evidence:
        words += [e.way, e.outputs.faults, e.outputs.absent, id(e) if e.seen else None]
        for array in (e.x, e.h_0, e.c_0, e.outputs.output, e.outputs.h_n, e.outputs.c_n, *e.masks, *e.noise):
            if array is not None:
                digest.update(np.ascontiguousarray(array).data)
    return tuple(words), digest.digest()


def _judge_shape(group: list[Observation], arithmetic: Arithmetic) -> list[Verdict]:
    """Judge observations of one shape, so many side by side as are quick in a processor's cache."""
    a, call = group[0].case.setting.architecture, group[0].case.setting.call
    portion = max(1, _PORTION // (call.time * call.rows * a.num_directions * a.hidden_size))
    parts = [group[k : k + portion] for k in range(0, len(group), portion)]
    return [verdict for part in parts for verdict in _judge_portion(part, arithmetic)]


@dataclass
class _CaseResults:
    measured: list[TensorComparison] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)


def _judge_portion(group: list[Observation], arithmetic: Arithmetic) -> list[Verdict]:
    """Judge observations of one shape together: evidence of one way is stacked along the case axis."""
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
    """Compare what is known of a call with the same parts of its exact trajectory."""
    if (measured := _compare_seen(case, evidence, arithmetic)) is None:
        finding.unjudged.append(f"{evidence.way}: lost in the noise of the whole call")
    else:
        finding.measured += measured
        finding.unjudged += [f"{name} is not given" for name in evidence.outputs.absent]


def _compare_seen(case: Case, evidence: Evidence, arithmetic: Arithmetic) -> list[TensorComparison] | None:
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
    """Return the three tensors of the n-th run against what was expected of them."""
    exact = {name: getattr(answers, name)[n] for name in TENSORS}
    return [
        compare(name, way, getattr(outputs, name), noisy.value, noisy.deviation * noise_factor(dtype))
        for name, noisy in exact.items()
        if name not in outputs.absent
    ]


def judge_trajectory(verdict: Verdict) -> tuple[TensorComparison, ...]:
    """Return the whole call against the exact trajectory from the initial states; empty if its noise is too large.

    A verdict does not rest on it: it says which tensors look wrong to their reader, while the steps say
    which steps are.
    """
    evidence = verdict.observation.evidence
    if evidence and evidence[0].seen:
        return tuple(_compare_seen(verdict.case, evidence[0], verdict.arithmetic) or ())
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
