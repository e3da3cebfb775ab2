"""Wrong gradients compared with every known gradient mistake, where the forward pass is right: which one it is."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lstm_parity.cases.case import on_device, parse_case
from lstm_parity.catalogue.mistakes import GRADIENT_MISTAKES
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.diagnosis.forward import Diagnosis
from lstm_parity.diagnosis.similarity import MAX_DISTANCE
from lstm_parity.identification.backward import recover_derivative
from lstm_parity.identification.cell import UnknownEquationError
from lstm_parity.identification.probe import ProbeError, find_probe
from lstm_parity.judging.gradients import judge_gradients
from lstm_parity.judging.verdict import Outcome, Verdict, distances
from lstm_parity.running.autograd import adjoints
from lstm_parity.running.protocol import Implementation

_FORWARD_AGREES = "the forward pass agrees on all probes: the fault is in the way back"
_CASES = tuple(dict.fromkeys(known.witness for known in GRADIENT_MISTAKES))


def diagnose_gradients(implementation: Implementation, device: str = "cpu") -> Diagnosis:
    """Find the gradient mistake that an implementation behaves like, on a witness of each; its outputs are right."""
    verdicts = {name: _judge_cases(implementation, name, device) for name in _CASES}
    seen = {name: v for name, v in verdicts.items() if v.outcome in (Outcome.PARITY, Outcome.DEVIATES)}
    wrong = [verdict for verdict in seen.values() if verdict.outcome is Outcome.DEVIATES]
    if not wrong:
        return Diagnosis(
            summary=f"unknown, since the gradients of {len(seen)} probes are right", notes=(_FORWARD_AGREES,)
        )
    known = [
        mistake
        for mistake in GRADIENT_MISTAKES
        if all(_distance(v, mistake, n) <= MAX_DISTANCE for n, v in seen.items())
    ]
    if not known:
        summary = _identify(implementation) or f"none of {len(GRADIENT_MISTAKES)} known mistakes of gradients"
        return Diagnosis(summary=summary, deviating=len(wrong), notes=(_FORWARD_AGREES,))
    return Diagnosis(
        mistake=known[0],
        equivalents=tuple(known[1:]),
        deviating=len(wrong),
        agreeing=len(seen) - len(wrong),
        worst=max(_distance(verdict, known[0], name) for name, verdict in seen.items()),
        notes=(_FORWARD_AGREES,),
    )


def _identify(implementation: Implementation) -> str:
    """Say which derivative is wrong; empty if that cannot be found."""
    try:
        wrong = recover_derivative(find_probe(implementation))
    except (ProbeError, UnknownEquationError):
        return ""
    return f"an LSTM in which {wrong.text}" if wrong else ""


def _judge_cases(implementation: Implementation, name: str, device: str = "cpu") -> Verdict:
    one = on_device(parse_case(name), device)
    return judge_gradients(implementation, one, adjoints(one))


_mistake_gradients = lru_cache(maxsize=1024)(_judge_cases)


def _distance(verdict: Verdict, known: Mistake, name: str) -> float:
    """Return the distance of gradients from a mistake's, in noises; infinite if others are missing."""
    theirs = {m.tensor: m.got for m in _mistake_gradients(known, name).measured}
    if {m.tensor for m in verdict.measured} != theirs.keys():
        return np.inf
    return max((float(distances(m.got, theirs[m.tensor], m.noise).max()) for m in verdict.measured), default=0.0)
