"""`jax.experimental.rnn.lstm_ref`: layers, directions and lengths are its own."""

from __future__ import annotations

import jax
import numpy as np
from jax.experimental import rnn

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.frameworks.adapting import Answer, Array, Run, States
from lstm_parity.reference.conventions.jax_rnn import from_torch
from lstm_parity.reference.weights import LSTMWeights

_SIZES = ("input_size", "hidden_size", "num_layers", "dropout", "bidirectional")
lstm_ref = jax.jit(rnn.lstm_ref, static_argnames=_SIZES)


def build(setting: Setting, weights: LSTMWeights) -> Run:
    """Return a call of `lstm_ref`, compiled; it is given zeros where no states are, and lengths always."""
    a, four = setting.architecture, from_torch(weights)
    sizes = {name: getattr(a, name) for name in _SIZES if name != "dropout"}

    def run(x: Array, states: States | None, lengths: Array | None) -> Answer:
        h_0, c_0 = states or (np.zeros((a.num_layers * a.num_directions, x.shape[1], a.hidden_size), x.dtype),) * 2
        ends = np.full(x.shape[1], len(x), np.int32) if lengths is None else lengths
        arrays = four.W_ih, four.W_hh, four.b_ih, four.b_hh, ends
        output, h_n, c_n = lstm_ref(x.swapaxes(0, 1), h_0, c_0, *arrays, dropout=0.0, **sizes)
        return np.asarray(output).swapaxes(0, 1), h_n, c_n

    return run
