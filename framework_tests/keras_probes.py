"""Keras live, on TensorFlow."""

from __future__ import annotations

import os
from typing import Any

os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}

import keras
import numpy as np
import tensorflow as tf

from framework_tests.common import PADDED, built, on_padding
from lstm_parity.cases.case import parse_case
from lstm_parity.implementations.frameworks.adapters import keras_layers
from lstm_parity.reference.conventions.keras import fresh_bias, from_torch
from lstm_parity.reference.weights import CellWeights


def padding(build: str) -> float:
    """The largest number beyond the end of a row."""
    return on_padding(
        getattr(keras_layers, build), "I6-H8-bi-T5-B4-float32" if build != "build" else "I6-H8-T5-B4-float32"
    )


def repeated() -> bool:
    """Whether an `LSTM` repeats a row's last output beyond its end."""
    run, _, x, states = built(keras_layers.build, "I6-H8-T5-B4-float32")
    output = run(x, states, PADDED)[0]
    return bool(np.array_equal(output[-1], output[PADDED - 1, np.arange(4)]))


def zeroed() -> float:
    """The largest number beyond the end of a row of an `RNN` that is told to return zeros there."""
    some = parse_case("I6-H8-T5-B4-float32-normal-1")
    layer = keras.layers.RNN(_cell("I6-H8-T5-B4-float32"), return_sequences=True, zero_output_for_mask=True)
    output = layer(tf.constant(some.input.swapaxes(0, 1).astype("float32")), mask=np.arange(5) < PADDED[:, None])
    return float(np.abs(output.numpy()[np.arange(5) >= PADDED[:, None]]).max())


def _cell(words: str) -> Any:
    some = parse_case(f"{words}-normal-1")
    return keras_layers.make_cell(some.setting, some.weights.cells[0][0].map(lambda w: w.astype("float32")))


def backwards() -> list[bool]:
    """Whether a layer with `go_backwards` returns its last step first, and whether it does so as time goes."""
    some = parse_case("I6-H8-T5-B4-float32-normal-1")
    w = some.weights.cells[0][0].map(lambda w: w.astype("float32"))
    batch = some.input.swapaxes(0, 1).astype("float32")
    turned = _layer(w, return_sequences=True)(tf.constant(batch[:, ::-1])).numpy()
    output = _layer(w, return_sequences=True, go_backwards=True)(tf.constant(batch)).numpy()
    return [bool(np.abs(output - turned).max() < 1e-6), bool(np.abs(output - turned[:, ::-1]).max() < 1e-6)]


def new_bias() -> bool:
    """Whether a new layer's bias is what the convention says: 1 for the forget gate."""
    layer = keras.layers.LSTM(8)
    layer.build((None, None, 6))
    return bool(np.array_equal(layer.get_weights()[2], fresh_bias(np.zeros(32, np.float32))))


def count() -> int:
    """The parameters of 8 units that read 6 numbers."""
    layer = keras.layers.LSTM(8)
    layer.build((None, None, 6))
    return int(layer.count_params())


def identity() -> list[bool]:
    """Whether a cell's output is its first state, its second, and its first if a tf.function returns both."""
    cell = _cell("I100-H64-T80-B2-float32")
    x, states = tf.ones((2, 100)), [tf.zeros((2, 64)), tf.zeros((2, 64))]
    output, last = cell(x, states)
    compiled, later = tf.function(lambda: cell(x, states))()
    return [output is last[0], output is last[1], compiled is later[0]]


def tutorial() -> dict[str, Any]:
    """The seed 003: shapes, the last of a sequence, and two layers in a Sequential against a stack."""
    run, weights, x, _ = built(keras_layers.build, "I100-H64-L2-bf-T80-B2-nostates-float32")
    batch = tf.constant(np.ascontiguousarray(x.swapaxes(0, 1)))
    first, second = (cells[0] for cells in weights.cells)
    whole, single = (_layer(first, return_sequences=sequences)(batch).numpy() for sequences in (True, False))
    pair = keras.Sequential([_layer(first, return_sequences=True), _layer(second)])
    off = np.abs(pair(batch).numpy() - run(x, None, None)[0][-1]).max()
    same = bool(np.array_equal(whole[:, -1], single))
    return {
        "shapes": [list(whole.shape), list(single.shape)],
        "last": same,
        "steps": len(tf.unstack(batch, axis=1)),
        "off": float(off),
    }


def _layer(w: CellWeights, **arguments: Any) -> Any:
    layer = keras.layers.LSTM(w.hidden_size, **arguments)
    layer.build((None, None, w.input_size))
    layer.set_weights(from_torch(w).arrays)
    return layer
