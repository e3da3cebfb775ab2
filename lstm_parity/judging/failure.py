"""A verdict that is not PARITY, with what its report needs: computed here, so that reports only print."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_parity.judging.arithmetic import Explanation, explain
from lstm_parity.judging.forward import judge_trajectory
from lstm_parity.judging.verdict import TensorComparison, Verdict
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.running.evidence import PAIR


@dataclass(frozen=True, eq=False)
class Failure:
    """What is reported about a verdict.

    shown: the deviating tensors as a reader of the results sees them. explained_by: the arithmetic that explains them,
    if `was_sought`. context: lines about where the case is from. repeat: the command that repeats it, if the case's own
    identifier does not.
    """

    verdict: Verdict
    shown: tuple[TensorComparison, ...] = ()
    explained_by: Arithmetic | None = None
    was_sought: bool = False
    context: tuple[str, ...] = ()
    repeat: str = ""


def find_failure(
    verdict: Verdict, context: tuple[str, ...] = (), repeat: str = "", run: Explanation | None = None
) -> Failure:
    """Compute what the report of a verdict needs; run: what explains the whole run that it is from, if known."""
    if verdict.adjoints is not None:
        return Failure(verdict, verdict.deviating, context=context, repeat=repeat)
    ours = verdict.observation.evidence and all(measured.way != PAIR for measured in verdict.deviating)
    if not ours or not verdict.deviating or verdict.faults:
        return Failure(verdict, _find_shown(verdict), context=context, repeat=repeat)
    explained_by = (run or explain([verdict.observation], verdict.arithmetic)).arithmetic
    return Failure(verdict, _find_shown(verdict), explained_by, True, context, repeat)


def _find_shown(verdict: Verdict) -> tuple[TensorComparison, ...]:
    """Return the deviating tensors from the initial states on, if that can be said.

    The steps alone would also accuse what only follows from an output that is wrong: each starts from that output.
    """
    if any(measured.way == PAIR for measured in verdict.measured) or not verdict.deviating:
        return verdict.deviating
    return tuple(m for m in judge_trajectory(verdict) if m.deviates) or verdict.deviating
