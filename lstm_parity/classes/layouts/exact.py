"""Whether weights, gates in some order, give what a class returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from lstm_parity.identification.expressions.step import GATES
from lstm_parity.reference import torch_lstm
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.numpy_lstm import lstm_forward
from lstm_parity.reference.weights import CellWeights, LSTMWeights

_EXACT = 1e-9


def computes_lstm(
    held: Sequence[Array], projections: Sequence[Array], order: str, results: Mapping[str, Array], directions: int
) -> bool:
    """Whether an LSTM with these weights (gate, unit, source), gates in this order, returns these results.

    projections: (P, H) of each layer and direction; none if it has no projections.
    """
    weights = _join_cells(held, projections, order, directions)
    hx = (results["h_0"], results["c_0"]) if "h_0" in results else None
    if directions == 1 and "output" in results:  # most are refuted by the first step
        first, _ = lstm_forward(results["x"][:1], hx, weights)
        if first.shape[1:] != results["output"].shape[1:] or np.abs(first - results["output"][:1]).max() > _EXACT:
            return False
    output, (h_n, c_n) = lstm_forward(results["x"], hx, weights)
    wanted = {"output": output, "h": h_n, "c": c_n}
    pairs = [(results[name], wanted[name]) for name in wanted if name in results]
    return all(one.shape == other.shape and np.abs(one - other).max() <= _EXACT for one, other in pairs)


def differentiate_lstm(
    held: Sequence[Array], order: str, inputs: Sequence[Tensor], d: Mapping[str, Tensor], directions: int
) -> tuple[list[Tensor], list[CellWeights]]:
    """Return the gradients of inputs (x, h_0, c_0), and of the weights of each layer and direction.

    d: the derivatives of a loss by "output", "h" and "c". Without projections.
    """
    weights = _join_cells(held, (), order, directions).map(lambda w: torch.from_numpy(w.copy()).requires_grad_())
    x, h, c = leaves = [value.clone().requires_grad_() for value in inputs]
    with torch.enable_grad():
        output, (h_n, c_n) = torch_lstm.lstm_forward(x, (h, c), weights)
        pairs = ((output, d["output"]), (h_n, d["h"]), (c_n, d["c"]))
        torch.stack([(one * derivative).sum() for one, derivative in pairs]).sum().backward()  # type: ignore[no-untyped-call]
    return [_read_gradient(leaf) for leaf in leaves], [c.map(_read_gradient) for layer in weights.cells for c in layer]


def _read_gradient(leaf: Tensor) -> Tensor:
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad


def _join_cells(held: Sequence[Array], projections: Sequence[Array], order: str, directions: int) -> LSTMWeights:
    ordered = [whole[[order.index(gate) for gate in GATES]] for whole in held]
    each: Sequence[Array | None] = projections or [None] * len(held)
    cells = [_split(whole, w_hr) for whole, w_hr in zip(ordered, each, strict=True)]
    return LSTMWeights(tuple(tuple(cells[k : k + directions]) for k in range(0, len(cells), directions)))


def _split(whole: Array, w_hr: Array | None) -> CellWeights:
    """The weights of a layer in one direction from (gate, unit, source), the last two sources being the biases."""
    _, hidden, width = whole.shape
    rows = whole.reshape(4 * hidden, width)
    inputs = width - (hidden if w_hr is None else len(w_hr)) - 2
    return CellWeights(rows[:, :inputs], rows[:, inputs:-2], rows[:, -2], rows[:, -1], w_hr)
