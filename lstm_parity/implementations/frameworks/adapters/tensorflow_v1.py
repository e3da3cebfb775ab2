"""`tf.compat.v1.nn.rnn_cell.LSTMCell` with `num_proj`, stepped by hand, its forget bias given as 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.frameworks.adapting import (
    Array,
    Run,
    States,
    join_directions,
    loop_steps,
    stack_layers,
)
from lstm_parity.reference.conventions.tensorflow_v1 import CellV1, from_torch, h_and_c, state
from lstm_parity.reference.weights import CellWeights, LSTMWeights


def build(setting: Setting, weights: LSTMWeights) -> Run:
    """Return a cell for each layer and direction."""
    return stack_layers([join_directions([_run(w) for w in directions]) for directions in weights.cells])


def make_cell(convention: CellV1, input_size: int) -> Any:
    """Return a cell with these variables."""
    units = len(convention.bias) // 4
    num_proj = None if convention.projection is None else convention.projection.shape[1]
    arguments: dict[str, Any] = {"num_proj": num_proj, "forget_bias": convention.forget_bias}
    cell = tf.compat.v1.nn.rnn_cell.LSTMCell(units, dtype=convention.kernel.dtype.name, **arguments)
    cell.build((None, input_size))
    arrays = convention.kernel, convention.bias, convention.projection
    cell.set_weights([array for array in arrays if array is not None])
    return cell


def _run(w: CellWeights) -> Run:
    cell = make_cell(from_torch(w), w.input_size)
    dtype = w.w_ih.dtype

    def step(x: Array, h: Any, c: Any) -> tuple[Any, Any]:
        output, last = cell(tf.constant(x), tf.compat.v1.nn.rnn_cell.LSTMStateTuple(*state(h, c)))
        return output, h_and_c(last)[1]

    def zeros(x: Array) -> States:
        h, c = h_and_c(cell.zero_state(x.shape[1], dtype))
        return h, c

    return loop_steps(step, zeros, np.asarray)
