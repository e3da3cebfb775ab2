"""A mistake is one fault: outside of its scope it is a correct LSTM, and a wrong gradient shows in no forward pass."""

from __future__ import annotations

from functools import cache
from itertools import islice

import pytest

from meta_tests.detecting import examples_of, widest
from parity.cases import case
from parity.judge import Outcome, judge
from parity.mistakes import GRADIENT_MISTAKES, MISTAKES
from parity.mistakes.mistake import Written
from parity.mistakes.plain import PlainLSTM
from parity.mistakes.where import EVERYWHERE
from parity.observing import observe
from parity.settings import DTYPES

EXAMPLES = 10
EVERY = (*MISTAKES, *GRADIENT_MISTAKES)
LIMITED = [wrong for wrong in EVERY if wrong.scope is not EVERYWHERE or wrong.dtypes != DTYPES]


@cache
def drawn():
    """The cases of the widest test on which the LSTM that the mistakes are made from has parity."""
    return [case for case in examples_of(widest()) if outcome(Written(PlainLSTM), case) is Outcome.PARITY]


def outcome(implementation, case):
    """What the judge says of it."""
    return judge(observe(implementation, case)).outcome


@pytest.mark.parametrize("wrong", LIMITED, ids=lambda wrong: wrong.name)
def test_outside_of_its_scope_a_mistake_has_parity(wrong):
    """On ten cases of all axes in which the fault cannot show."""
    outside = list(islice((case for case in drawn() if not wrong.may_show(case)), EXAMPLES))

    assert [outcome(wrong, case) for case in outside] == [Outcome.PARITY] * EXAMPLES


@pytest.mark.parametrize("wrong", [wrong for wrong in MISTAKES if wrong.witness], ids=lambda wrong: wrong.name)
def test_the_witness_of_a_mistake_lies_in_its_scope(wrong):
    """Or one of the two is wrong."""
    assert wrong.may_show(case(wrong.witness))
