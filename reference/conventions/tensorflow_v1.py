"""`tf.compat.v1.nn.rnn_cell.LSTMCell`: gates i, j, f, o, one matrix for [x, h], a forget bias added at run time.

Source: tf_keras/src/layers/rnn/legacy_cells.py. j is torch's g. `num_proj` is torch's proj_size. A state is
LSTMStateTuple(c, h). `forget_bias` is 1.0 unless given, and is in no variable: a cell that is to hold weights made by
torch is best given 0.0. Here both are done: the amount is torch's second bias, so that nothing is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_parity.reference.conventions import gates
from lstm_parity.reference.conventions.gates import Array, add_forget_bias, make_biases
from lstm_parity.reference.weights import CellWeights

_ORDER = "igfo"


@dataclass(frozen=True, eq=False)
class CellV1:
    """kernel: (I + P, 4H); bias: (4H,); projection: (H, P), or None; forget_bias: what the cell adds by itself."""

    kernel: Array
    bias: Array
    projection: Array | None = None
    forget_bias: float = 0.0


def from_torch(w: CellWeights, added: float = 0.0) -> CellV1:
    """Convert torch's weights for a cell whose `forget_bias` is `added`: the bias is reduced by it."""
    b_ih, b_hh = make_biases(w)
    kernel = np.concatenate([w.w_ih, w.w_hh], 1)
    bias = b_ih + (b_hh - add_forget_bias(added, b_hh))
    projection = None if w.w_hr is None else w.w_hr.T
    return CellV1(gates.from_torch(kernel, _ORDER).T, gates.from_torch(bias, _ORDER), projection, added)


def to_torch(cell: CellV1) -> CellWeights:
    """Convert to torch's weights: the bias becomes b_ih, the forget bias b_hh."""
    output_size = len(cell.bias) // 4 if cell.projection is None else cell.projection.shape[1]
    w_ih, w_hh = np.split(gates.to_torch(cell.kernel.T, _ORDER), [len(cell.kernel) - output_size], 1)
    w_hr = None if cell.projection is None else cell.projection.T
    return CellWeights(
        w_ih, w_hh, gates.to_torch(cell.bias, _ORDER), add_forget_bias(cell.forget_bias, cell.bias), w_hr
    )


def state(h: Any, c: Any) -> tuple[Any, Any]:
    """Return the fields of an LSTMStateTuple."""
    return c, h


def h_and_c(state: Any) -> tuple[Any, Any]:
    """Convert to torch's weights."""
    c, h = state
    return h, c
