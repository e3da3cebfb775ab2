"""Paddle's `nn.LSTM`: layers, directions, projection and lengths are its own; weights are written cell by cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.frameworks.adapting import Answer, Array, Run, States
from lstm_parity.reference.conventions import paddle as convention
from lstm_parity.reference.sequences import time_major
from lstm_parity.reference.weights import LSTMWeights


def build(setting: Setting, weights: LSTMWeights) -> Run:
    """Return a new `nn.LSTM`, batch-major where the setting is."""
    module, batch_first = make_lstm(setting, weights), setting.architecture.batch_first

    def run(x: Array, states: States | None, lengths: Array | None) -> Answer:
        given = paddle.to_tensor(np.ascontiguousarray(time_major(x, batch_first)))
        initial = None if states is None else tuple(map(paddle.to_tensor, states))
        some = None if lengths is None else paddle.to_tensor(lengths)
        with paddle.no_grad():
            output, (h, c) = module(given, initial, some)
        return time_major(output.numpy(), batch_first), h.numpy(), c.numpy()

    return run


def make_lstm(setting: Setting, weights: LSTMWeights) -> Any:
    """Return the module, in eval mode."""
    a = setting.architecture
    paddle.set_default_dtype(setting.runtime.dtype)
    direction = "bidirect" if a.bidirectional else "forward"
    sizes: dict[str, Any] = {"direction": direction, "time_major": not a.batch_first, "proj_size": a.proj_size}
    module = paddle.nn.LSTM(a.input_size, a.hidden_size, a.num_layers, **sizes)
    module.eval()
    for layer, directions in zip(module, weights.cells, strict=True):
        own = (layer.cell_fw, layer.cell_bw) if a.bidirectional else (layer.cell,)
        for cell, w in zip(own, directions, strict=True):
            for parameter, array in zip(cell.parameters(), convention.from_torch(w).arrays, strict=True):
                parameter.set_value(np.ascontiguousarray(array))
    return module
