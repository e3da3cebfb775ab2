"""A mistake is one fault: outside of its scope it is a correct LSTM, and a wrong gradient shows in no forward pass."""

from __future__ import annotations

from functools import cache
from itertools import islice

import pytest

from lstm_parity.cases.case import parse_case
from lstm_parity.cases.setting import DTYPES
from lstm_parity.catalogue.mistakes import GRADIENT_MISTAKES, MISTAKES
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.catalogue.mistakes.scope import EVERYWHERE
from lstm_parity.judging.forward import Outcome, judge
from lstm_parity.running.observe import observe
from meta_tests.detecting import examples_of, widest

EXAMPLES = 10
EVERY = (*MISTAKES, *GRADIENT_MISTAKES)
LIMITED = [wrong for wrong in EVERY if wrong.scope is not EVERYWHERE or wrong.dtypes != DTYPES]


@cache
def drawn():
    """The cases of the widest test on which the LSTM that the mistakes are made from has parity."""
    return [case for case in examples_of(widest()) if outcome(Mistake(PlainLSTM), case) is Outcome.PARITY]


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
    assert wrong.may_show(parse_case(wrong.witness))
