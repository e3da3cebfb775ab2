"""The other frameworks live; each function imports its own."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from framework_tests.common import built, on_padding


def onnxruntime_in_float64() -> list[int]:
    """Run its LSTM on doubles."""
    from parity.implementations.frameworks.onnx_lstm import build

    run, _, x, states = built(build, "I5-H7-T4-B3-float64")
    return list(run(x, states, None)[0].shape)


def activations_of_v1_keras() -> str:
    """What `compat.v1.keras.layers.LSTM` has for a sigmoid."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf

    return str(tf.compat.v1.keras.layers.LSTM(8).get_config()["recurrent_activation"])


def forget_bias_of_v1(given: float, taken_off: float) -> float:
    """How far a v1 cell is off that adds one amount, with weights from which another was taken off."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf

    from parity.implementations.frameworks.tensorflow_v1 import build, made
    from reference.conventions.tensorflow_v1 import CellV1, from_torch

    run, weights, x, (h, c) = built(build, "I5-H7-T1-B3-float32")
    there = from_torch(weights.cells[0][0], taken_off)
    cell = made(CellV1(there.kernel, there.bias, None, given), 5)
    output, _ = cell(tf.constant(x[0]), tf.compat.v1.nn.rnn_cell.LSTMStateTuple(c[0], h[0]))
    return float(np.abs(output.numpy() - run(x, (h, c), None)[0][0]).max())


def flax_on_padding() -> float:
    """The largest number beyond the end of a row."""
    from parity.implementations.frameworks.flax_rnn import build

    return on_padding(build)


def lstm_ref_on_padding() -> float:
    """The same of lstm_ref."""
    from parity.implementations.frameworks.jax_rnn import build

    return on_padding(build)


def jax_lstm() -> None:
    """JAX's other LSTM, on the CPU."""
    import jax
    from jax.experimental import rnn

    weights = rnn.init_lstm_weight(jax.random.key(0), 5, 7, 1, False)
    x, zeros, lengths = np.ones((3, 4, 5), np.float32), np.zeros((1, 3, 7), np.float32), np.full(3, 4, np.int32)
    rnn.lstm(x, zeros, zeros, weights, lengths, 5, 7, 1, 0.0, False)


def opacus_with_projection() -> Any:
    """Construct a DPLSTM with proj_size."""
    from opacus.layers import DPLSTM

    return str(DPLSTM(5, 7, proj_size=3))


def new_tinygrad_biases() -> list[float]:
    """The largest of each bias of a new cell."""
    os.environ["DEV"] = "PYTHON"
    from tinygrad.nn import LSTMCell

    cell = LSTMCell(5, 7)
    return [float(np.abs(bias.numpy()).max()) for bias in (cell.bias_ih, cell.bias_hh)]
