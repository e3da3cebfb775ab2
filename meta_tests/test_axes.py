"""Every axis is live: with it frozen, a wrong LSTM gets through; with it free, it is caught.

Asked of the widest property test, which has all axes.
"""

from __future__ import annotations

import pytest

from lstm_parity.catalogue.mistakes import find_mistake
from lstm_parity.judging.forward import Outcome, judge
from lstm_parity.parity_tests.strategies import AXES, frozen
from lstm_parity.running.observe import observe
from meta_tests.detecting import examples_needed, examples_of, widest

# axis: the value at which it is frozen, and the wrong LSTM that gets through then
BLIND = {
    "input_size": (1, "input-features-reversed"),
    "hidden_size": (1, "recurrent-weights-transposed"),
    "num_layers": (1, "states-of-the-first-layer-for-all"),
    "bias": (True, "forget-bias-one-without-bias"),
    "batch_first": (False, "batch-first-reshaped"),
    "bidirectional": (False, "reverse-output-not-flipped-back"),
    "projected": (False, "projection-not-fed-back"),
    "time": (1, "hidden-never-updated"),
    "batch": (1, "states-of-the-first-row-for-all"),
    "sizes": ("any", "tail-of-wide-layers-left-out"),
    "packed": (False, "initial-states-not-sorted"),
    "states": (True, "no-states-are-ones"),
    "strided": (False, "state-strides-ignored"),
    "dtype": ("float32", "double-computed-in-single"),
    "grad_mode": ("no_grad", "bias-dropped-under-grad"),
    "mkldnn": (False, "cell-state-ignored-by-onednn"),
    "threads": (1, "last-row-lost-between-threads"),
    "deterministic": (False, "deterministic-kernel-drops-the-bias"),
    "profile": ("normal", "nan-hidden"),
}


@pytest.mark.parametrize("axis", BLIND)
def test_without_the_axis_a_mistake_gets_through(axis):
    """On cases with that axis at one value."""
    value, wrong = BLIND[axis][0], find_mistake(BLIND[axis][1])
    with frozen(**{axis: value}):
        asked = [case for case in examples_of(widest()) if wrong.may_show(case)]  # on the others it is right

    assert {judge(observe(wrong, case)).outcome for case in asked} <= {Outcome.PARITY, Outcome.NOT_JUDGED}


@pytest.mark.parametrize("axis", BLIND)
def test_with_the_axis_the_mistake_is_caught(axis):
    """On cases with all axes free."""
    assert examples_needed(widest(), find_mistake(BLIND[axis][1])) is not None


def test_every_axis_has_its_mistake():
    """An axis that is added is shown to be live; a seed is only a number."""
    assert set(BLIND) == set(AXES) - {"seed"}
