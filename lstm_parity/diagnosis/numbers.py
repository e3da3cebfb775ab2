"""What is wrong with given numbers, where nothing can be called: a mistake, another model, or an arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lstm_parity.cases.case import parse_case
from lstm_parity.diagnosis.ends import find_last_steps
from lstm_parity.diagnosis.forward import Diagnosis, diagnose
from lstm_parity.diagnosis.similarity import comparable_run, plain_noise
from lstm_parity.identification.equations import usual_equations
from lstm_parity.identification.model import Identification
from lstm_parity.identification.numbers.given import SECONDS, Explanations, Given, search_given
from lstm_parity.implementations.wrapped import Unprojected
from lstm_parity.judging.arithmetic import Explanation, explain
from lstm_parity.judging.forward import judge_all, judge_trajectory
from lstm_parity.judging.verdict import WORST_LIMIT, Outcome, Verdict
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic
from lstm_parity.running.evidence import SEEN, TENSORS, WHOLE
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation, stands_in

_ORDINARY = ("normal", "trained", "given")  # numbers that a wrong LSTM leaves as large as they were
_SMALL = tuple(
    f"I3-H4{layers}{others}-T4-B2{states}-{dtype}-normal-1"
    for dtype in ("float64", "float32")
    for states in ("", "-nostates")
    for layers in ("", "-L2", "-L3")
    for others in ("", "-nobias", "-bi", "-nobias-bi")
) + ("I2-H5-T6-B3-nostates-float64-normal-2", "I2-H5-bi-T6-B3-nostates-float64-normal-2")
_WIDE = ("float64", "float32")
_MOST = 6  # cases that a model is compared with
_ENOUGH = 16  # elements of a layer's last states
_FAR_ABOVE = 30.0  # limits by which the last layer is off: far more than what the layers below bring is amplified
_SHORT = 1.5  # seconds that a model is searched for in each process, if an arithmetic explains the numbers


def diagnose_numbers(verdicts: Sequence[Verdict], seconds: float | None = None) -> tuple[Explanation, Diagnosis]:
    """Explain verdicts on given numbers of one dtype, of which something deviates.

    By a known mistake, else by what computes them, else by an arithmetic, which alone is in the explanation. seconds:
    of the search for what computes them, in each process; SECONDS by default.
    """
    found = diagnose(verdicts, seek_arithmetic=False)
    expected = verdicts[0].arithmetic
    unexplained = Explanation(expected, None, tuple(verdicts))
    if found.mistake is not None:
        return unexplained, found
    explanation = unexplained
    if not _is_above_right_layers(verdicts):
        observations = [verdict.observation for verdict in verdicts]
        explanation = explain(observations, expected, verdicts, _list_possible(verdicts))
    limit = SECONDS if seconds is None else seconds
    explained = search_numbers(verdicts, limit if explanation.arithmetic is None else min(limit, _SHORT))
    if explained.models:
        return unexplained, replace(found, nearest=None, summary=explained.text, models=explained.models)
    return explanation, replace(found, arithmetic=explanation.arithmetic)


def _is_above_right_layers(verdicts: Sequence[Verdict]) -> bool:
    """Whether the first layer's last states agree, and those above it are so far off that no rounding explains both."""
    wrong = [verdict for verdict in verdicts if verdict.outcome is Outcome.DEVIATES]
    return bool(wrong) and all(map(_is_right_below, wrong))


def _is_right_below(verdict: Verdict) -> bool:
    layers = verdict.case.setting.architecture.num_layers
    found = {m.tensor: m.ratio for m in judge_trajectory(verdict) if m.tensor in ("h_n", "c_n")}
    if layers < 2 or len(found) < 2 or any(len(ratio) % layers or ratio[0].size < _ENOUGH for ratio in found.values()):
        return False
    worst = np.array([ratio.reshape(layers, -1).max(1) for ratio in found.values()])
    return bool((worst[:, 0] <= WORST_LIMIT).all() and (worst[:, -1] > _FAR_ABOVE * WORST_LIMIT).any())


def _list_possible(verdicts: Sequence[Verdict]) -> list[Arithmetic] | None:
    """List the arithmetics that a short part of a single large case leaves possible; None if there is none."""
    run = comparable_run(verdicts[0]) if len(verdicts) == 1 else None
    last = None if run is None else find_last_steps(run)
    return None if run is None or last is None else last.list_possible(run.case.setting.runtime.dtype)


def search_implementation(implementation: Implementation, seconds: float = SECONDS) -> Explanations:
    """Search for what computes the numbers of small calls, of those that are supported.

    By the output alone if states that are returned are not its own. nn.LSTM if none deviates.
    """
    seen = [observe(implementation, parse_case(name), chain=False) for name in _SMALL]
    verdicts = [verdict for verdict in judge_all(seen) if verdict.outcome in (Outcome.PARITY, Outcome.DEVIATES)]
    if not verdicts and not isinstance(implementation, Unprojected):
        return search_implementation(Unprojected(implementation), seconds)
    if verdicts and all(verdict.outcome is Outcome.PARITY for verdict in verdicts):
        return Explanations((Identification(usual_equations(), searched=len(verdicts)),))
    found = search_numbers(verdicts, seconds, ("output",) if stands_in(implementation) else TENSORS)
    return replace(found, models=tuple(replace(model, searched=len(verdicts)) for model in found.models))


def search_numbers(verdicts: Sequence[Verdict], seconds: float, tensors: Sequence[str] = TENSORS) -> Explanations:
    """Search for what computes the numbers of some deviating cases, and of some that agree; the small ones.

    tensors: those that are compared.
    """
    wide = [v for v in verdicts if v.case.setting.runtime.dtype in _WIDE] or verdicts  # half types distinguish little
    wrong, right = (
        [given for v in wide if v.outcome is outcome and (given := _given(v, tensors)) is not None]
        for outcome in (Outcome.DEVIATES, Outcome.PARITY)
    )
    wrong, right = (sorted(some, key=lambda given: given.cost) for some in (wrong, right))
    return search_given([*wrong[:_MOST], *right[: _MOST // 2]], seconds) if wrong else Explanations(())


def _given(verdict: Verdict, tensors: Sequence[str]) -> Given | None:
    """Return a whole call as it was given; None for what is not searched: padding, projections, extreme numbers."""
    setting, evidence = verdict.case.setting, verdict.observation.evidence
    lengths = setting.call.lengths
    if not evidence or evidence[0].way not in (WHOLE, SEEN) or setting.architecture.proj_size:
        return None
    if verdict.case.profile not in _ORDINARY:
        return None
    if lengths is not None and set(lengths) != {setting.call.time}:
        return None
    outputs, seen = evidence[0].outputs, evidence[0].seen
    known = {name: getattr(outputs, name) for name in tensors if name not in outputs.absent}
    known = {one.name: one.got for one in seen} or known
    results = {name: value for name, value in known.items() if value is not None}
    noise = plain_noise(verdict.case, evidence[0])
    if not noise or not results or not all(np.isfinite(value).all() for value in results.values()):
        return None
    case, roundoff = verdict.case, NATIVE[setting.runtime.dtype].value
    widened = {name: np.maximum(noise[name], roundoff * np.abs(value)) for name, value in results.items()}
    return Given(case.weights, case.input, case.h_0, case.c_0, results, widened, seen)
