"""Sizes that people use: where tiles, blocks and vector tails of kernels end, deep, long, and with large numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis.errors import UnsatisfiedAssumption

from lstm_parity.audits.plan import discover, draw_plan
from lstm_parity.audits.questions import judge_backward_passes
from lstm_parity.cases.case import draw_case
from lstm_parity.cases.covering import draw_tall
from lstm_parity.judging.gradients import judge_gradients
from lstm_parity.judging.verdict import Outcome
from lstm_parity.parity_tests.strategies import agrees, holds
from lstm_parity.running.autograd import adjoints

TALL = tuple(draw_tall(dtype="float32"))
NARROW = tuple(draw_tall(dtype="bfloat16"))[::6]


def differentiated(case):
    """The same case with gradients recorded."""
    runtime = replace(case.setting.runtime, grad_mode="grad")
    return draw_case(replace(case.setting, runtime=runtime), case.profile, case.seed)


def judged(judge, *arguments):
    """Whether a verdict holds; a case that the implementation refuses is skipped."""
    try:
        return judge(*arguments)
    except UnsatisfiedAssumption as refusal:
        pytest.skip(f"refused: {refusal}")


@pytest.mark.parametrize("case", TALL + NARROW, ids=lambda case: case.id)
def test_a_tall_case_is_computed_as_the_equations_say(implementation, case):
    """Wide, deep, long, in large batches, with numbers above 100."""
    assert judged(agrees, implementation, case)


@pytest.mark.parametrize("case", [differentiated(case) for case in TALL[::5]], ids=lambda case: case.id)
def test_gradients_of_a_tall_case_are_those_of_the_exact_lstm(implementation, case):
    """By the input, the states and every weight."""
    assert judged(lambda: holds(judge_gradients(implementation, case, adjoints(case))))


def test_gradients_hold_on_the_plan_of_a_verification(implementation):
    """Backward passes of training loops, with every loss, on sizes that people use; as `verify` judges them."""
    planned = [case for case in draw_plan(discover(implementation, "float32"), "float32") if case.is_finite]
    verdicts = judge_backward_passes(implementation, planned, 5)
    if all(verdict.outcome is Outcome.REFUSED for verdict in verdicts):
        pytest.skip("no gradients in float32")

    assert all(holds(verdict) for verdict in verdicts if verdict.outcome is not Outcome.REFUSED)
