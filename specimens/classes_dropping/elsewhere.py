"""LSTMs that are right in eval mode, and drop in train mode what nn.LSTM does not drop."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

States = tuple[Tensor, Tensor]


class GalLSTM(nn.Module):
    """Variational dropout between layers, as of Gal and Ghahramani; time first."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.rnns = nn.ModuleList([nn.LSTM(hidden_size if k else input_size, hidden_size) for k in range(num_layers)])

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        ends = []
        for k, rnn in enumerate(self.rnns):
            if k:
                x = x * F.dropout(torch.ones_like(x[:1]), self.dropout, self.training)
            x, end = rnn(x, hx and (hx[0][k, None], hx[1][k, None]))
            ends.append(end)
        return x, (torch.cat([h for h, _ in ends]), torch.cat([c for _, c in ends]))


class RecurrentDropoutLSTM(nn.Module):
    """As keras.layers.LSTM's recurrent_dropout; batch first."""

    def __init__(self, input_size: int, units: int, recurrent_dropout: float = 0.0) -> None:
        super().__init__()
        self.units, self.recurrent_dropout = units, recurrent_dropout
        self.kernel = nn.Parameter(torch.zeros(input_size, 4 * units))
        self.recurrent_kernel = nn.Parameter(torch.zeros(units, 4 * units))
        self.bias = nn.Parameter(torch.zeros(4 * units))

    def forward(self, x: Tensor, state: States | None = None) -> tuple[Tensor, States]:
        h, c = state or (x.new_zeros(len(x), self.units),) * 2
        mask = F.dropout(torch.ones_like(h), self.recurrent_dropout, self.training)
        out = []
        for x_t in x.unbind(1):
            i, f, g, o = (x_t @ self.kernel + (h * mask) @ self.recurrent_kernel + self.bias).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            out.append(h)
        return torch.stack(out, 1), (h, c)


class EmbeddingDropLSTM(nn.Module):
    """An encoder as tutorials on translation have it; time first."""

    def __init__(self, vocab_size: int, emb_dim: int, hid_dim: int, n_layers: int = 1, dropout: float = 0.5) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_dim)
        self.rnn = nn.LSTM(emb_dim, hid_dim, n_layers, dropout=dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, src: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        return self.rnn(self.dropout(self.embedding(src)), hx)


class TaggerLSTM(nn.Module):
    """nn.Dropout behind one layer; batch first."""

    def __init__(self, input_size: int, hidden_size: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        out, states = self.lstm(x, hx)
        return self.dropout(out), states


class ZoneoutCell(nn.Module):
    """Zoneout, whose expectation is taken in eval mode."""

    def __init__(self, input_size: int, hidden_size: int, zoneout: float = 0.0) -> None:
        super().__init__()
        self.cell, self.zoneout = nn.LSTMCell(input_size, hidden_size), zoneout

    def forward(self, x: Tensor, hx: States) -> States:
        h, c = self.cell(x, hx)
        return self.mix(hx[0], h), self.mix(hx[1], c)

    def mix(self, old: Tensor, new: Tensor) -> Tensor:
        """The old state, with a probability."""
        if not self.training:
            return self.zoneout * old + (1.0 - self.zoneout) * new if self.zoneout else new
        return torch.where(torch.rand_like(new) < self.zoneout, old, new)


class WeightDropLSTM(nn.Module):
    """As AWD-LSTM: numbers of the recurrent matrix are dropped; time first."""

    def __init__(self, ninp: int, nhid: int, wdrop: float = 0.0) -> None:
        super().__init__()
        self.nhid, self.wdrop = nhid, wdrop
        self.i2h, self.h2h = nn.Linear(ninp, 4 * nhid), nn.Linear(nhid, 4 * nhid)

    def forward(self, x: Tensor, hidden: States | None = None) -> tuple[Tensor, States]:
        h, c = hidden or (x.new_zeros(x.size(1), self.nhid),) * 2
        raw = F.dropout(self.h2h.weight, self.wdrop, self.training)
        out = []
        for z in self.i2h(x):
            i, f, g, o = (z + F.linear(h, raw, self.h2h.bias)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            out.append(h)
        return torch.stack(out), (h, c)


class InputDropoutLSTM(nn.Module):
    """Two rates, of which one is nn.LSTM's; batch first."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        input_dropout: float = 0.0,
        layer_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.entry = nn.Dropout(input_dropout)
        self.rnn = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True, dropout=layer_dropout)

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        return self.rnn(self.entry(x), hx)


class CandidateDropLSTM(nn.Module):
    """Recurrent dropout without memory loss, as of Semeniuta and others; time first."""

    def __init__(self, input_size: int, hidden_size: int, p: float = 0.0) -> None:
        super().__init__()
        self.hidden_size, self.p = hidden_size, p
        self.gates = nn.Linear(input_size + hidden_size, 4 * hidden_size)

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        h, c = hx or (x.new_zeros(x.size(1), self.hidden_size),) * 2
        out = []
        for x_t in x:
            i, f, g, o = self.gates(torch.cat([x_t, h], 1)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * F.dropout(g.tanh(), self.p, self.training)
            h = o.sigmoid() * c.tanh()
            out.append(h)
        return torch.stack(out), (h, c)
