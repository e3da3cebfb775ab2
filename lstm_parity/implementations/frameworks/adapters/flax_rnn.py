"""Flax: `linen.RNN` of a `linen.LSTMCell`, and `nnx.RNN` of an `nnx.OptimizedLSTMCell`."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen, nnx

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.frameworks.adapting import Answer, Array, Run, States, stack_layers
from lstm_parity.reference.conventions import flax as convention
from lstm_parity.reference.weights import CellWeights, LSTMWeights


def build(setting: Setting, weights: LSTMWeights) -> Run:
    """`linen.RNN`, one for each layer and direction, the second with `reverse` and `keep_order`."""

    def direction(w: CellWeights, reverse: bool) -> Any:
        return partial(_linen, convention.from_torch(w), units=w.hidden_size, reverse=reverse)

    return _stack(weights, direction)


def build_nnx(setting: Setting, weights: LSTMWeights) -> Run:
    """`nnx.RNN`, the same way."""

    def direction(w: CellWeights, reverse: bool) -> Any:
        cell = _nnx_cell(w)
        return lambda x, carry, lengths: _nnx(cell, x, carry, lengths, reverse=reverse)

    return _stack(weights, direction)


def _nnx_cell(w: CellWeights) -> Any:
    """Return a new `nnx.OptimizedLSTMCell` with these weights; drawing others first would take longer than all else."""
    fused = convention.fused_from_torch(w)
    sizes, dtypes = (w.input_size, w.hidden_size), {"dtype": w.w_ih.dtype, "param_dtype": w.w_ih.dtype}
    cell = nnx.eval_shape(lambda: nnx.OptimizedLSTMCell(*sizes, **dtypes, rngs=nnx.Rngs(0)))
    for parameter, array in (
        (cell.dense_i.kernel, fused.dense_i),
        (cell.dense_h.kernel, fused.dense_h),
        (cell.dense_h.bias, fused.bias),
    ):
        parameter.value = jnp.asarray(array)
    return cell


@partial(jax.jit, static_argnames=("units", "reverse"))
def _linen(parameters: Any, x: Any, carry: Any, lengths: Any, units: int, reverse: bool) -> Any:
    rnn = linen.RNN(linen.LSTMCell(units, dtype=x.dtype, param_dtype=x.dtype), return_carry=True, reverse=reverse)
    given = {"initial_carry": carry, "seq_lengths": lengths, "time_major": True, "keep_order": True}
    return rnn.apply({"params": {"cell": parameters}}, x, **given)


@partial(nnx.jit, static_argnames=("reverse",))
def _nnx(cell: Any, x: Any, carry: Any, lengths: Any, reverse: bool) -> Any:
    rnn = nnx.RNN(cell, time_major=True, return_carry=True, reverse=reverse, keep_order=True)
    return rnn(x, initial_carry=carry, seq_lengths=lengths)


def _stack(weights: LSTMWeights, direction: Any) -> Run:
    return stack_layers([_layer([direction(w, bool(d)) for d, w in enumerate(cells)]) for cells in weights.cells])


def _layer(directions: list[Any]) -> Run:
    def run(x: Array, states: States | None, lengths: Array | None) -> Answer:
        outputs, hs, cs = [], [], []
        for d, one in enumerate(directions):
            carry = None if states is None else convention.state(states[0][d], states[1][d])
            last, output = one(x, carry, lengths)
            h, c = convention.h_and_c(last)
            outputs.append(np.asarray(output))
            hs.append(np.asarray(h))
            cs.append(np.asarray(c))
        return np.concatenate(outputs, -1), np.stack(hs), np.stack(cs)

    return run
