"""Haiku's `LSTM`, a core that is stepped by hand; the 1 that it adds to its forget gate is taken off the bias."""

from __future__ import annotations

from functools import partial
from typing import Any

import haiku
import jax
import numpy as np

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.frameworks.adapting import (
    Array,
    Run,
    States,
    join_directions,
    loop_steps,
    stack_layers,
)
from lstm_parity.reference.conventions.haiku import from_torch
from lstm_parity.reference.weights import CellWeights, LSTMWeights


def build(setting: Setting, weights: LSTMWeights) -> Run:
    """Return a core for each layer and direction."""
    return stack_layers([join_directions([_run(w) for w in directions]) for directions in weights.cells])


@partial(jax.jit, static_argnames=("units",))
def run_step(parameters: Any, x: Any, h: Any, c: Any, units: int) -> Any:
    """One step of a core with these parameters: h and c."""
    core = haiku.without_apply_rng(haiku.transform(lambda x, state: haiku.LSTM(units)(x, state)))
    _, state = core.apply({"lstm/linear": parameters}, x, haiku.LSTMState(h, c))
    return state.hidden, state.cell


def _run(w: CellWeights) -> Run:
    layer = from_torch(w)
    parameters = {"w": layer.w, "b": layer.b}

    def zeros(x: Array) -> States:
        nothing: Array = np.zeros((x.shape[1], w.hidden_size), x.dtype)  # (its own are float32)
        return nothing, nothing

    return loop_steps(lambda x, h, c: run_step(parameters, x, h, c, units=w.hidden_size), zeros)
