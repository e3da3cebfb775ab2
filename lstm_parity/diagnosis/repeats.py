"""Whether a call that fails does so again: with the same bits each time, and as the first call of a new module."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.implementations.lives import LoadedAnew
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.running.evidence import TENSORS, WHOLE, Observation
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation

_CASES = 4
_CALLS = 6  # of each case


def describe_repeats(implementation: Implementation, verdicts: Sequence[Verdict]) -> str:
    """Say what repeated calls of the smallest failing cases show; empty if they all fail as they did."""
    wrong = [verdict for verdict in verdicts if verdict.outcome.is_wrong and verdict.adjoints is None]
    whole = [v for v in wrong if not v.observation.evidence or v.observation.evidence[0].way == WHOLE]
    cases = [v.case for v in sorted(whole, key=lambda v: v.case.input.size + v.case.h_0.size)[:_CASES]]
    if not cases:
        return ""
    calls = [[observe(implementation, case, chain=False) for _ in range(_CALLS)] for case in cases]
    if varying := [case for case, seen in zip(cases, calls, strict=True) if len({*map(_bits, seen)}) > 1]:
        failing = sum(verdict.outcome.is_wrong for seen in calls for verdict in judge_all(seen))
        return (
            "calls that differ: with the same weights and tensors it returns other numbers from call to call, on "
            f"{len(varying)} of {len(cases)} cases; {failing} of {len(cases) * _CALLS} calls are wrong. Look for "
            "random numbers, memory that is not initialised, or threads that race"
        )
    anew = [verdict.outcome for verdict in judge_all([_observe_anew(implementation, case) for case in cases])]
    if all(outcome is Outcome.PARITY for outcome in anew):
        return (
            "something that an earlier call leaves behind: if a new module is made for every call, the smallest "
            f"{len(cases)} failing cases are right. Look for a cache, a buffer or a state that is kept"
        )
    return ""


def _observe_anew(implementation: Implementation, case: Case) -> Observation:
    return observe(LoadedAnew(implementation), case)


def _bits(seen: Observation) -> str | tuple[bytes, ...]:
    """Return the results of an observation, to be compared bit by bit, or the last line of the exception."""
    if not seen.evidence:
        return (seen.failed or seen.refused or "").strip().rpartition("\n")[2]
    arrays = [getattr(seen.evidence[0].outputs, name) for name in TENSORS]
    return tuple(b"" if array is None else np.ascontiguousarray(array).tobytes() for array in arrays)
