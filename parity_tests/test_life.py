"""The life of a module: called again, in train mode, once its weights have changed, with expanded states."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from lstm_parity.audits.questions import repeat_first_row
from lstm_parity.diagnosis.probes import observe_in
from lstm_parity.implementations.references import TorchReference
from lstm_parity.judging.forward import judge
from lstm_parity.judging.gradients import judge_second_derivatives
from lstm_parity.parity_tests.strategies import cases, holds
from lstm_parity.running.evidence import EXPANDED, LATE, OFTEN, RELOADED, TRAINING, TWICE
from lstm_parity.running.protocol import refusal_reason

ORDINARY = st.sampled_from(("normal", "trained"))
MODES = st.sampled_from(("no_grad", "grad"))


def used(implementation, way, case):
    """Whether it agrees in one of the ways; a case that it refuses is drawn again."""
    return holds(judge(observe_in(way, implementation, case)))


@pytest.mark.parametrize("way", [TWICE, LATE, OFTEN, TRAINING, RELOADED])
@settings(max_examples=10)
@given(case=cases(profile=ORDINARY, grad_mode=MODES))
def test_a_module_computes_the_same_all_its_life(implementation, way, case):
    """In a second call, read after one, in train mode, and with weights that have changed since the first call."""
    assert used(implementation, way, case)


@settings(max_examples=10)
@given(case=cases(profile=ORDINARY, grad_mode=MODES, states=True, batch=st.integers(2, 5)))
def test_states_may_be_one_row_expanded(implementation, case):
    """Rows that are one row in memory are read as any."""
    assert used(implementation, EXPANDED, repeat_first_row(case))


@settings(max_examples=10)
@given(case=cases(profile=ORDINARY, grad_mode="grad", dtype=st.sampled_from(("float64", "float32"))))
def test_gradients_have_the_derivatives_of_the_exact_lstm(implementation, case):
    """By the input, the states and every parameter, if the implementation can be differentiated twice."""
    if (reason := refusal_reason(implementation, case)) is not None:
        raise UnsatisfiedAssumption(reason)
    assert holds(judge_second_derivatives(implementation, TorchReference(), case))
