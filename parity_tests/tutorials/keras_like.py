"""The third tutorial's LSTMCell and LSTM in NumPy; their weights are those of `reference/conventions/keras.py`.

Source: keras/src/layers/rnn/lstm.py. States are a list [h, c].
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstm_parity.reference.conventions.keras import KerasLayer, fresh_bias, from_torch
from lstm_parity.reference.weights import CellWeights, to_numpy

Array = NDArray[Any]
State = tuple[Tensor, Tensor]


def carried(w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> KerasLayer:
    """torch's weights in Keras's convention."""
    return from_torch(CellWeights(*map(to_numpy, (w_ih, w_hh, b_ih, b_hh))))


def keras_cell(x: Array, states: list[Array], weights: KerasLayer) -> tuple[Array, list[Array]]:
    """`LSTMCell`: x (B, I) and [h, c], each (B, H), give h and [h, c]; output and first state are one object."""
    return _step(x @ weights.kernel + weights.bias, states, weights)


def keras_layer(
    x: Array, states: list[Array], weights: KerasLayer, *, return_sequences: bool = False
) -> tuple[Array, list[Array]]:
    """`LSTM` with return_state: x (B, T, I) gives the last h, or all (B, T, H) with return_sequences, and [h, c]."""
    from_input = x @ weights.kernel + weights.bias
    outputs = []
    for t in range(x.shape[1]):
        output, states = _step(from_input[:, t], states, weights)
        outputs.append(output)
    return np.stack(outputs, 1) if return_sequences else output, states


def _step(from_input: Array, states: list[Array], weights: KerasLayer) -> tuple[Array, list[Array]]:
    h, c = states
    i, f, g, o = np.split(from_input + h @ weights.recurrent_kernel, 4, axis=-1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    h = _sigmoid(o) * np.tanh(c)
    return h, [h, c]


def _sigmoid(z: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-z)))


def layer(input: Tensor, state: State, *weights: Tensor) -> Any:
    """`keras_layer` as a layer that `FromLayer` takes, torch's weights carried across."""
    return _as_layer(input, state, carried(*weights))


def layer_with_forget_bias_left_at_1(input: Tensor, state: State, *weights: Tensor) -> Any:
    """The same with torch's biases added to what the bias was at start, in place of overwriting it."""
    k = carried(*weights)
    return _as_layer(input, state, KerasLayer(k.kernel, k.recurrent_kernel, k.bias + fresh_bias(k.bias)))


def layer_with_one_of_two_biases(input: Tensor, state: State, *weights: Tensor) -> Any:
    """The same with b_ih alone in the only bias there is."""
    k = carried(*weights)
    return _as_layer(input, state, KerasLayer(k.kernel, k.recurrent_kernel, to_numpy(weights[2])))


def _as_layer(input: Tensor, state: State, weights: KerasLayer) -> Any:
    output, last = keras_layer(to_numpy(input), list(map(to_numpy, state)), weights, return_sequences=True)
    return torch.from_numpy(output), tuple(map(torch.from_numpy, last))


def cell(x: Tensor, state: State, weights: CellWeights) -> Any:
    """`keras_cell` as a cell that `FromCell` takes, torch's weights carried across."""
    _, (h, c) = keras_cell(to_numpy(x), list(map(to_numpy, state)), carried(*(w for _, w in weights.items())))
    return torch.from_numpy(h), torch.from_numpy(c)
