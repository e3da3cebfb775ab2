"""Equinox's `nn.LSTMCell`, vmapped over rows and stepped by hand."""

from __future__ import annotations

from typing import Any

import equinox
import jax
import jax.numpy as jnp

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.frameworks.adapting import Run, join_directions, loop_steps, stack_layers
from lstm_parity.reference.conventions.equinox import from_torch
from lstm_parity.reference.weights import CellWeights, LSTMWeights


def build(setting: Setting, weights: LSTMWeights) -> Run:
    """Return a cell for each layer and direction."""
    return stack_layers([join_directions([_run(w) for w in directions]) for directions in weights.cells])


def make_cell(w: CellWeights) -> Any:
    """Return a cell with these weights; drawing others first would take longer than all else."""
    layer = from_torch(w)
    arguments: dict[str, Any] = {"use_bias": layer.bias is not None, "dtype": w.w_ih.dtype, "key": jax.random.key(0)}
    cell = equinox.filter_eval_shape(equinox.nn.LSTMCell, w.input_size, w.hidden_size, **arguments)
    names = ["weight_ih", "weight_hh", *(["bias"] if layer.bias is not None else [])]
    arrays = [jnp.asarray(getattr(layer, name)) for name in names]
    return equinox.tree_at(lambda c: [getattr(c, name) for name in names], cell, arrays)


_step: Any = equinox.filter_jit(lambda cell, x, h, c: jax.vmap(cell)(x, (h, c)))


def _run(w: CellWeights) -> Run:
    cell = make_cell(w)
    return loop_steps(
        lambda x, h, c: _step(cell, x, h, c), lambda x: (jnp.zeros((x.shape[1], w.hidden_size), x.dtype),) * 2
    )
