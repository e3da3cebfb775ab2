"""Wrong gradients are seen: each on its witness, and by the property tests of gradients, in every dtype."""

from __future__ import annotations

import pytest

from lstm_parity.cases.case import parse_case
from lstm_parity.cases.setting import DTYPES
from lstm_parity.catalogue.mistakes import GRADIENT_MISTAKES
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.implementations.torch_modules import TorchLSTM, missing_dtype
from lstm_parity.judging.forward import Outcome
from lstm_parity.judging.gradients import judge_gradients
from lstm_parity.parity_tests.strategies import frozen
from lstm_parity.running.autograd import adjoints
from meta_tests.detecting import asked_of, examples_until_it_fails

TESTS = asked_of("test_gradients", "implementation")


def outcome(implementation, name):
    """The verdict on the gradients of a loss on all three outputs."""
    return judge_gradients(implementation, parse_case(name), adjoints(parse_case(name))).outcome


@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if missing_dtype(dtype, "cpu") is None])
@pytest.mark.parametrize("wrong", GRADIENT_MISTAKES, ids=lambda wrong: wrong.name)
def test_the_gradient_tests_kill_every_gradient_mistake(wrong, dtype):
    """In any dtype, with the examples that a plain `pytest` draws."""
    with frozen(dtype=dtype):
        assert any(examples_until_it_fails(test, {"implementation": wrong} | given) for test, given in TESTS)


@pytest.mark.parametrize(("test", "given"), TESTS, ids=lambda one: getattr(one, "__name__", None))
def test_the_plain_lstm_has_the_right_gradients(test, given):
    """What the mistakes are made from passes every one of these tests: what kills them is their fault alone."""
    assert examples_until_it_fails(test, {"implementation": Mistake(PlainLSTM)} | given) is None


@pytest.mark.parametrize("wrong", GRADIENT_MISTAKES, ids=lambda wrong: wrong.name)
def test_a_gradient_mistake_shows_on_its_witness(wrong):
    """One case is enough to see it."""
    assert outcome(wrong, wrong.witness) is Outcome.DEVIATES


@pytest.mark.parametrize("witness", sorted({wrong.witness for wrong in GRADIENT_MISTAKES}))
def test_a_witness_speaks_against_no_right_gradient(witness):
    """nn.LSTM has parity on every witness."""
    assert outcome(TorchLSTM(), witness) is Outcome.PARITY
