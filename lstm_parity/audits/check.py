"""`lstm_parity.check(MyLSTM)`, for your own tests: it returns if the implementation has parity, and raises if not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, cast

from threadpoolctl import threadpool_limits

from lstm_parity.audits.named import NAMED
from lstm_parity.audits.own_arithmetic import InOwnArithmetic
from lstm_parity.audits.plan import discover, draw_plan
from lstm_parity.audits.questions import QUESTIONS
from lstm_parity.cases.case import Case, parse_case
from lstm_parity.cases.covering import TALL_SEED, choose_spread
from lstm_parity.cases.features import DECLARABLE
from lstm_parity.cases.setting import DTYPES
from lstm_parity.diagnosis.smoke import check_adapter
from lstm_parity.implementations.load import adapt, declare
from lstm_parity.implementations.remote.purity import WatchedImplementation
from lstm_parity.implementations.target import ARRAYS, KINDS, TargetError, refuse_arithmetic, refuse_arrays
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.failure import ParityError
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation

_STRIDE = 12  # one case in so many is judged: a few seconds for each dtype; `verify --impl` judges all


def check(
    implementation: Callable[..., Any],
    kind: str = "module",
    *,
    arrays: str = "torch",
    without: Sequence[str] = (),
    arithmetic: str = "",
    strict: bool = False,
    dtypes: Sequence[str] = DTYPES,
    cases: Sequence[str] = (),
) -> int:
    """Judge a class or function, in this process: what ends it, ends the test run.

    kind, arrays, without, arithmetic: as `--impl`, `--arrays`, `--without` and `--arithmetic` of the command line
    (`lstm_parity/implementations/target.py`). strict: whether only the native arithmetic of torch's kernels will do.
    cases: ids of cases, as a failure prints them, which are judged alone.
    Returns the number of cases that were judged. Raises ParityError (an AssertionError) with the whole story at the
    first case that deviates or fails, AssertionError where the form of the answers is wrong or every case was refused,
    TargetError (a ValueError) where an argument here is none.
    """
    for given, known in ((kind, KINDS | NAMED), (arrays, ARRAYS), *((feature, DECLARABLE) for feature in without)):
        if given not in known:
            raise TargetError(f"{given!r} was given, but it must be one of {', '.join(known)}")
    refuse_arrays(kind, arrays)
    refuse_arithmetic(arithmetic)
    name = getattr(implementation, "__name__", type(implementation).__name__)
    if kind in NAMED:  # it is an implementation as it stands
        judged = declare(cast(Implementation, implementation), tuple(without), arithmetic)
    else:
        judged = adapt(kind, name, implementation, arrays, tuple(without), arithmetic)
    if (problem := check_adapter(judged)) is not None:
        raise AssertionError(f"{name} cannot be judged: {problem}")
    own = judged if strict else InOwnArithmetic(judged)
    with threadpool_limits(1, user_api="blas"):  # threads of NumPy that wait take turns from those that compute
        if cases:
            return sum(_judge_sample(own, [parse_case(case)], name) for case in cases)
        return sum(_judge_sample(own, draw_plan(discover(own, dtype), dtype), name) for dtype in dtypes)


def _judge_sample(implementation: Implementation, cases: Sequence[Case], name: str) -> int:
    """Count the cases of one dtype that have parity. Raises ParityError at the first that does not."""
    tall, small = ([case for case in cases if (case.seed == TALL_SEED) is is_tall] for is_tall in (True, False))
    sample = (*choose_spread(small, max(1, len(small) // _STRIDE)), *tall)
    watched = WatchedImplementation(implementation)
    outputs = ((verdict, verdict.case.repeatable) for verdict in (judge(observe(watched, c)) for c in sample))
    others = ((verdict, True) for ask in QUESTIONS.values() for verdict in ask(implementation, cases, _STRIDE))
    count = 0
    for verdict, repeats in chain(outputs, others):
        if verdict.outcome.is_wrong:
            repeat = f'lstm_parity.check({name}, ..., cases=["{verdict.case.id}"])'
            raise ParityError(verdict, repeat=repeat if repeats else "")
        count += verdict.outcome is Outcome.PARITY
    return count
