"""One layer in one direction."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_parity.parity_tests.strategies import agrees, cases


@given(case=cases(num_layers=1, bidirectional=False, projected=False, packed=False))
def test_a_layer_computes_every_step_from_the_one_before(implementation, case):
    """Each step is the LSTM equations applied to the input and to the state that the step before left."""
    assert agrees(implementation, case)


@given(case=cases(num_layers=1, time=1, batch=st.integers(1, 9)))
def test_a_single_step_is_a_cell(implementation, case):
    """A sequence of one step is one application of the cell."""
    assert agrees(implementation, case)


@given(case=cases(batch_first=True, batch=st.integers(1, 5), time=st.integers(1, 5), packed=False))
def test_batch_first_swaps_input_and_output_and_leaves_the_states(implementation, case):
    """batch_first moves the batch axis of input and output, not that of h_n and c_n."""
    assert agrees(implementation, case)


@given(case=cases(batch=None))
def test_an_unbatched_sequence_is_a_batch_of_one(implementation, case):
    """Input of two axes gives output of two axes and states of two axes."""
    assert agrees(implementation, case)


@given(case=cases(bias=True, states=True))
def test_both_biases_are_added(implementation, case):
    """b_ih and b_hh are drawn apart, and both count."""
    assert agrees(implementation, case)


@settings(max_examples=20)  # each is as dear as ten small ones
@given(case=cases(sizes="wide", time=st.integers(1, 3)))
def test_wide_layers_agree_too(implementation, case):
    """Kernels that block their loops at 128 compute the same LSTM."""
    assert agrees(implementation, case)
