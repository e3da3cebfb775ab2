"""Cells and single layers made into whole LSTMs: looped over time, directions and layers by hand, packed by torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from lstm_parity.cases.setting import Setting
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.protocol import LSTM

State = tuple[torch.Tensor, torch.Tensor]
Step = Callable[[torch.Tensor, State], State]  # x (B, I), (h (B, P), c (B, H)) -> (h, c)
Cell = Callable[[torch.Tensor, State, CellWeights], State]
# one direction of one layer: x (T, B, I), state, lengths (B,) or None, reverse -> output (T, B, P), the last state
_Run = Callable[[torch.Tensor, State, "torch.Tensor | None", bool], tuple[torch.Tensor, State]]


@dataclass(frozen=True)
class FromCell:
    """An implementation made of a cell function `(x, (h, c), weights) -> (h, c)`."""

    name: str
    cell: Cell

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return None: a stack supports what its cell computes."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Return a stack of these cells, called like `nn.LSTM`."""
        return CellStack.of(weights, self._step, setting.architecture.batch_first)

    def _step(self, weights: CellWeights) -> Step:
        return lambda x, state: self.cell(x, state, weights)


@dataclass(frozen=True)
class CellStack:
    """Layers stacked by hand, called like `nn.LSTM`: a tensor or a PackedSequence in, the same out, with (h_n, c_n).

    runs[layer][direction]: how it is run, and the sizes of its h and c.
    """

    runs: Sequence[Sequence[tuple[_Run, int, int]]]
    batch_first: bool = False

    @classmethod
    def of(cls, weights: LSTMWeights, cell: Callable[[CellWeights], Step], batch_first: bool) -> CellStack:
        """Return the stack of the cells that these weights make."""
        return cls.of_runs(weights, lambda w: partial(_run, cell(w)), batch_first)

    @classmethod
    def of_runs(cls, weights: LSTMWeights, run: Callable[[CellWeights], _Run], batch_first: bool) -> CellStack:
        """Return the stack of the layers that these weights make."""
        return cls(
            [[(run(w), w.output_size, w.hidden_size) for w in directions] for directions in weights.cells], batch_first
        )

    def __call__(self, input: Any, hx: State | None = None) -> tuple[Any, State]:
        """Call it as `nn.LSTM`."""
        if isinstance(input, PackedSequence):
            return self._run_packed(input, hx)
        if input.dim() == 2:
            hx = None if hx is None else (hx[0].unsqueeze(1), hx[1].unsqueeze(1))
            output, (h_n, c_n) = self._run_padded(input.unsqueeze(1), hx, None)
            return output.squeeze(1), (h_n.squeeze(1), c_n.squeeze(1))
        output, state = self._run_padded(input.transpose(0, 1) if self.batch_first else input, hx, None)
        return output.transpose(0, 1) if self.batch_first else output, state

    def _run_packed(self, packed: PackedSequence, hx: State | None) -> tuple[PackedSequence, State]:
        padded, lengths = pad_packed_sequence(packed)
        output, state = self._run_padded(padded, hx, lengths)
        order = packed.sorted_indices
        if order is not None:
            output, lengths = output.index_select(1, order), lengths[order]
        data = pack_padded_sequence(output, lengths).data
        return PackedSequence(data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices), state

    def _run_padded(
        self, x: torch.Tensor, hx: State | None, lengths: torch.Tensor | None
    ) -> tuple[torch.Tensor, State]:
        lasts: list[State] = []
        for layer in self.runs:
            outputs = []
            for direction, (run, *sizes) in enumerate(layer):
                states = hx or [x.new_zeros(len(lasts) + 1, x.shape[1], size) for size in sizes]
                state = states[0][len(lasts)], states[1][len(lasts)]
                output, last = run(x, state, lengths, direction == 1)
                outputs.append(output)
                lasts.append(last)
            x = torch.cat(outputs, -1)
        return x, (torch.stack([h for h, _ in lasts]), torch.stack([c for _, c in lasts]))


def _run(
    step: Step, x: torch.Tensor, state: State, lengths: torch.Tensor | None, reverse: bool
) -> tuple[torch.Tensor, State]:
    """Run one direction of one layer step by step; a row is left out of the steps beyond its length.

    (Computing such rows too and choosing with `torch.where` would send NaN back from what was not chosen.)
    """
    (h, c), outputs = state, list(x)
    for t in range(len(x) - 1, -1, -1) if reverse else range(len(x)):
        if lengths is None:
            h, c = step(x[t], (h, c))
            outputs[t] = h
        else:
            rows = (t < lengths).nonzero().squeeze(1).to(x.device)
            new_h, new_c = step(x[t, rows], (h[rows], c[rows]))
            h, c = h.index_copy(0, rows, new_h), c.index_copy(0, rows, new_c)
            outputs[t] = torch.zeros_like(h).index_copy(0, rows, new_h)
    return torch.stack(outputs), (h, c)
