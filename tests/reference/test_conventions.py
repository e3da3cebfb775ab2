"""Conventions carry weights across exactly and back; what is known to go wrong with them shows in numbers."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_parity.cases.case import parse_case
from lstm_parity.reference.conventions import (
    equinox,
    flax,
    gates,
    haiku,
    jax_rnn,
    keras,
    onnx,
    paddle,
    tensorflow_v1,
    torch_like,
)
from lstm_parity.reference.numpy_lstm import lstm_forward
from lstm_parity.reference.weights import CellWeights, LSTMWeights

DTYPE = np.float32
PLAIN, PROJECTED, STACKED = "I5-H7-T4-B3", "I5-H7-P4-T4-B3", "I5-H7-L2-bi-P4-T4-B3"
ONE_BIAS = {
    "keras": (keras.from_torch, keras.to_torch),
    "flax": (flax.from_torch, flax.to_torch),
    "flax fused": (flax.fused_from_torch, flax.fused_to_torch),
    "equinox": (equinox.from_torch, equinox.to_torch),
    "haiku": (haiku.from_torch, haiku.to_torch),
    "tensorflow v1": (tensorflow_v1.from_torch, tensorflow_v1.to_torch),
}
TWO_BIASES = {
    "paddle": (paddle.from_torch, paddle.to_torch),
    "onnx": (lambda w: onnx.from_torch([w]), lambda layer: onnx.to_torch(layer)[0]),
    "tinygrad": (torch_like.cell_from_torch, torch_like.cell_to_torch),
}
EVERY = ONE_BIAS | TWO_BIASES


def weights_of(words) -> LSTMWeights:
    """Weights of a setting as float32 arrays."""
    return parse_case(f"{words}-float32-normal-1").weights.map(lambda w: w.astype(DTYPE))


def cell_of(words) -> CellWeights:
    """Those of its first cell."""
    return weights_of(words).cells[0][0]


def same(one: CellWeights, other: CellWeights) -> bool:
    """Whether two cells are the same, bit for bit, name for name, in one dtype."""
    pairs = zip(one.items(), other.items(), strict=True)
    return all(a == b and v.dtype == w.dtype and np.array_equal(v, w) for (a, v), (b, w) in pairs)


def outputs(w: CellWeights):
    """What the reference computes with them, in float64."""
    some = parse_case(f"{PROJECTED if w.w_hr is not None else PLAIN}-float64-normal-1")
    exact = LSTMWeights(((w.map(lambda a: a.astype(np.float64)),),))
    return lstm_forward(some.input, (some.h_0, some.c_0), exact)[0]


@pytest.mark.parametrize("name", TWO_BIASES)
def test_to_a_framework_of_two_biases_and_back_nothing_changes(name):
    """Bit for bit."""
    there, back = TWO_BIASES[name]

    assert same(back(there(cell_of(PLAIN))), cell_of(PLAIN))


@pytest.mark.parametrize("name", ONE_BIAS)
def test_to_torch_and_back_nothing_changes(name):
    """A framework's own weights come back bit for bit, a forget bias that is added at run time included."""
    there, back = ONE_BIAS[name]
    own = back(there(cell_of(PLAIN)))

    assert same(back(there(own)), own)


@pytest.mark.parametrize("name", EVERY)
def test_what_is_carried_across_is_the_same_lstm(name):
    """Up to the rounding of one sum of biases, and of the 1 that is taken off it."""
    there, back = EVERY[name]

    np.testing.assert_allclose(outputs(back(there(cell_of(PLAIN)))), outputs(cell_of(PLAIN)), atol=1e-6)


@pytest.mark.parametrize("convention", [paddle, tensorflow_v1])
def test_a_projection_is_carried_across_and_back(convention):
    """w_hr is transposed, and its columns are found in a joined matrix."""
    there = convention.from_torch(cell_of(PROJECTED))

    assert np.array_equal(convention.to_torch(there).w_hr, cell_of(PROJECTED).w_hr)


@pytest.mark.parametrize("name", sorted(EVERY.keys() - {"paddle", "tensorflow v1"}))
def test_a_projection_is_refused_where_there_is_none(name):
    """In words that name it, before anything is left out."""
    with pytest.raises(ValueError, match="has no projection"):
        EVERY[name][0](cell_of(PROJECTED))


def test_all_of_a_stack_is_carried_across_pseudo_layer_by_pseudo_layer():
    """lstm_ref's dictionaries hold layers and directions as torch's h_n does."""
    weights = weights_of("I5-H7-L2-bi-T4-B3")
    back = jax_rnn.to_torch(jax_rnn.from_torch(weights), directions=2)

    assert all(same(a, b) for a, b in zip(sum(back.cells, ()), sum(weights.cells, ()), strict=True))


def test_opacus_has_the_names_of_torch():
    """Its state_dict is torch's."""
    weights = weights_of("I5-H7-L2-bi-T4-B3")

    assert list(torch_like.from_torch(weights)) == [name for name, _ in weights.items()]


@pytest.mark.parametrize(
    ("order", "wanted"), [("iofg", [0, 3, 1, 2]), ("igfo", [0, 2, 1, 3])], ids=["ONNX", "TensorFlow v1 and Haiku"]
)
def test_gates_stand_where_the_framework_looks_for_them(order, wanted):
    """Blocks 0 to 3 are i, f, g, o for torch."""
    rows = np.arange(4).repeat(2)

    assert gates.from_torch(rows, order).tolist() == np.repeat(wanted, 2).tolist()


def test_a_layer_with_gates_in_another_order_is_another_lstm():
    """To copy ONNX's rows into torch as they stand shows by much."""
    w = cell_of(PLAIN)
    taken = onnx.from_torch([w])
    careless = CellWeights(taken.W[0], taken.R[0], *np.split(taken.B[0], 2))

    assert np.abs(outputs(careless) - outputs(w)).max() > 0.1


@pytest.mark.parametrize(("convention", "joined"), [(haiku, "w"), (tensorflow_v1, "kernel")])
def test_inputs_come_before_states_in_a_joined_matrix(convention, joined):
    """The first I rows read x."""
    w = cell_of(PLAIN)
    rows = getattr(convention.from_torch(w), joined)[:5]

    assert np.array_equal(gates.to_torch(rows.T, "igfo"), w.w_ih)


def test_a_forget_bias_added_at_run_time_is_taken_off_the_bias():
    """tf.compat.v1 adds 1.0 unless told otherwise, Haiku always: they are told, or compensated for."""
    w = cell_of(PLAIN)
    told, untold = (gates.to_torch(tensorflow_v1.from_torch(w, added).bias, "igfo") for added in (0.0, 1.0))

    np.testing.assert_allclose((told - untold).reshape(4, -1), [[0] * 7, [1] * 7, [0] * 7, [0] * 7], atol=1e-6)


def test_a_forget_bias_that_nobody_takes_off_shows():
    """A cell that adds 1 to weights carried across as if it did not is another LSTM."""
    w = cell_of(PLAIN)
    forgotten = tensorflow_v1.to_torch(tensorflow_v1.CellV1(**vars(tensorflow_v1.from_torch(w)) | {"forget_bias": 1.0}))

    assert np.abs(outputs(forgotten) - outputs(w)).max() > 0.05


@pytest.mark.parametrize("convention", [tensorflow_v1, flax])
def test_states_are_turned_round_where_c_comes_first(convention):
    """LSTMStateTuple and Flax's carry are (c, h)."""
    assert (convention.state("h", "c"), convention.h_and_c(("c", "h"))) == (("c", "h"), ("h", "c"))


def test_without_bias_paddle_is_given_zeros():
    """bias_ih_attr=False ends the process (Paddle issue 70231)."""
    layer = paddle.from_torch(cell_of("I5-H7-nobias-T4-B3"))

    assert [(b.shape, b.any()) for b in (layer.bias_ih, layer.bias_hh)] == [((28,), np.False_)] * 2


def test_paddle_has_the_names_of_torch_without_projection():
    """A state_dict of torch may be loaded as it is."""
    weights = weights_of("I5-H7-L2-bi-T4-B3")
    mine, torchs = paddle.state_dict(weights), dict(weights.items())

    assert mine.keys() == torchs.keys() and all(np.array_equal(mine[name], torchs[name]) for name in mine)  # noqa: PT018


def test_paddle_gives_the_names_of_others_to_weights_of_a_projected_lstm():
    """Four names for five parameters: weight_ih_l1 is the projection of layer 0 (Paddle issue 70245)."""
    weights = weights_of("I5-H7-L2-P4-T4-B3")

    assert np.array_equal(paddle.state_dict(weights)["weight_ih_l1"], weights.cells[0][0].w_hr.T)


def test_a_new_keras_layer_has_1_in_its_forget_bias_and_a_carried_one_has_not():
    """All of a bias is overwritten, not added to."""
    w = CellWeights(*(np.zeros_like(array) for _, array in cell_of(PLAIN).items()))

    assert (keras.from_torch(w).bias.sum(), keras.fresh_bias(w.b_ih).sum()) == (0.0, 7.0)


def test_keras_counts_one_bias():
    """480 parameters for 6 inputs and 8 units, where torch has 512."""
    assert keras.from_torch(cell_of("I6-H8-T4-B3")).count == 480
