"""What stands in the place of results that a class does not return, and of sizes that it does not have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lstm_parity.reference.torch_lstm import lstm_cell
from lstm_parity.reference.weights import CellWeights


def pick_last(halves: Sequence[Tensor], lengths: Tensor | None) -> Tensor:
    """Return h_n (D, B, P) from the outputs (T, B, P) of each direction of one layer."""
    if lengths is None:
        return torch.stack([half[0 if k else -1] for k, half in enumerate(halves)])
    ends, rows = (lengths - 1).to(halves[0].device), torch.arange(len(lengths), device=halves[0].device)
    return torch.stack([half[0] if k else half[ends, rows] for k, half in enumerate(halves)])


def carry_cells(
    cells: Sequence[CellWeights],
    x: Tensor,
    halves: Sequence[Tensor],
    states: tuple[Tensor, Tensor],
    lengths: Tensor | None,
) -> Tensor:
    """Return c_n (D, B, H) of one layer, from the h that the class returned for every step."""
    found = []
    for k, (cell, half) in enumerate(zip(cells, halves, strict=True)):
        h_0, c_0 = states[0][k], states[1][k]
        if lengths is None:
            found.append(_carry_cell(cell, x, half, h_0, c_0, reverse=bool(k)))
            continue
        rows = [
            _carry_cell(cell, x[:n, r, None], half[:n, r, None], h_0[r, None], c_0[r, None], reverse=bool(k))
            for r, n in enumerate(lengths.tolist())
        ]
        found.append(torch.cat(rows))
    return torch.stack(found)


def _carry_cell(cell: CellWeights, x: Tensor, outputs: Tensor, h_0: Tensor, c_0: Tensor, *, reverse: bool) -> Tensor:
    """The last c of one layer in one direction, from the h that the class returned for every step."""
    wide = torch.float64 if x.dtype == torch.float64 else torch.float32
    weights, h, c = cell.map(lambda w: w.to(wide)), h_0.to(wide), c_0.to(wide)
    for t in range(len(x) - 1, -1, -1) if reverse else range(len(x)):
        _, c = lstm_cell(x[t].to(wide), (h, c), weights)
        h = outputs[t].to(wide)
    return c.to(x.dtype)


def pad_sizes(cells: Sequence[CellWeights], x: Tensor) -> tuple[list[CellWeights], Tensor]:
    """Make the sizes of input and hidden state one: what is added is zero, and stays so."""
    (cell,) = cells
    inputs, hidden = cell.input_size, cell.hidden_size
    size = max(inputs, hidden)

    def pad(value: Any, columns: int) -> Any:
        by_gate = value.reshape(4, hidden, -1)
        whole = nn.functional.pad(by_gate, (0, columns - by_gate.shape[-1], 0, size - hidden))
        return whole.reshape(4 * size, -1)

    biases = [None if bias is None else pad(bias, 1)[:, 0] for bias in (cell.b_ih, cell.b_hh)]
    padded = CellWeights(pad(cell.w_ih, size), pad(cell.w_hh, size), *biases)
    return [padded], nn.functional.pad(x, (0, size - inputs))
