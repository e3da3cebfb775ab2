"""torch's own modules as implementations: `nn.LSTM`, and `nn.LSTMCell` in loops and stacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from parity.implementations.protocol import LSTM
from parity.settings import Setting
from reference.weights import CellWeights, LSTMWeights, write_weights

State = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class TorchLSTM:
    """`torch.nn.LSTM`, or a class constructed and called like it."""

    name: str = "torch.nn.LSTM"
    module: Callable[..., nn.LSTM] = nn.LSTM

    def refuses(self, setting: Setting) -> str | None:
        """`nn.LSTM` supports every setting."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """A new module with these weights."""
        dtype, device = getattr(torch, setting.runtime.dtype), setting.runtime.device
        module = self.module(**setting.architecture.arguments(), dtype=dtype, device=device).eval()
        write_weights(weights, module)
        return module


@dataclass(frozen=True)
class TorchLSTMCell:
    """`torch.nn.LSTMCell` looped over time, directions and layers by hand."""

    name: str = "torch.nn.LSTMCell"

    def refuses(self, setting: Setting) -> str | None:
        """A cell has no projection."""
        return "nn.LSTMCell has no proj_size" if setting.architecture.proj_size else None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """A stack of cells with these weights, called like `nn.LSTM`."""
        cells = [[_cell(weights_of_one) for weights_of_one in directions] for directions in weights.cells]
        return CellStack(cells, setting.architecture.batch_first)


def _cell(weights: CellWeights) -> nn.LSTMCell:
    cell = nn.LSTMCell(
        weights.input_size,
        weights.hidden_size,
        weights.b_ih is not None,
        dtype=weights.w_ih.dtype,
        device=weights.w_ih.device,
    )
    write_weights(LSTMWeights(((weights,),)), cell)
    return cell


@dataclass(frozen=True)
class CellStack:
    """Cells stacked by hand, `cells[layer][direction]`, called like `nn.LSTM`; states are given or None, as there."""

    cells: list[list[nn.LSTMCell]]
    batch_first: bool = False

    def __call__(self, input: Any, hx: State | None = None) -> tuple[Any, State]:
        """As `nn.LSTM`: a tensor or a PackedSequence in, the same out, with (h_n, c_n)."""
        if isinstance(input, PackedSequence):
            return self._packed(input, hx)
        if input.dim() == 2:
            hx = None if hx is None else (hx[0].unsqueeze(1), hx[1].unsqueeze(1))
            output, (h_n, c_n) = self._padded(input.unsqueeze(1), hx, None)
            return output.squeeze(1), (h_n.squeeze(1), c_n.squeeze(1))
        output, state = self._padded(input.transpose(0, 1) if self.batch_first else input, hx, None)
        return output.transpose(0, 1) if self.batch_first else output, state

    def _packed(self, packed: PackedSequence, hx: State | None) -> tuple[PackedSequence, State]:
        padded, lengths = pad_packed_sequence(packed)
        output, state = self._padded(padded, hx, lengths)
        order = packed.sorted_indices
        if order is not None:
            output, lengths = output.index_select(1, order), lengths[order]
        data = pack_padded_sequence(output, lengths).data
        return PackedSequence(data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices), state

    def _padded(self, x: torch.Tensor, hx: State | None, lengths: torch.Tensor | None) -> tuple[torch.Tensor, State]:
        lasts: list[State] = []
        for layer in self.cells:
            outputs = []
            for direction, cell in enumerate(layer):
                state = None if hx is None else (hx[0][len(lasts)], hx[1][len(lasts)])
                output, last = _run(cell, x, state, lengths, reverse=direction == 1)
                outputs.append(output)
                lasts.append(last)
            x = torch.cat(outputs, -1)
        return x, (torch.stack([h for h, _ in lasts]), torch.stack([c for _, c in lasts]))


def _run(
    cell: nn.LSTMCell, x: torch.Tensor, state: State | None, lengths: torch.Tensor | None, *, reverse: bool
) -> tuple[torch.Tensor, State]:
    """One direction of one layer, step by step; a row's state rests while the step is beyond its length."""
    steps = range(len(x) - 1, -1, -1) if reverse else range(len(x))
    zeros = x.new_zeros(x.shape[1], cell.hidden_size)
    h, c = (zeros, zeros) if state is None else state
    outputs = [zeros] * len(x)
    for t in steps:
        new_h, new_c = cell(x[t], (h, c))
        if lengths is None:
            h, c = outputs[t], _ = new_h, new_c
        else:
            valid = (t < lengths).to(x.device).unsqueeze(1)
            h, c = torch.where(valid, new_h, h), torch.where(valid, new_c, c)
            outputs[t] = torch.where(valid, new_h, zeros)
    return torch.stack(outputs), (h, c)
