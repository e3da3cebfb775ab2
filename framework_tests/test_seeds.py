"""The tutorials 000 and 003 with Paddle and Keras themselves: `parity_tests/tutorials` says the same of torch's LSTMs."""

from __future__ import annotations

import pytest

from lstm_parity.parity_tests.tutorials.runs import KERAS, PADDLE, SEQUENTIAL, every_dtype

paddle = pytest.mark.needs("paddlepaddle")
keras = pytest.mark.needs("keras", "tensorflow-cpu")
seeds = pytest.mark.parametrize("seed", range(2))


@paddle
@every_dtype
@seeds
def test_paddle_agrees_on_its_case(probe, dtype, seed):
    """To rounding noise, with the weights copied."""
    assert probe("common:outcome", "paddle", f"{PADDLE}-{dtype}-normal-{seed}")[0] == "PARITY"


@paddle
@seeds
def test_paddle_returns_what_it_prints(probe, seed):
    """`y[:, -1] == h[-1]`, bit for bit; y is batch-major, the states are not."""
    wanted = {"shapes": [[4, 3, 8], [2, 4, 8], [2, 4, 8]], "last": True}

    assert probe("paddle_probes:tutorial", seed) == wanted


@paddle
@pytest.mark.parametrize(("batch", "time"), [(4, 3), (2, 5), (1, 7)])
def test_paddle_counts_1088_parameters_whatever_the_batch(probe, batch, time):
    """The tutorial's explanation by batch and words is a coincidence."""
    assert probe("paddle_probes:parameters", batch, time) == 1088


@keras
@every_dtype
@pytest.mark.parametrize(
    ("subject", "words"), [("cell", KERAS), ("lstm", KERAS), ("lstm", SEQUENTIAL)], ids=["loop", "layer", "two layers"]
)
def test_keras_agrees_on_its_case(probe, subject, words, dtype):
    """The cell stepped 80 times by hand, the layer, and two layers."""
    assert probe("common:outcome", f"keras-tensorflow-{subject}", f"{words}-{dtype}-normal-1")[0] == "PARITY"


@keras
def test_keras_returns_what_it_prints(probe):
    """The last of the sequence is the single output bit for bit; a Sequential of two is a stack of two."""
    told = probe("keras_probes:tutorial")

    assert told | {"off": told["off"] < 1e-6} == {
        "shapes": [[2, 80, 64], [2, 64]],
        "last": True,
        "steps": 80,
        "off": True,
    }


@keras
def test_the_output_of_a_cell_is_its_first_state(probe):
    """One object in eager mode, not its second; two objects where a tf.function returns them."""
    assert probe("keras_probes:identity") == [True, False, False]


@keras
def test_keras_counts_480_parameters(probe):
    """One bias, where torch has two and 512."""
    assert probe("keras_probes:count") == 480
