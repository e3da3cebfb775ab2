"""Wrong LSTMs are seen: each on its witness, and by the property tests with no witness to help, in every dtype."""

from __future__ import annotations

import pytest

from lstm_parity.cases.case import parse_case
from lstm_parity.cases.setting import DTYPES
from lstm_parity.catalogue.mistakes import MISTAKES, find_mistake
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.implementations.torch_modules import TorchLSTM, missing_dtype
from lstm_parity.judging.forward import Outcome, judge
from lstm_parity.running.observe import observe
from meta_tests.detecting import examples_needed, killed, property_tests

WITNESSED = [known for known in MISTAKES if known.witness]
ABLE = [dtype for dtype in DTYPES if missing_dtype(dtype, "cpu") is None]
IN_DTYPES = [pytest.param(k, dtype, id=f"{k.name}-{dtype}") for dtype in ABLE for k in MISTAKES if dtype in k.dtypes]


@pytest.mark.parametrize(("wrong", "dtype"), IN_DTYPES)
def test_the_property_tests_kill_every_mistake(wrong, dtype):
    """In any dtype, with the examples that a plain `pytest` draws."""
    assert killed(wrong, dtype)


@pytest.mark.parametrize("test", property_tests(), ids=lambda test: test.__name__)
def test_the_plain_lstm_is_right(test):
    """What the mistakes are made from passes every property test: what kills them is their fault alone."""
    assert examples_needed(test, Mistake(PlainLSTM)) is None


@pytest.mark.parametrize("wrong", WITNESSED, ids=lambda wrong: wrong.name)
def test_a_mistake_shows_on_its_witness(wrong):
    """One case is enough to see it."""
    assert judge(observe(wrong, parse_case(wrong.witness))).outcome is Outcome.DEVIATES


@pytest.mark.parametrize("witness", sorted({wrong.witness for wrong in WITNESSED}))
def test_a_witness_speaks_against_no_correct_lstm(witness):
    """nn.LSTM has parity on every witness."""
    assert judge(observe(TorchLSTM(), parse_case(witness))).outcome is Outcome.PARITY


def test_names_are_distinct_and_every_fault_is_told():
    """A mistake is known by its name, and its name and sentence are all that a reader sees."""
    assert (
        len({wrong.name for wrong in MISTAKES})
        == len([wrong for wrong in MISTAKES if wrong.description])
        == len(MISTAKES)
    )


def test_an_unknown_mistake_is_refused_with_the_names_that_there_are():
    """Whoever mistypes a name is told the right ones."""
    with pytest.raises(KeyError, match="gates-ifog"):
        find_mistake("gates-ifgo")
