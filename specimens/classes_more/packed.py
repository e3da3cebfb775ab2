"""Classes that are given a PackedSequence."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

States = tuple[Tensor, Tensor]


class PackedOnlyLSTM(nn.Module):
    """One layer over the steps of a packed sequence, fewer rows at each; packed out."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.cell = nn.LSTMCell(input_size, hidden_size)

    def forward(self, packed: PackedSequence, hx: States | None = None) -> tuple[PackedSequence, States]:
        data, sizes, order, back = packed
        rows = int(sizes[0])
        if hx is None:
            h = c = data.new_zeros(rows, self.hidden_size)
        else:
            h, c = self.sort(hx, order)
        outputs, start = [], 0
        for size in sizes.tolist():
            new_h, new_c = self.cell(data[start : start + size], (h[:size], c[:size]))
            h, c = torch.cat([new_h, h[size:]]), torch.cat([new_c, c[size:]])
            outputs.append(new_h)
            start += size
        last = (h, c) if back is None else (h[back], c[back])
        return PackedSequence(torch.cat(outputs), sizes, order, back), last

    def sort(self, hx: States, order: Tensor | None) -> States:
        """The initial states in the order of the packed rows."""
        return hx if order is None else (hx[0][order], hx[1][order])


class PackedOnlyLSTMFaulty(PackedOnlyLSTM):
    """The initial states stay in the order of the batch."""

    def sort(self, hx: States, order: Tensor | None) -> States:
        return hx


class EitherLSTM(nn.Module):
    """A padded batch of equal rows, or a packed one, time first; results of the kind that was given."""

    def __init__(self, in_dim: int, hid_dim: int) -> None:
        super().__init__()
        self.hid_dim = hid_dim
        self.x2g = nn.Linear(in_dim, 4 * hid_dim)
        self.h2g = nn.Linear(hid_dim, 4 * hid_dim, bias=False)

    def forward(self, input: Any, state: States | None = None) -> tuple[Any, States]:
        if not isinstance(input, PackedSequence):
            return self._run(input, state, torch.full((input.shape[1],), len(input)))
        x, lengths = pad_packed_sequence(input)
        output, last = self._run(x, self.start(state), lengths)
        return pack_padded_sequence(output, lengths, enforce_sorted=input.sorted_indices is None), last

    def start(self, state: States | None) -> States | None:
        """The initial states of a packed call."""
        return state

    def _run(self, x: Tensor, state: States | None, lengths: Tensor) -> tuple[Tensor, States]:
        zeros = x.new_zeros(x.shape[1], self.hid_dim)
        h, c = state or (zeros, zeros)
        seen = []
        for t, frame in enumerate(x):
            i, f, g, o = (self.x2g(frame) + self.h2g(h)).chunk(4, 1)
            new_c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            new_h = o.sigmoid() * new_c.tanh()
            on = (lengths > t)[:, None].to(x.device)
            h, c = torch.where(on, new_h, h), torch.where(on, new_c, c)
            seen.append(new_h)
        return torch.stack(seen), (h, c)


class EitherLSTMFaulty(EitherLSTM):
    """Packed, it starts from zeros."""

    def start(self, state: States | None) -> States | None:
        return None


class PackedInPaddedOut(nn.Module):
    """Packed in, padded out, batch first, with the last states of the rows."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, units)

    def forward(self, packed_input: PackedSequence) -> tuple[Tensor, Tensor, Tensor]:
        output, (h_n, c_n) = self.lstm(packed_input)
        padded, _ = pad_packed_sequence(output, batch_first=True)
        return padded, self.pick(padded, h_n[0]), c_n[0]

    def pick(self, padded: Tensor, h_n: Tensor) -> Tensor:
        """The last hidden state."""
        return h_n


class PackedInPaddedOutFaulty(PackedInPaddedOut):
    """The last step of the padded output, which is zero for shorter rows."""

    def pick(self, padded: Tensor, h_n: Tensor) -> Tensor:
        return padded[:, -1]
