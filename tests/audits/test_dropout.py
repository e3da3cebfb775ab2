"""Dropout is judged whatever order its masks are drawn in, and what is wrong about it is said."""

from __future__ import annotations

import pytest

from lstm_parity.audits.dropout import judge_dropout, judge_dropout_of, judge_gradients_in_dropout
from lstm_parity.cases.case import parse_case
from lstm_parity.catalogue.mistakes import DROPOUT_MISTAKES
from lstm_parity.implementations.from_function import FromFunction
from lstm_parity.implementations.load import declare
from lstm_parity.implementations.references import TorchReference
from lstm_parity.implementations.remote.client import RemoteImplementation
from lstm_parity.implementations.target import parse_target
from lstm_parity.implementations.torch_modules import FromModule, TorchLSTM
from lstm_parity.judging.verdict import Outcome
from specimens.dropout_layers import RIGHT, WRONG, OwnGenerator, torch_lstm, torch_lstm_trained

CASES = [
    parse_case(name)
    for name in (
        "I5-H7-T3-B3-float32-normal-4",
        "I5-H7-L3-bi-T3-B4-float32-normal-4",
        "I6-H6-L2-bf-T3-B4-nostates-float32-trained-2",
        "I5-H7-L2-bi-T3-B3-packed2.3.1-float32-normal-3",
    )
]


def outcomes(implementation, cases=CASES) -> set[Outcome]:
    """What became of the cases."""
    return {verdict.outcome for verdict in judge_dropout(implementation, cases, 1)}


@pytest.mark.parametrize("right", [one for one in RIGHT if one is not OwnGenerator], ids=lambda one: one.__name__)
def test_masks_may_be_drawn_in_any_order(right):
    """By torch, NumPy, for each step or direction: what was dropped is read, and the rest is parity."""
    assert outcomes(FromModule("right", right)) == {Outcome.PARITY}


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
def test_dropout_of_torch_has_parity(dtype):
    """In every dtype, with and without packing."""
    cases = [parse_case(case.id.replace("float32", dtype)) for case in CASES]

    assert outcomes(TorchLSTM(), cases) - {Outcome.NOT_JUDGED} == {Outcome.PARITY}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda one: one.__name__)
def test_wrong_dropout_deviates(wrong):
    """Each was written before anything asked for it."""
    assert Outcome.DEVIATES in outcomes(FromModule("wrong", wrong))


@pytest.mark.parametrize("wrong", DROPOUT_MISTAKES, ids=lambda one: one.name)
def test_every_known_mistake_of_dropout_deviates(wrong):
    """But for one that is right in another order of drawing than torch's, which is no fault here."""
    assert (Outcome.DEVIATES in outcomes(wrong)) == (not wrong.written.only_in_order)


def test_masks_that_no_seed_repeats_are_not_judged():
    """They cannot be known, so that nothing is said of what is computed with them; nothing is called wrong."""
    assert outcomes(FromModule("own", OwnGenerator)) == {Outcome.PARITY, Outcome.NOT_JUDGED}


@pytest.mark.parametrize(("function", "right"), [(torch_lstm, True), (torch_lstm_trained, False)])
def test_a_function_is_given_dropout_and_train(function, right):
    """As torch.lstm is; one that drops in eval mode is wrong."""
    padded = [case for case in CASES if case.setting.call.lengths is None]

    assert (Outcome.DEVIATES not in outcomes(FromFunction("function", function), padded)) == right


@pytest.mark.parametrize("implementation", [TorchReference(), declare(TorchLSTM(), ("dropout",), "")])
def test_what_has_no_dropout_or_says_so_is_not_asked(implementation):
    """It is refused, not judged."""
    assert outcomes(implementation) == {Outcome.REFUSED}


def test_gradients_pass_through_the_masks_of_the_way_forward():
    """In train mode, for masks in another order too."""
    verdicts = judge_gradients_in_dropout(FromModule("right", RIGHT[1]), CASES)

    assert {verdict.outcome for verdict in verdicts} == {Outcome.PARITY}


def test_an_implementation_in_another_process_is_seeded_there():
    """What it drops is read through its process."""
    with RemoteImplementation(parse_target("module:specimens.dropout_layers:DrawnByNumPy")) as there:
        assert outcomes(there, CASES[:2]) == {Outcome.PARITY}


def test_one_case_is_judged_with_every_probability():
    """So that a command that repeats a case finds what depends on p."""
    assert Outcome.DEVIATES in {v.outcome for v in judge_dropout_of(FromModule("half", WRONG[1]), CASES[1])}
