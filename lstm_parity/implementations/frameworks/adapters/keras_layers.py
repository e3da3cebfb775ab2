"""Keras 3's `LSTM`, `LSTMCell` and `Bidirectional`, on the backend that KERAS_BACKEND names."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.frameworks.adapting import (
    Answer,
    Array,
    Run,
    States,
    join_directions,
    loop_steps,
    stack_layers,
)
from lstm_parity.reference.conventions.keras import from_torch
from lstm_parity.reference.weights import CellWeights, LSTMWeights

_PLAIN = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}  # drawing what is overwritten takes time


def build(setting: Setting, weights: LSTMWeights) -> Run:
    """Return an `LSTM` for each layer and direction; the reverse one has `go_backwards`."""
    return stack_layers([_layer(setting, directions) for directions in weights.cells])


def build_bidirectional(setting: Setting, weights: LSTMWeights) -> Run:
    """Return a `Bidirectional` of an `LSTM` for each layer."""
    return stack_layers([_bidirectional(setting, directions) for directions in weights.cells])


def build_cell(setting: Setting, weights: LSTMWeights) -> Run:
    """Return an `LSTMCell` for each layer and direction, stepped by hand."""
    return stack_layers([join_directions([_cell(setting, w) for w in directions]) for directions in weights.cells])


def _make_lstm(setting: Setting, w: CellWeights, **arguments: Any) -> Any:
    """Return a layer with these weights that returns all outputs and its states."""
    a = setting.architecture
    layer = keras.layers.LSTM(
        a.hidden_size,
        return_sequences=True,
        return_state=True,
        use_bias=a.bias,
        dtype=setting.runtime.dtype,
        **_PLAIN,
        **arguments,
    )
    layer.build((None, None, w.input_size))
    layer.set_weights(from_torch(w).arrays)
    return layer


def _make_bidirectional(setting: Setting, directions: tuple[CellWeights, ...]) -> Any:
    """Return a layer of both directions with these weights."""
    layer = keras.layers.Bidirectional(_make_lstm(setting, directions[0]), dtype=setting.runtime.dtype)
    layer.build((None, None, directions[0].input_size))
    layer.set_weights([array for w in directions for array in from_torch(w).arrays])
    return layer


def make_cell(setting: Setting, w: CellWeights) -> Any:
    """Return a cell with these weights."""
    a = setting.architecture
    made = keras.layers.LSTMCell(a.hidden_size, use_bias=a.bias, dtype=setting.runtime.dtype, **_PLAIN)
    made.build((None, w.input_size))
    made.set_weights(from_torch(w).arrays)
    return made


def _to_tensor(values: Array) -> Any:
    """Convert an array to a backend's tensor of its dtype: if none is given, float64 becomes Keras's own float32."""
    return keras.ops.convert_to_tensor(values, dtype=values.dtype.name)


def _to_array(value: Any) -> Array:
    """Return a backend's tensor as an array."""
    return np.asarray(keras.ops.convert_to_numpy(value))


def _call_layer(layer: Any, x: Array, states: list[Array] | None, lengths: Array | None) -> list[Array]:
    """Return the outputs (B, T, .) and the states of x (T, B, I) and states [h, c], each direction by itself."""
    given = None if states is None else [_to_tensor(state) for state in states]
    mask = None if lengths is None else keras.ops.convert_to_tensor(np.arange(len(x)) < lengths[:, None])
    x = np.ascontiguousarray(x.swapaxes(0, 1))
    return [_to_array(value) for value in layer(_to_tensor(x), initial_state=given, mask=mask)]


def _layer(setting: Setting, directions: tuple[CellWeights, ...]) -> Run:
    layers = [_make_lstm(setting, w, go_backwards=bool(d)) for d, w in enumerate(directions)]

    def run(x: Array, states: States | None, lengths: Array | None) -> Answer:
        outputs, hs, cs = [], [], []
        for d, layer in enumerate(layers):
            state = None if states is None else [states[0][d], states[1][d]]
            output, h, c = _call_layer(layer, x, state, lengths)
            output = output.swapaxes(0, 1)
            outputs.append(output[::-1] if d else output)
            hs.append(h)
            cs.append(c)
        return np.concatenate(outputs, -1), np.stack(hs), np.stack(cs)

    return run


def _bidirectional(setting: Setting, directions: tuple[CellWeights, ...]) -> Run:
    layer = _make_bidirectional(setting, directions)

    def run(x: Array, states: States | None, lengths: Array | None) -> Answer:
        given = None if states is None else [state[d] for d in range(2) for state in states]
        output, *lasts = _call_layer(layer, x, given, lengths)
        return output.swapaxes(0, 1), np.stack(lasts[::2]), np.stack(lasts[1::2])

    return run


def _cell(setting: Setting, w: CellWeights) -> Run:
    made = make_cell(setting, w)

    def step(x: Array, h: Any, c: Any) -> tuple[Any, Any]:
        _, (h, c) = made(_to_tensor(x), [h, c])
        return h, c

    def zeros(x: Array) -> States:
        h, c = made.get_initial_state(batch_size=x.shape[1])
        return h, c

    run = loop_steps(step, zeros, _to_array)
    return lambda x, states, lengths: run(
        x, None if states is None else (_to_tensor(states[0]), _to_tensor(states[1])), None
    )
