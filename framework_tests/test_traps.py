"""What is known to go wrong when weights are carried to another framework does go wrong as it is said to."""

from __future__ import annotations

import pytest

from lstm_parity.running.child_process import ExitKind

paddle = pytest.mark.needs("paddlepaddle")
keras = pytest.mark.needs("keras", "tensorflow-cpu")
v1 = pytest.mark.needs("tensorflow-cpu", "tf-keras")


@paddle
@pytest.mark.parametrize("words", ["I6-H8-L2-T3-B4", "I6-H8-L2-bi-T3-B4", "I6-H8-L2-P3-T3-B4", "I6-H8-L2-bi-P3-T3-B4"])
def test_paddles_names_are_those_of_the_convention(probe, words):
    """With a projection those of other weights."""
    assert probe("paddle_probes:names_agree", words)


@paddle
@pytest.mark.parametrize(("words", "off"), [("I6-H8-L2-T3-B4", False), ("I6-H8-L2-P3-T3-B4", True)])
def test_a_state_dict_of_torch_fits_paddle_only_without_projection(probe, words, off):
    """With one, it is silently another LSTM."""
    assert (probe("paddle_probes:loaded_by_name", words) > 0.01) is off


@paddle
@pytest.mark.parametrize("bias", ["ih", "hh"])
def test_paddle_without_one_of_its_biases_ends_the_process(probe, bias):
    """A segmentation fault: the adapter gives it zeros."""
    assert probe("paddle_probes:without", bias, ending=True).how is ExitKind.CRASHED


@paddle
def test_paddle_without_recurrent_weights_has_ones_that_never_learn(probe):
    """It multiplies h by them, and says nothing."""
    assert probe("paddle_probes:without_recurrent_weights") == [True, False]


@paddle
def test_a_projected_cell_of_paddle_needs_to_be_given_states(probe):
    """Its own zeros have the sizes of h and c swapped."""
    assert probe("paddle_probes:cell_without_states", ending=True).how is ExitKind.RAISED


@paddle
@pytest.mark.parametrize(("words", "zero"), [("I6-H8-T5-B4-float32", True), ("I6-H8-P3-T5-B4-float32", False)])
def test_paddle_leaves_numbers_beyond_the_end_of_a_row_with_a_projection(probe, words, zero):
    """Without one it leaves zeros, as torch does."""
    assert (probe("paddle_probes:padding", words) == 0.0) is zero


@paddle
@keras
def test_tensorflow_before_paddle_ends_the_process(probe):
    """Every framework has a process of its own."""
    assert probe("order:imported", "tensorflow", "paddle", ending=True).how is ExitKind.CRASHED


@paddle
@keras
def test_paddle_before_tensorflow_does_not(probe):
    """It is an affair of order."""
    assert probe("order:imported", "paddle", "tensorflow")


@keras
def test_keras_repeats_the_last_output_beyond_the_end_of_a_row(probe):
    """An `LSTM` does, where torch has zeros."""
    assert probe("keras_probes:repeated")


@keras
@pytest.mark.parametrize("how", ["zeroed", "padding"])
def test_keras_returns_zeros_there_if_told_to_or_bidirectional(probe, how):
    """`zero_output_for_mask`, which a Bidirectional sets."""
    assert probe(f"keras_probes:{how}", *(["build_bidirectional"] if how == "padding" else [])) == 0.0


@keras
def test_a_keras_layer_that_goes_backwards_returns_its_last_step_first(probe):
    """What torch's reverse direction returns is the same turned round."""
    assert probe("keras_probes:backwards") == [True, False]


@keras
def test_a_new_keras_layer_has_a_forget_bias_of_1(probe):
    """Who adds torch's biases to it, in place of writing over it, has 1 too much."""
    assert probe("keras_probes:new_bias")


@v1
def test_the_keras_of_tensorflow_1_has_a_hard_sigmoid(probe):
    """7e-2 off, unless told otherwise."""
    assert probe("other_probes:activations_of_v1_keras") == "hard_sigmoid"


@v1
@pytest.mark.parametrize(("given", "taken_off", "off"), [(0.0, 0.0, False), (1.0, 1.0, False), (1.0, 0.0, True)])
def test_a_v1_cell_adds_its_forget_bias_at_run_time(probe, given, taken_off, off):
    """It is to be given 0.0, or weights that are less by 1."""
    assert (probe("other_probes:forget_bias_of_v1", given, taken_off) > 1e-3) is off


@pytest.mark.needs("onnxruntime", "onnx")
def test_onnx_runtime_has_no_float64(probe):
    """It says so."""
    assert "double" in probe("other_probes:onnxruntime_in_float64", ending=True).words


@pytest.mark.needs("onnx")
@pytest.mark.parametrize("ignored", ["clipped", "coupled"])
def test_the_reference_of_onnx_ignores_attributes(probe, ignored):
    """`clip` and `input_forget` are another LSTM, as its specification says, but not here."""
    assert probe(f"other_probes:{ignored}") == 0.0


@pytest.mark.needs("dm-haiku")
@pytest.mark.parametrize(("taken_off", "off"), [(1.0, False), (0.0, True)])
def test_haiku_adds_1_to_its_forget_gate(probe, taken_off, off):
    """It is to be given a bias that is less by 1."""
    assert (probe("other_probes:haiku_given", taken_off) > 1e-3) is off


@pytest.mark.needs("flax")
def test_the_carry_of_flax_is_c_before_h(probe):
    """The convention turns torch's (h, c) round; who gives them as they are gets no error."""
    assert probe("other_probes:flax_with_carry_of_torch") > 1e-3


@pytest.mark.needs("equinox")
def test_a_cell_of_equinox_has_no_rows(probe):
    """It raises: it is to be vmapped."""
    assert probe("other_probes:equinox_with_rows", ending=True).how is ExitKind.RAISED


@pytest.mark.needs("mlx")
def test_mlx_returns_the_states_of_every_step(probe):
    """Who takes them for h_n and c_n takes the whole sequence."""
    assert probe("other_probes:mlx_shapes") == [[3, 4, 7], [3, 4, 7]]


@pytest.mark.needs("flax")
def test_flax_leaves_numbers_beyond_the_end_of_a_row(probe):
    """Its states are right."""
    assert probe("other_probes:flax_on_padding") > 0.1


@pytest.mark.needs("jax")
def test_lstm_ref_leaves_zeros_there(probe):
    """As torch does."""
    assert probe("other_probes:lstm_ref_on_padding") == 0.0


@pytest.mark.needs("jax")
def test_the_lstm_of_jax_that_is_not_lstm_ref_is_for_cudnn_alone(probe):
    """It raises on the CPU."""
    assert probe("other_probes:jax_lstm", ending=True).how is ExitKind.RAISED


@pytest.mark.needs("opacus")
def test_opacus_refuses_a_projection(probe):
    """In so many words."""
    assert probe("other_probes:opacus_with_projection", ending=True).kind == "NotImplementedError"


@pytest.mark.needs("tinygrad")
def test_the_biases_of_a_new_tinygrad_cell_are_zero(probe):
    """torch's are not: who leaves them out gets no error."""
    assert probe("other_probes:new_tinygrad_biases") == [0.0, 0.0]
