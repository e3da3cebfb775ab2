"""Purity: an LSTM reads its arguments and leaves them alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from lstm_parity.implementations.remote.purity import WatchedImplementation
from lstm_parity.parity_tests.strategies import cases
from lstm_parity.parity_tests.test_relations import alike
from lstm_parity.running.calls import (
    call_arguments,
    call_lstm,
    flatten_tensors,
    read_bits,
    runtime_flags,
    weight_tensors,
)


def supported(implementation, case):
    """Draw another case where the implementation refuses this one."""
    if (reason := implementation.unsupported_reason(case.setting)) is not None:
        raise UnsatisfiedAssumption(reason)


def called(implementation, case):
    """The weights, the arguments as they were, the arguments, and what was returned."""
    supported(implementation, case)
    weights = weight_tensors(case)
    given_ = flatten_tensors(call_arguments(case.setting, case.input, case.h_0, case.c_0))
    arguments_ = call_arguments(case.setting, case.input, case.h_0, case.c_0)
    with runtime_flags(case.setting.runtime):
        returned = implementation.load(case.setting, weights)(*arguments_)
    return [value for _, value in weights.items()], given_, flatten_tensors(arguments_), flatten_tensors(returned)


@given(case=cases(profile=st.sampled_from(("non_finite", "normal"))))
def test_input_and_states_are_left_as_they_were(implementation, case):
    """Not a bit of the arguments changes in a call."""
    _, before, after, _ = called(implementation, case)

    assert [read_bits(a) for a in before] == [read_bits(b) for b in after]


@given(case=cases())
def test_weights_are_left_as_they_were(implementation, case):
    """Not a bit of the weights changes in a call."""
    weights, _, _, _ = called(implementation, case)
    before = [value for _, value in weight_tensors(case).items()]

    assert [read_bits(a) for a in before] == [read_bits(b) for b in weights]


@given(case=cases())
def test_results_share_no_memory_with_the_arguments(implementation, case):
    """Writing into what was returned changes nothing that was given."""
    weights, _, arguments_, returned = called(implementation, case)
    given_ = {tensor.untyped_storage().data_ptr() for tensor in [*arguments_, *weights]}

    assert not given_ & {tensor.untyped_storage().data_ptr() for tensor in returned}


@given(case=cases())
def test_the_same_call_twice_is_the_same(implementation, case):
    """An LSTM in eval mode has no memory between calls and draws nothing."""
    supported(implementation, case)
    with runtime_flags(case.setting.runtime):
        lstm = implementation.load(case.setting, weight_tensors(case))
        one, other = (call_lstm(lstm, case.setting, case.input, case.h_0, case.c_0) for _ in range(2))

    assert alike(implementation, case, one, other)


@given(case=cases(grad_mode=st.sampled_from(("no_grad", "grad"))))
def test_nothing_of_the_process_changes(implementation, case):
    """Neither a global setting nor a random generator is another after a call."""
    supported(implementation, case)
    watched = WatchedImplementation(implementation)
    with runtime_flags(case.setting.runtime):
        call_lstm(watched.load(case.setting, weight_tensors(case)), case.setting, case.input, case.h_0, case.c_0)
