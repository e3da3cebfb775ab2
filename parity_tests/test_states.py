"""Initial states, and what they become."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lstm_parity.parity_tests.strategies import agrees, cases


@given(case=cases(states=True, num_layers=st.integers(1, 3)))
def test_every_layer_and_direction_starts_from_its_own_states(implementation, case):
    """h_0 and c_0 are drawn apart for each layer, direction and row, and each is used where it belongs."""
    assert agrees(implementation, case)


@given(case=cases(states=False))
def test_no_states_are_zero_states(implementation, case):
    """hx=None is h_0 = c_0 = 0, in the input's dtype."""
    assert agrees(implementation, case)


@given(case=cases(profile="memory", num_layers=1, time=st.integers(20, 60)))
def test_a_cell_that_remembers_drifts_no_further_than_rounding(implementation, case):
    """With forget gates of about 1 and a constant input, c integrates over many steps."""
    assert agrees(implementation, case)


@given(case=cases(profile="non_finite", time=st.integers(2, 5), batch=st.integers(2, 4)))
def test_what_is_not_finite_reaches_what_depends_on_it_and_no_more(implementation, case):
    """NaN and infinities stay in their row, and show in the steps after them."""
    assert agrees(implementation, case)
