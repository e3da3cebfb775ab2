"""Whether weights, gates in some order, give what a class returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstm_parity.identification.expressions.step import GATES
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.numpy_lstm import lstm_forward
from lstm_parity.reference.weights import CellWeights, LSTMWeights

_EXACT = 1e-9


def computes_lstm(held: Sequence[Array], order: str, results: Mapping[str, Array], directions: int) -> bool:
    """Whether an LSTM with these weights (gate, unit, source), gates in this order, returns these results."""
    cells = [_split(whole[[order.index(gate) for gate in GATES]]) for whole in held]
    layers = tuple(tuple(cells[k : k + directions]) for k in range(0, len(cells), directions))
    hx = (results["h_0"], results["c_0"]) if "h_0" in results else None
    output, (h_n, c_n) = lstm_forward(results["x"], hx, LSTMWeights(layers))
    wanted = {"output": output, "h": h_n, "c": c_n}
    pairs = [(results[name], wanted[name]) for name in wanted if name in results]
    return all(one.shape == other.shape and np.abs(one - other).max() <= _EXACT for one, other in pairs)


def _split(whole: Array) -> CellWeights:
    """The weights of a layer in one direction from (gate, unit, source), the last two sources being the biases."""
    _, hidden, width = whole.shape
    rows = whole.reshape(4 * hidden, width)
    inputs = width - hidden - 2
    return CellWeights(rows[:, :inputs], rows[:, inputs:-2], rows[:, -2], rows[:, -1])
