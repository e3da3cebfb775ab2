"""MLX's `nn.LSTM`: one layer, one direction; it returns the h and the c of every step."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.frameworks.adapting import Answer, Array, Run, States, join_directions, stack_layers
from lstm_parity.reference.conventions.equinox import from_torch
from lstm_parity.reference.weights import CellWeights, LSTMWeights

mx.set_default_device(mx.cpu)


def build(setting: Setting, weights: LSTMWeights) -> Run:
    """Return a module for each layer and direction."""
    return stack_layers([join_directions([_run(w) for w in directions]) for directions in weights.cells])


def _make_lstm(w: CellWeights) -> Any:
    """Return a module with these weights."""
    layer = from_torch(w)
    module = nn.LSTM(w.input_size, w.hidden_size, bias=layer.bias is not None)
    module.Wx, module.Wh = _to_array(layer.weight_ih), _to_array(layer.weight_hh)
    if layer.bias is not None:
        module.bias = _to_array(layer.bias)
    return module


def _to_array(values: Array) -> Any:
    """Return an array of MLX of the same dtype: float64 is kept only on request."""
    return mx.array(np.ascontiguousarray(values), dtype=getattr(mx, values.dtype.name))


def _run(w: CellWeights) -> Run:
    module = _make_lstm(w)

    def run(x: Array, states: States | None, lengths: Array | None) -> Answer:
        given = {} if states is None else {"hidden": _to_array(states[0]), "cell": _to_array(states[1])}
        hs, cs = (np.array(values).swapaxes(0, 1) for values in module(_to_array(x.swapaxes(0, 1)), **given))
        return hs, hs[-1], cs[-1]

    return run
