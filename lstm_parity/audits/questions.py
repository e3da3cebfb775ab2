"""What is judged of an implementation beside its outputs: known answers, the life of a module, dropout, gradients.

Every door puts these questions to the cases of one plan (`audits/plan.py`), and differs in how many cases it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from lstm_parity.audits.dropout import judge_dropout, judge_dropout_of, judge_gradients_in_dropout
from lstm_parity.audits.known_answers import KnownAnswer, judge_known_answer, known_answers_of_dtype
from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.covering import TALL_SEED
from lstm_parity.diagnosis.probes import observe_in
from lstm_parity.implementations.references import TorchReference
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.gradients import judge_gradients, judge_second_derivatives
from lstm_parity.judging.verdict import Verdict
from lstm_parity.running.autograd import adjoints, backward_passes, in_pass
from lstm_parity.running.evidence import EXPANDED, LATE, OFTEN, RELOADED, TENSORS, TRAINING, TWICE, Adjoints
from lstm_parity.running.protocol import Implementation

_LIVES = (TWICE, LATE, TRAINING, RELOADED)
_LOSSES = (TENSORS, ("output",), TENSORS, ("h_n",), TENSORS, ("c_n",), TENSORS)
_ORDINARY = ("normal", "trained")  # profiles whose gradients have little noise
_WIDE = ("float64", "float32")  # in half types, gradients of a correct LSTM in another style have another noise
_AT_LEAST = 16  # small cases of gradients, so that every backward pass is judged
_EVERY_ANSWER = 4  # one of the known answers is taken for so many cases of which one is
_FEW = 6  # cases that are judged in many calls, and cases of which second derivatives are

Ask = Callable[[Implementation, Sequence[Case], int], list[Verdict]]


def _judge_life(implementation: Implementation, cases: Sequence[Case], every: int) -> list[Verdict]:
    """Judge second and later calls, results read after them, train mode, changed weights and expanded states.

    cases: of one dtype; one in so many is taken.
    """
    chosen = [case for case in cases[::every] if case.setting.runtime.grad_mode != "inference"]
    batches = [case for case in chosen if case.setting.call.states and case.setting.call.rows > 1]
    return judge_all(
        [
            *(observe_in(way, implementation, case) for way in _LIVES for case in chosen),
            *(observe_in(OFTEN, implementation, case) for case in _smallest(chosen)),
            *(observe_in(EXPANDED, implementation, repeat_first_row(case)) for case in batches),
        ]
    )


def _smallest(cases: Sequence[Case]) -> list[Case]:
    """Return the few cases with the fewest numbers: what is called often must be called fast."""
    return sorted((c for c in cases if c.input.size), key=lambda case: case.input.size * case.h_0.size)[:_FEW]


def repeat_first_row(case: Case) -> Case:
    """Return a case whose rows all start from the states of the first."""
    h_0, c_0 = (np.repeat(state[:, :1], state.shape[1], 1) for state in (case.h_0, case.c_0))
    return replace(case, h_0=h_0, c_0=c_0)


def _list_wide(cases: Sequence[Case]) -> list[Case]:
    """List the cases whose gradients have little noise, in whatever style they are found."""
    return [case for case in cases if case.profile in _ORDINARY and case.setting.runtime.dtype in _WIDE]


def judge_backward_passes(implementation: Implementation, cases: Sequence[Case], every: int) -> list[Verdict]:
    """Judge gradients; every other backward pass is plain, the rest are those of training loops in turn.

    cases: of one dtype; one in so many of the small ones is taken, and one in a few of the tall ones. All backward
    passes, and all losses, are judged on the largest of the small ones too; all of both together if there is one case.
    """
    wide = _list_wide(cases)
    if len(cases) == 1:
        return [verdict for case in wide for verdict in _judge_gradients_of(implementation, case)]
    chosen = [_record_gradients(case) for case in wide]
    small = [case for case in chosen if case.seed != TALL_SEED]
    largest = max(small, key=lambda c: (c.setting.call.lengths is None, c.input.size * c.h_0.size), default=None)
    small = small[:: max(1, min(every, len(small) // _AT_LEAST))]
    tall = [case for case in chosen if case.seed == TALL_SEED][:: max(1, every // 3)]
    asked = [(case, _choose_adjoints(case, number)) for number, case in enumerate((*small, *tall))]
    if largest is not None:
        asked += [(largest, adjoints(largest, losses)) for losses in dict.fromkeys(_LOSSES)]
        asked += [(largest, in_pass(adjoints(largest), backward)) for backward in backward_passes(largest)]
    return [judge_gradients(implementation, case, d) for case, d in asked]


def _choose_adjoints(case: Case, number: int) -> Adjoints:
    plain = adjoints(case, _LOSSES[number // 2 % len(_LOSSES)])
    passes = backward_passes(case)
    return in_pass(plain, passes[number // 2 % len(passes)]) if number % 2 else plain


def _judge_derivatives_of_gradients(implementation: Implementation, cases: Sequence[Case], every: int) -> list[Verdict]:
    """Judge second derivatives on a few small cases; an implementation that has none says so by raising."""
    small = [case for case in _list_wide(cases) if case.seed != TALL_SEED]
    chosen = [_record_gradients(case) for case in small[:: max(1, len(small) // _FEW)]]
    return [judge_second_derivatives(implementation, TorchReference(), case) for case in chosen]


def _judge_gradients_of(implementation: Implementation, case: Case) -> list[Verdict]:
    """Judge the gradients of one case: of every loss, in every backward pass; in half types in the plain one alone.

    Losses in passes that are not plain are judged, but for that of all tensors, until one is wrong.
    """
    recorded = _record_gradients(case)
    first, *others = (adjoints(recorded, losses) for losses in dict.fromkeys(_LOSSES))
    passes = backward_passes(recorded) if case.setting.runtime.dtype in _WIDE else ()
    verdicts = [judge_gradients(implementation, recorded, d) for d in (first, *others)]
    verdicts += (judge_gradients(implementation, recorded, in_pass(first, backward)) for backward in passes)
    for d, backward in product(others, passes):
        if any(verdict.outcome.is_wrong for verdict in verdicts):
            break
        verdicts.append(judge_gradients(implementation, recorded, in_pass(d, backward)))
    return verdicts


def _record_gradients(case: Case) -> Case:
    runtime = replace(case.setting.runtime, grad_mode="grad")
    return draw_case(replace(case.setting, runtime=runtime), case.profile, case.seed)


def _judge_gradients(implementation: Implementation, cases: Sequence[Case], every: int) -> list[Verdict]:
    """Judge gradients without dropout, and of a few cases with it."""
    in_dropout = judge_gradients_in_dropout(implementation, _list_wide(cases))
    return judge_backward_passes(implementation, cases, every) + in_dropout


def _judge_known_answers(implementation: Implementation, cases: Sequence[Case], every: int) -> list[Verdict]:
    """Judge by what fifty digits say, in the dtype and on the device of the cases; one known answer in a few is taken.

    What deviates says which known answer it is.
    """
    runtime = cases[0].setting.runtime
    known = known_answers_of_dtype(runtime.dtype)[:: max(1, every // _EVERY_ANSWER)]
    verdicts = [(one, judge_known_answer(one, implementation, runtime.dtype, runtime.device)) for one in known]
    return [_say_which(one, verdict) if verdict.outcome.is_wrong else verdict for one, verdict in verdicts]


def _say_which(known: KnownAnswer, verdict: Verdict) -> Verdict:
    return replace(verdict, faults=(f"known answer {known.name}: {known.purpose}", *verdict.faults))


QUESTIONS: Mapping[str, Ask] = {
    "known answers": _judge_known_answers,
    "life of the module": _judge_life,
    "dropout": judge_dropout,
    "gradients": _judge_gradients,
    "second derivatives": _judge_derivatives_of_gradients,
}
OF_ONE_CASE: Mapping[str, Callable[[Implementation, Case], list[Verdict]]] = {  # the same, of the case that is named
    "life of the module": lambda implementation, case: _judge_life(implementation, [case], 1),
    "dropout": judge_dropout_of,
    "gradients": _judge_gradients_of,
    "second derivatives": lambda implementation, case: _judge_derivatives_of_gradients(implementation, [case], 1),
}
