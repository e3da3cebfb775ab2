"""Classes that are given the lengths of the rows of a padded batch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class MaskedEncoder(nn.Module):
    """Padded rows in and out, batch first; the states at the end of each row."""

    def __init__(self, input_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.hidden_dim = hidden_dim
        self.gates = nn.Linear(input_dim + hidden_dim, 4 * hidden_dim)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        h = c = x.new_zeros(len(x), self.hidden_dim)
        seen = []
        for t in range(x.shape[1]):
            i, f, g, o = self.gates(torch.cat([x[:, t], h], -1)).chunk(4, -1)
            new_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            new_h = torch.sigmoid(o) * torch.tanh(new_c)
            goes_on = (lengths.to(x.device) > t)[:, None]
            seen.append(new_h.masked_fill(~goes_on, 0.0))
            h, c = self.keep(goes_on, (new_h, new_c), (h, c))
        return torch.stack(seen, 1), (h, c)

    def keep(self, goes_on: Tensor, new: tuple[Tensor, Tensor], old: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The states after a step."""
        return torch.where(goes_on, new[0], old[0]), torch.where(goes_on, new[1], old[1])


class MaskedEncoderFaulty(MaskedEncoder):
    """The states go on in the padding."""

    def keep(self, goes_on: Tensor, new: tuple[Tensor, Tensor], old: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return new


class SeqLensLSTM(nn.Module):
    """Time first; lengths in a list of numbers, full ones if there are none."""

    early = 0

    def __init__(self, n_in: int, n_hidden: int) -> None:
        super().__init__()
        self.n_hidden = n_hidden
        self.W = nn.Parameter(torch.zeros(n_in, 4 * n_hidden))
        self.U = nn.Parameter(torch.zeros(n_hidden, 4 * n_hidden))
        self.b = nn.Parameter(torch.zeros(4 * n_hidden))

    def forward(
        self, inputs: Tensor, h0: Tensor | None = None, c0: Tensor | None = None, seq_lens: list[int] | None = None
    ) -> dict[str, Tensor]:
        T, B, _ = inputs.shape
        seq_lens = [T] * B if seq_lens is None else seq_lens
        h = inputs.new_zeros(B, self.n_hidden) if h0 is None else h0
        c = inputs.new_zeros(B, self.n_hidden) if c0 is None else c0
        hs, cs = [], []
        for t in range(T):
            i, f, g, o = (inputs[t] @ self.W + h @ self.U + self.b).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            hs.append(h)
            cs.append(c)
        stops = [max(0, int(n) - 1 - self.early * (n < T)) for n in seq_lens]
        last_h = torch.stack([hs[stop][row] for row, stop in enumerate(stops)])
        last_c = torch.stack([cs[stop][row] for row, stop in enumerate(stops)])
        return {"outputs": torch.stack(hs), "hidden": last_h, "cell": last_c}


class SeqLensLSTMFaulty(SeqLensLSTM):
    """The states of rows that are padded are those one step before their ends."""

    early = 1


class ReversingBiLSTM(nn.Module):
    """Two directions; the second reads each row from its own end."""

    def __init__(self, d_in: int, d_hidden: int) -> None:
        super().__init__()
        self.fwd = nn.LSTM(d_in, d_hidden, batch_first=True)
        self.bwd = nn.LSTM(d_in, d_hidden, batch_first=True)

    def forward(self, x: Tensor, x_len: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        ahead, (h_f, c_f) = self._run(self.fwd, x, x_len)
        turned = self.turn(x, x_len)
        back, (h_b, c_b) = self._run(self.bwd, turned, x_len)
        return torch.cat([ahead, self.turn(back, x_len)], -1), (torch.stack([h_f, h_b]), torch.stack([c_f, c_b]))

    def _run(self, lstm: nn.LSTM, x: Tensor, x_len: Tensor) -> Any:
        rows = [lstm(row[None, :n]) for row, n in zip(x, x_len.tolist(), strict=True)]
        output = x.new_zeros(*x.shape[:2], lstm.hidden_size)
        for k, (seen, _) in enumerate(rows):
            output = output.index_put((torch.tensor(k), torch.arange(seen.shape[1])), seen[0])
        return output, tuple(torch.stack([state[k][0, 0] for _, state in rows]) for k in range(2))

    def turn(self, x: Tensor, x_len: Tensor) -> Tensor:
        """Each row turned round within its length."""
        return torch.stack([torch.cat([row[:n].flip(0), row[n:]]) for row, n in zip(x, x_len.tolist(), strict=True)])


class ReversingBiLSTMFaulty(ReversingBiLSTM):
    """The padding is turned round too."""

    def turn(self, x: Tensor, x_len: Tensor) -> Tensor:
        return x.flip(1)


class SortingEncoder(nn.Module):
    """An nn.LSTM of two layers on rows sorted by length; outputs, lengths and states in the old order."""

    def __init__(self, embed_dim: int, hidden_size: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(embed_dim, hidden_size, 2, batch_first=True)

    def forward(self, emb: Tensor, src_lengths: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        ordered, order = src_lengths.cpu().sort(descending=True, stable=True)
        packed = pack_padded_sequence(emb[order.to(emb.device)], ordered, batch_first=True)
        output, (h, c) = self.rnn(packed)
        padded, _ = pad_packed_sequence(output, batch_first=True, total_length=emb.shape[1])
        back = order.argsort().to(emb.device)
        return padded[back], src_lengths, self.restore(h, c, back)

    def restore(self, h: Tensor, c: Tensor, back: Tensor) -> tuple[Tensor, Tensor]:
        """The states in the order of the rows."""
        return h[:, back], c[:, back]


class SortingEncoderFaulty(SortingEncoder):
    """The states are left sorted."""

    def restore(self, h: Tensor, c: Tensor, back: Tensor) -> tuple[Tensor, Tensor]:
        return h, c
