"""Compare two runs that must be the same LSTM with one another: the exact answer is used for its noise alone.

A relation (a permuted batch, a sequence in two halves) holds for LSTMs independently of our reference. Two correct runs
differ by the noise of both: that of the trajectory from the initial states on, times the root of two.
"""

from __future__ import annotations

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.judging.forward import judge_trajectory
from lstm_parity.judging.verdict import Outcome, TensorComparison, Verdict, compare, decide
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic
from lstm_parity.running.evidence import PAIR, WHOLE, Evidence, Observation, Outputs


def judge_pair(case: Case, one: Outputs, other: Outputs, arithmetic: Arithmetic | None = None) -> Verdict:
    """Return the verdict on one run of a case against another; NOT JUDGED where the trajectory's noise is too large.

    Both outputs must be complete and canonical, as `observe` returns them.
    """
    arithmetic = arithmetic or NATIVE[case.setting.runtime.dtype]
    whole = Evidence(WHOLE, case.input, case.h_0, case.c_0, one, case.setting.call.lengths)
    observation = Observation(case, (whole,))
    unjudged = Verdict(Outcome.NOT_JUDGED, observation, arithmetic, reason="the trajectory's noise is too large")
    if not (measured := judge_trajectory(unjudged)):
        return unjudged
    pairs = tuple(_compare_runs(m, getattr(other, m.tensor)) for m in measured)
    return Verdict(decide((), pairs), observation, arithmetic, pairs)


def _compare_runs(measured: TensorComparison, other: np.ndarray) -> TensorComparison:
    return compare(measured.tensor, PAIR, measured.got, other, np.sqrt(2.0) * measured.noise)
