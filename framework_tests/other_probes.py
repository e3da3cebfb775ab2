"""The other frameworks live; each function imports its own."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from framework_tests.common import built, on_padding
from lstm_parity.cases.case import parse_case


def onnxruntime_in_float64() -> list[int]:
    """Run its LSTM on doubles."""
    from lstm_parity.implementations.frameworks.adapters.onnx_lstm import build

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

    from lstm_parity.implementations.frameworks.adapters.tensorflow_v1 import build, make_cell
    from lstm_parity.reference.conventions.tensorflow_v1 import CellV1, from_torch

    run, weights, x, (h, c) = built(build, "I5-H7-T1-B3-float32")
    there = from_torch(weights.cells[0][0], taken_off)
    cell = make_cell(CellV1(there.kernel, there.bias, None, given), 5)
    output, _ = cell(tf.constant(x[0]), tf.compat.v1.nn.rnn_cell.LSTMStateTuple(c[0], h[0]))
    return float(np.abs(output.numpy() - run(x, (h, c), None)[0][0]).max())


def onnx_reference_with(**attribute: Any) -> float:
    """How far `onnx.reference` is off itself where its node has an attribute more."""
    from lstm_parity.implementations.frameworks import onnx_lstm
    from lstm_parity.reference.conventions.onnx import from_torch

    _, weights, x, _ = built(onnx_lstm.build_reference, "I5-H7-T4-B3-float32")
    plain = onnx_lstm.make_model([from_torch(weights.cells[0])], "float32", False, False)
    other = onnx_lstm.make_model([from_torch(weights.cells[0])], "float32", False, False)
    other.graph.node[0].attribute.extend(onnx_lstm.helper.make_attribute(*item) for item in attribute.items())
    answers = [onnx_lstm.reference_session(model)({"X": x})[0] for model in (plain, other)]
    return float(np.abs(answers[0] - answers[1]).max())


def clipped() -> float:
    """The same with a clip that no preactivation is within."""
    return onnx_reference_with(clip=1e-3)


def coupled() -> float:
    """The same with its forget gate coupled to its input gate."""
    return onnx_reference_with(input_forget=1)


def haiku_given(taken_off: float) -> float:
    """How far a core is off with weights from whose forget bias an amount was taken off, where its convention does."""
    from lstm_parity.implementations.frameworks.adapters.haiku_core import build, run_step
    from lstm_parity.reference.conventions.haiku import from_torch

    run, weights, x, (h, c) = built(build, "I5-H7-T1-B3-float32")
    layer = from_torch(weights.cells[0][0])
    bias = layer.b.copy()
    bias[14:21] += 1.0 - taken_off  # the gates are i, g, f, o
    found, _ = run_step({"w": layer.w, "b": bias}, x[0], h[0], c[0], units=7)
    return float(np.abs(np.asarray(found) - run(x, (h, c), None)[0][0]).max())


def flax_with_carry_of_torch() -> float:
    """How far Flax is off that is given (h, c) where it has (c, h)."""
    from lstm_parity.implementations.frameworks.adapters.flax_rnn import build

    run, _, x, (h, c) = built(build, "I5-H7-T4-B3-float32")
    return float(np.abs(run(x, (c, h), None)[0] - run(x, (h, c), None)[0]).max())


def equinox_with_rows() -> Any:
    """Call a cell on rows, without vmap."""
    import jax.numpy as jnp

    from lstm_parity.implementations.frameworks.adapters.equinox_cell import make_cell

    weights = parse_case("I5-H7-T4-B3-float32-normal-1").weights.cells[0][0].map(lambda w: w.astype(np.float32))
    h, _ = make_cell(weights)(jnp.ones((3, 5)), (jnp.zeros((3, 7)), jnp.zeros((3, 7))))
    return list(h.shape)


def mlx_shapes() -> list[list[int]]:
    """The shapes of what MLX's LSTM returns for 3 rows of 4 steps."""
    import mlx.core as mx
    from mlx import nn

    return [list(values.shape) for values in nn.LSTM(5, 7)(mx.ones((3, 4, 5)))]


def flax_on_padding() -> float:
    """The largest number beyond the end of a row."""
    from lstm_parity.implementations.frameworks.adapters.flax_rnn import build

    return on_padding(build)


def lstm_ref_on_padding() -> float:
    """The same of lstm_ref."""
    from lstm_parity.implementations.frameworks.adapters.jax_rnn import build

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
