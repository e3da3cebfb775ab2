"""Wrong dropout is seen by the tests of dropout; and in eval mode each is right, but for those that are about it."""

from __future__ import annotations

import pytest
import torch

from lstm_parity.cases.case import parse_case
from lstm_parity.catalogue.mistakes import DROPOUT_MISTAKES
from lstm_parity.catalogue.mistakes.plain_dropout import DroppingLSTM, make_module
from lstm_parity.catalogue.mistakes.scope import NOWHERE
from lstm_parity.implementations.dropout import replay_masks
from lstm_parity.implementations.lives import InDropout
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.observe import observe, observe_whole
from specimens.property_runs import asked_of, examples_until_it_fails

TESTS = asked_of("test_dropout", "lstm_class")
SEED = 1
IN_EVAL = ["I5-H7-L3-bi-T4-B3-float32-normal-1", "I5-H7-L2-P3-T4-B3-packed2.4.1-float64-normal-2"]
each = pytest.mark.parametrize("wrong", DROPOUT_MISTAKES, ids=lambda wrong: wrong.name)


def fails(test, arguments) -> bool:
    """Whether the test of dropout fails with these arguments, with the examples that a plain `pytest` draws."""
    with torch.random.fork_rng(devices=[]):
        if hasattr(test, "hypothesis"):
            return examples_until_it_fails(test, arguments) is not None
        try:
            test(**arguments)
        except Exception:
            return True
        return False


def dropping(written, training=True):
    """A module that drops by a seed."""
    return InDropout(TorchLSTM(module=make_module(written)), 0.3, (SEED,), training)


def in_training(written, name):
    """The verdict on one call in train mode."""
    drawn = replay_masks(parse_case(name), 0.3, SEED)
    return judge(observe_whole(dropping(written), parse_case(name), masks=drawn)).outcome


@each
def test_the_dropout_tests_kill_every_dropout_mistake(wrong):
    """With the examples that a plain `pytest` draws."""
    module = {"lstm_class": make_module(wrong.written)}

    assert any(fails(test, module | given) for test, given in TESTS)


@pytest.mark.parametrize(("test", "given"), TESTS, ids=lambda one: getattr(one, "__name__", None))
def test_the_plain_lstm_drops_as_it_should(test, given):
    """What the mistakes are made from passes every one of these tests: what kills them is their fault alone."""
    assert not fails(test, {"lstm_class": make_module(DroppingLSTM)} | given)


@pytest.mark.parametrize(
    "name", ["I5-H7-L3-bi-T4-B3-float32-normal-1", "I5-H7-L2-P3-T4-B3-packed2.4.1-float64-normal-2"]
)
@each
def test_in_eval_mode_a_dropout_mistake_is_right_unless_it_is_about_that(wrong, name):
    """Where nothing is dropped, what is wrong about it does not matter."""
    seen = judge(observe(dropping(wrong.written, training=False), parse_case(name))).outcome

    assert (seen is Outcome.PARITY) == (wrong.scope is NOWHERE)


@pytest.mark.parametrize("wrong", [wrong for wrong in DROPOUT_MISTAKES if wrong.witness], ids=lambda wrong: wrong.name)
def test_a_dropout_mistake_shows_on_its_witness(wrong):
    """One call is enough to see it, in train mode; or in eval mode, where it is about that only."""
    only_in_eval = wrong.name == "dropped-in-eval-mode"

    assert in_training(wrong.written, wrong.witness) is (Outcome.PARITY if only_in_eval else Outcome.DEVIATES)


@pytest.mark.parametrize("name", sorted({wrong.witness for wrong in DROPOUT_MISTAKES if wrong.witness}))
def test_a_witness_speaks_against_no_right_dropout(name):
    """The plain LSTM has parity on every witness."""
    assert in_training(DroppingLSTM, name) is Outcome.PARITY
