"""Wrong gradients compared with every known gradient mistake, where the forward pass is right: which one it is."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lstm_parity.cases.case import case, moved
from lstm_parity.catalogue.mistakes import GRADIENT_MISTAKES
from lstm_parity.catalogue.mistakes.mistake import Written
from lstm_parity.diagnosis.forward import Diagnosis
from lstm_parity.diagnosis.similarity import ALIKE
from lstm_parity.judging.gradients import judge_gradients
from lstm_parity.judging.verdict import Outcome, Verdict, distances
from lstm_parity.running.autograd import adjoints
from lstm_parity.running.protocol import Implementation

RIGHT = "the forward pass agrees on all probes: the fault is in the way back"
CASES = tuple(dict.fromkeys(known.witness for known in GRADIENT_MISTAKES))


def diagnose_gradients(implementation: Implementation, device: str = "cpu") -> str:
    """Which gradient mistake the implementation behaves like, on a witness of each; its forward pass is right."""
    verdicts = {name: _judged(implementation, name, device) for name in CASES}
    seen = {name: v for name, v in verdicts.items() if v.outcome in (Outcome.PARITY, Outcome.DEVIATES)}
    wrong = [verdict for verdict in seen.values() if verdict.outcome is Outcome.DEVIATES]
    if not wrong:
        return f"behaves like: nothing can be told, for the gradients of {len(seen)} probes are right\n{RIGHT}"
    known = [mistake for mistake in GRADIENT_MISTAKES if all(_unlike(v, mistake, n) <= ALIKE for n, v in seen.items())]
    if not known:
        return f"behaves like: none of {len(GRADIENT_MISTAKES)} known mistakes of gradients\n{RIGHT}"
    return Diagnosis(
        mistake=known[0],
        equivalents=tuple(known[1:]),
        deviating=len(wrong),
        agreeing=len(seen) - len(wrong),
        worst=max(_unlike(verdict, known[0], name) for name, verdict in seen.items()),
        asides=(RIGHT,),
    ).text


def _judged(implementation: Implementation, name: str, device: str = "cpu") -> Verdict:
    one = moved(case(name), device)
    return judge_gradients(implementation, one, adjoints(one))


_of_mistake = lru_cache(maxsize=1024)(_judged)


def _unlike(verdict: Verdict, known: Written, name: str) -> float:
    """How far gradients are from those of a mistake, in noises; infinite where others are missing."""
    theirs = {m.tensor: m.got for m in _of_mistake(known, name).measured}
    if {m.tensor for m in verdict.measured} != theirs.keys():
        return np.inf
    return max((float(distances(m.got, theirs[m.tensor], m.noise).max()) for m in verdict.measured), default=0.0)
