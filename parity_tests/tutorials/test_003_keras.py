"""003, Keras's LSTMCell and LSTM: the same LSTM in other shapes, with one bias, whose forget gate starts at 1."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from lstm_parity.implementations.from_layer import FromLayer
from lstm_parity.implementations.stack import FromCell
from lstm_parity.judging.forward import judge
from lstm_parity.judging.pairs import judge_pair
from lstm_parity.parity_tests.strategies import agrees
from lstm_parity.parity_tests.tutorials import keras_like
from lstm_parity.parity_tests.tutorials.keras_like import carried, keras_cell, keras_layer
from lstm_parity.parity_tests.tutorials.runs import KERAS, SEQUENTIAL, count, every_dtype, every_seed, its_case
from lstm_parity.reference.conventions.keras import fresh_bias
from lstm_parity.reports.failure import ParityError, require_parity
from lstm_parity.running.calls import weight_tensors
from lstm_parity.running.observe import observe

CELL, LAYER = FromCell("Keras's cell in a loop", keras_like.cell), FromLayer("Keras's layer", keras_like.layer)


def called(case):
    """What a Keras layer is called with: x (B, T, I), [h, c] and its weights."""
    dtype, x = case.setting.runtime.dtype, case.input.swapaxes(0, 1)
    weights = carried(*(w for _, w in weight_tensors(case).items()))
    return x.astype(dtype), [case.h_0[0].astype(dtype), case.c_0[0].astype(dtype)], weights


@every_dtype
@every_seed
def test_the_cell_stepped_80_times_by_hand_is_an_lstm(dtype, seed):
    """With torch's weights carried across."""
    assert agrees(CELL, its_case(KERAS, dtype, seed))


@every_dtype
@every_seed
def test_the_layer_is_an_lstm(dtype, seed):
    """With torch's weights carried across."""
    assert agrees(LAYER, its_case(KERAS, dtype, seed))


@every_dtype
def test_two_layers_in_a_row_are_an_lstm_of_two_layers(dtype):
    """The second of a Sequential reads what `return_sequences=True` leaves of the first."""
    assert agrees(LAYER, its_case(SEQUENTIAL, dtype))


@every_dtype
def test_the_cell_in_a_loop_is_the_layer(dtype):
    """They stray from one another by the noise of both: the layer multiplies all of its input at once."""
    case = its_case(KERAS, dtype)
    loop, layer = (observe(either, case).evidence[0].outputs for either in (CELL, LAYER))

    require_parity(judge_pair(case, loop, layer))


@every_dtype
def test_the_last_of_the_sequence_is_the_single_output_bit_for_bit(dtype):
    """return_sequences shows what would have been there."""
    sequence, _ = keras_layer(*called(its_case(KERAS, dtype)), return_sequences=True)
    last, _ = keras_layer(*called(its_case(KERAS, dtype)))

    assert (sequence.shape, np.array_equal(sequence[:, -1], last)) == ((2, 80, 64), True)


def test_the_output_of_a_cell_is_its_first_state():
    """`out is state[0]`, of shape (2, 64), and c is another."""
    x, states, weights = called(its_case(KERAS))
    out, (h, c) = keras_cell(x[:, 0], states, weights)

    assert (out.shape, out is h, out is c) == ((2, 64), True, False)


def test_one_bias_makes_480_parameters_where_torch_has_512():
    """`4H(I + H) + 4H`, for 6 inputs and 8 units."""
    weights = called(its_case("I6-H8-bf-T3-B2"))[-1]

    assert (weights.count, count(nn.LSTM(6, 8))) == (480, 512)


def test_only_the_forget_gate_starts_at_1():
    """The rows of the gates i, f, c and o."""
    assert fresh_bias(np.zeros(8)).tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


@every_dtype
@pytest.mark.parametrize(
    "wrong", [keras_like.layer_with_forget_bias_left_at_1, keras_like.layer_with_one_of_two_biases]
)
def test_biases_carried_across_carelessly_deviate(dtype, wrong):
    """The forget gate's 1 must be overwritten, and both of torch's biases must go into the one that there is."""
    with pytest.raises(ParityError, match="output deviates"):
        require_parity(judge(observe(FromLayer("careless", wrong), its_case(KERAS, dtype))))
