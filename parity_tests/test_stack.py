"""Stacks of layers, and both directions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lstm_parity.parity_tests.strategies import agrees, cases


@given(case=cases(num_layers=st.integers(2, 4), bidirectional=False, packed=False))
def test_each_layer_reads_the_hidden_states_of_the_layer_below(implementation, case):
    """Layer k's input is layer k-1's h at the same step, and each layer has its own weights and states."""
    assert agrees(implementation, case)


@given(case=cases(num_layers=1, bidirectional=True, packed=False))
def test_the_reverse_direction_starts_at_the_end(implementation, case):
    """The reverse half of the output at step t has read the steps from the last one down to t."""
    assert agrees(implementation, case)


@given(case=cases(num_layers=st.integers(2, 3), bidirectional=True))
def test_directions_are_joined_before_the_next_layer(implementation, case):
    """Both directions' outputs, forward first, are the input of both directions of the next layer."""
    assert agrees(implementation, case)


@given(case=cases(batch=st.integers(1, 5), packed=True))
def test_padding_is_invisible_in_packed_sequences(implementation, case):
    """Rows of a packed batch end, and in reverse begin, at their own length, in whatever order they come."""
    assert agrees(implementation, case)


@given(case=cases(batch=st.integers(3, 6), time=st.integers(3, 6), packed=True, states=True))
def test_packed_rows_start_from_and_return_their_own_states(implementation, case):
    """However the rows are sorted inside, h_0, c_0, h_n and c_n stand in the caller's order."""
    assert agrees(implementation, case)
