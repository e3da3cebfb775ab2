"""What is wrong with given numbers, where nothing can be called: a mistake, another model, or an arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lstm_parity.diagnosis.forward import Diagnosis, diagnose
from lstm_parity.diagnosis.similarity import plain_noise
from lstm_parity.identification.given import SECONDS, Explanations, Given, search_given
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.running.evidence import TENSORS, WHOLE

_MOST = 6  # cases that a model is compared with


def diagnose_numbers(verdicts: Sequence[Verdict], seconds: float = SECONDS) -> Diagnosis:
    """Explain verdicts on given numbers by a known mistake, else by what computes them; an arithmetic comes last."""
    found = diagnose(verdicts)
    if found.mistake is not None:
        return found
    explained = search_numbers(verdicts, seconds)
    if explained.models:
        return replace(found, arithmetic=None, nearest=None, summary=explained.text, models=explained.models)
    return found


def search_numbers(verdicts: Sequence[Verdict], seconds: float) -> Explanations:
    """Search for what computes the numbers of some deviating cases, and of some that agree."""
    wrong = [given for v in verdicts if v.outcome is Outcome.DEVIATES and (given := _given(v)) is not None]
    right = [given for v in verdicts if v.outcome is Outcome.PARITY and (given := _given(v)) is not None]
    cases = [*wrong[:_MOST], *right[: _MOST // 2]]
    return search_given(cases, seconds) if wrong else Explanations(())


def _given(verdict: Verdict) -> Given | None:
    """Return a whole call as it was given; None for what is not searched: padded sequences and projections."""
    setting, evidence = verdict.case.setting, verdict.observation.evidence
    lengths = setting.call.lengths
    if not evidence or evidence[0].way != WHOLE or setting.architecture.proj_size:
        return None
    if lengths is not None and set(lengths) != {setting.call.time}:
        return None
    outputs = evidence[0].outputs
    known = {name: getattr(outputs, name) for name in TENSORS if name not in outputs.absent}
    results = {name: value for name, value in known.items() if value is not None}
    noise = plain_noise(verdict.case)
    if not noise or not results or not all(np.isfinite(value).all() for value in results.values()):
        return None
    case = verdict.case
    return Given(case.weights, case.input, case.h_0, case.c_0, results, {name: noise[name] for name in results})
