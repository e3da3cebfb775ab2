"""What stands in the place of results that a class does not return, and of sizes that it does not have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lstm_parity.reference.torch_lstm import lstm_cell, lstm_forward
from lstm_parity.reference.weights import CellWeights, LSTMWeights


def compute_states(
    weights: LSTMWeights,
    x: Tensor,
    halves: Sequence[Tensor],
    states: tuple[Tensor, Tensor],
    lengths: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Return h_n (L*D, B, P) and c_n (L*D, B, H) that belong to an output, in halves (T, B, P) for each direction.

    Those of the last layer are of the output; those of the layers below it, which no result shows, are right ones.
    """
    count = (weights.num_layers - 1) * weights.num_directions
    above = states[0][count:], states[1][count:]
    below = list[tuple[Tensor, Tensor]]()
    if count:
        wide = _widen(x.dtype)
        lower = LSTMWeights(weights.cells[:-1]).map(lambda w: w.to(wide))
        first = states[0][:count].to(wide), states[1][:count].to(wide)
        given = None if lengths is None else lengths.tolist()
        moved, last = lstm_forward(x.to(wide), first, lower, lengths=given)
        below, x = [(last[0].to(x.dtype), last[1].to(x.dtype))], moved
    below.append((_pick_last(halves, lengths), _carry_cells(weights.cells[-1], x, halves, above, lengths)))
    h_n, c_n = (torch.cat(parts) for parts in zip(*below, strict=True))
    return h_n, c_n


def _widen(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype == torch.float64 else torch.float32


def _pick_last(halves: Sequence[Tensor], lengths: Tensor | None) -> Tensor:
    """Return h_n (D, B, P) from the outputs (T, B, P) of each direction of one layer."""
    if lengths is None:
        return torch.stack([half[0 if k else -1] for k, half in enumerate(halves)])
    ends, rows = (lengths - 1).to(halves[0].device), torch.arange(len(lengths), device=halves[0].device)
    return torch.stack([half[0] if k else half[ends, rows] for k, half in enumerate(halves)])


def _carry_cells(
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
    wide = _widen(x.dtype)
    weights, h, c = cell.map(lambda w: w.to(wide)), h_0.to(wide), c_0.to(wide)
    for t in range(len(x) - 1, -1, -1) if reverse else range(len(x)):
        _, c = lstm_cell(x[t].to(wide), (h, c), weights)
        h = outputs[t].to(wide)
    return c.to(outputs.dtype)


def fill_up(cells: Sequence[CellWeights], sizes: tuple[int, int], directions: int) -> list[CellWeights]:
    """Make the sizes of input and hidden state larger: the weights that are added are zero, and so are those units."""
    inputs, size = sizes

    def pad(value: Any, hidden: int, blocks: int, width: int) -> Any:
        """Blocks of columns, which are directions of the layer below, each become as wide as the width."""
        by_gate = value.reshape(4, hidden, blocks, -1)
        whole = nn.functional.pad(by_gate, (0, width - by_gate.shape[-1], 0, 0, 0, size - hidden))
        return whole.reshape(4 * size, -1)

    found = []
    for k, cell in enumerate(cells):
        h, blocks, width = cell.hidden_size, *((1, inputs) if k < directions else (directions, size))
        biases = [None if bias is None else pad(bias, h, 1, 1)[:, 0] for bias in (cell.b_ih, cell.b_hh)]
        found.append(CellWeights(pad(cell.w_ih, h, blocks, width), pad(cell.w_hh, h, 1, size), *biases))
    return found


def fill_last_axis(value: Tensor, size: int) -> Tensor:
    """Add zeros at the end of the last axis."""
    return nn.functional.pad(value, (0, size - value.shape[-1]))
