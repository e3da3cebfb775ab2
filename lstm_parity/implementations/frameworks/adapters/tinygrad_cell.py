"""tinygrad's `nn.LSTMCell`, stepped by hand, on the device that DEV names."""

from __future__ import annotations

from typing import Any

import numpy as np
from tinygrad import Tensor
from tinygrad.nn import LSTMCell

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.frameworks.adapting import (
    Array,
    Run,
    States,
    join_directions,
    loop_steps,
    stack_layers,
)
from lstm_parity.reference.conventions.torch_like import cell_from_torch
from lstm_parity.reference.weights import CellWeights, LSTMWeights


def build(setting: Setting, weights: LSTMWeights) -> Run:
    """Return a cell for each layer and direction."""
    return stack_layers([join_directions([_run(w) for w in directions]) for directions in weights.cells])


def _make_cell(w: CellWeights) -> Any:
    """Return a cell with these weights."""
    cell = LSTMCell(w.input_size, w.hidden_size, bias=w.b_ih is not None)
    for name, array in cell_from_torch(w).items():
        setattr(cell, name, Tensor(np.ascontiguousarray(array)))
    return cell


def _run(w: CellWeights) -> Run:
    cell = _make_cell(w)

    def step(x: Array, h: Any, c: Any) -> tuple[Any, Any]:
        h, c = cell(Tensor(np.ascontiguousarray(x)), (Tensor(h), Tensor(c)))
        return h.numpy(), c.numpy()

    def zeros(x: Array) -> States:
        nothing: Array = np.zeros((x.shape[1], w.hidden_size), x.dtype)
        return nothing, nothing

    return loop_steps(step, zeros)
