"""LSTMs of several layers or both directions."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

States = tuple[Tensor, Tensor]


class StackedLSTM(nn.Module):
    """Layers of nn.LSTMCell, one after the other; batch first."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 2, dropout: float = 0.0) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.cells = nn.ModuleList(
            [nn.LSTMCell(input_size if i == 0 else hidden_size, hidden_size) for i in range(num_layers)]
        )

    def start(self, h0: Tensor, c0: Tensor, layer: int) -> States:
        """The states in which a layer starts."""
        return h0[layer], c0[layer]

    def forward(self, x: Tensor, hidden: States | None = None) -> tuple[Tensor, States]:
        if hidden is None:
            zeros = x.new_zeros(self.num_layers, x.size(0), self.hidden_size)
            hidden = (zeros, zeros)
        h_n, c_n = [], []
        for layer, cell in enumerate(self.cells):
            h, c = self.start(*hidden, layer)
            outputs = []
            for t in range(x.size(1)):
                h, c = cell(x[:, t], (h, c))
                outputs.append(h)
            x = torch.stack(outputs, dim=1)
            if layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.training)
            h_n.append(h)
            c_n.append(c)
        return x, (torch.stack(h_n), torch.stack(c_n))


class StackedLSTMFaulty(StackedLSTM):
    """Every layer starts where the first does."""

    def start(self, h0: Tensor, c0: Tensor, layer: int) -> States:
        return h0[0], c0[0]


class BiLSTM(nn.Module):
    """Always both directions, always from zero; the output alone; batch first."""

    def __init__(self, emb_dim: int, lstm_dim: int) -> None:
        super().__init__()
        self.lstm_dim = lstm_dim
        self.fw = nn.Linear(emb_dim + lstm_dim, 4 * lstm_dim)
        self.bw = nn.Linear(emb_dim + lstm_dim, 4 * lstm_dim)

    def scan(self, linear: nn.Linear, x: Tensor) -> Tensor:
        """One direction over the whole sequence."""
        h = c = x.new_zeros(x.size(0), self.lstm_dim)
        hs = []
        for t in range(x.size(1)):
            o, i, f, u = linear(torch.cat([x[:, t], h], -1)).split(self.lstm_dim, -1)
            c = i.sigmoid() * u.tanh() + f.sigmoid() * c
            h = o.sigmoid() * c.tanh()
            hs.append(h)
        return torch.stack(hs, 1)

    def forward(self, embedded: Tensor) -> Tensor:
        forward = self.scan(self.fw, embedded)
        backward = self.scan(self.bw, embedded.flip(1)).flip(1)
        return torch.cat([forward, backward], dim=-1)


class BiLSTMFaulty(BiLSTM):
    """What was read backwards is not turned round again."""

    def forward(self, embedded: Tensor) -> Tensor:
        return torch.cat([self.scan(self.fw, embedded), self.scan(self.bw, embedded.flip(1))], dim=-1)


class DeepLSTM(nn.Module):
    """Arguments, names and results as nn.LSTM has them."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        self.hidden_size, self.num_layers, self.bias = hidden_size, num_layers, bias
        self.batch_first = batch_first
        self.suffixes = ["", "_reverse"] if bidirectional else [""]
        for layer in range(num_layers):
            size = input_size if layer == 0 else hidden_size * len(self.suffixes)
            for suffix in self.suffixes:
                self.register_parameter(f"weight_ih_l{layer}{suffix}", nn.Parameter(torch.empty(4 * hidden_size, size)))
                w_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
                self.register_parameter(f"weight_hh_l{layer}{suffix}", w_hh)
                for name in ("bias_ih", "bias_hh") if bias else ():
                    self.register_parameter(f"{name}_l{layer}{suffix}", nn.Parameter(torch.empty(4 * hidden_size)))
        for p in self.parameters():
            nn.init.uniform_(p, -(hidden_size**-0.5), hidden_size**-0.5)

    def run(self, x: Tensor, h: Tensor, c: Tensor, name: str) -> tuple[Tensor, Tensor, Tensor]:
        """One layer in one direction."""
        w_ih, w_hh = getattr(self, "weight_ih" + name), getattr(self, "weight_hh" + name)
        b_ih, b_hh = (getattr(self, "bias_ih" + name), getattr(self, "bias_hh" + name)) if self.bias else (None, None)
        steps = range(len(x) - 1, -1, -1) if name.endswith("_reverse") else range(len(x))
        out: list[Any] = [None] * len(x)
        for t in steps:
            i, f, g, o = (F.linear(x[t], w_ih, b_ih) + F.linear(h, w_hh, b_hh)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            out[t] = h = torch.sigmoid(o) * torch.tanh(c)
        return torch.stack(out), h, c

    def join(self, directions: list[Tensor]) -> Tensor:
        """The output of a layer."""
        return torch.cat(directions, dim=2)

    def forward(self, input: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        x = input.transpose(0, 1) if self.batch_first else input
        if hx is None:
            zeros = x.new_zeros(self.num_layers * len(self.suffixes), x.size(1), self.hidden_size)
            hx = (zeros, zeros)
        h_n: list[Tensor] = []
        c_n: list[Tensor] = []
        for layer in range(self.num_layers):
            outs = []
            for suffix in self.suffixes:
                out, h, c = self.run(x, hx[0][len(h_n)], hx[1][len(c_n)], f"_l{layer}{suffix}")
                outs.append(out)
                h_n.append(h)
                c_n.append(c)
            x = self.join(outs)
        return x.transpose(0, 1) if self.batch_first else x, (torch.stack(h_n), torch.stack(c_n))


class DeepLSTMFaulty(DeepLSTM):
    """Backward before forward in the output."""

    def join(self, directions: list[Tensor]) -> Tensor:
        return torch.cat(directions[::-1], dim=2)


class LanguageModelLSTM(nn.Module):
    """All layers at a step before the next step, gates i, j, f, o in one matrix per layer; time first."""

    def __init__(self, ninp: int, nhid: int, nlayers: int = 2) -> None:
        super().__init__()
        self.nhid, self.nlayers = nhid, nlayers
        sizes = [ninp] + [nhid] * (nlayers - 1)
        self.weights = nn.ParameterList([nn.Parameter(torch.rand(4 * nhid, n + nhid) * 0.2 - 0.1) for n in sizes])
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(4 * nhid)) for _ in sizes])

    def init_hidden(self, bsz: int) -> States:
        """Zeros."""
        weight = self.weights[0]
        return weight.new_zeros(self.nlayers, bsz, self.nhid), weight.new_zeros(self.nlayers, bsz, self.nhid)

    def advance(self, x: Tensor, h: list[Tensor], c: list[Tensor]) -> None:
        """One step of all layers, in place."""
        for k in range(self.nlayers):
            below = x if k == 0 else h[k - 1]
            i, j, f, o = F.linear(torch.cat([below, h[k]], 1), self.weights[k], self.biases[k]).chunk(4, 1)
            c[k] = torch.sigmoid(f) * c[k] + torch.sigmoid(i) * torch.tanh(j)
            h[k] = torch.sigmoid(o) * torch.tanh(c[k])

    def forward(self, input: Tensor, hidden: States | None = None) -> tuple[Tensor, States]:
        h0, c0 = hidden or self.init_hidden(input.size(1))
        h, c = list(h0), list(c0)
        output = []
        for x in input:
            self.advance(x, h, c)
            output.append(h[-1])
        return torch.stack(output), (torch.stack(h), torch.stack(c))


class LanguageModelLSTMFaulty(LanguageModelLSTM):
    """A layer reads what the layer below said at the step before."""

    def advance(self, x: Tensor, h: list[Tensor], c: list[Tensor]) -> None:
        lower = [x, *h[:-1]]
        for k in range(self.nlayers):
            i, j, f, o = F.linear(torch.cat([lower[k], h[k]], 1), self.weights[k], self.biases[k]).chunk(4, 1)
            c[k] = torch.sigmoid(f) * c[k] + torch.sigmoid(i) * torch.tanh(j)
            h[k] = torch.sigmoid(o) * torch.tanh(c[k])


class VectorisedBiLSTM(nn.Module):
    """Both directions at once, along a leading axis of parameters and states; time first."""

    def __init__(self, n_inputs: int, n_units: int) -> None:
        super().__init__()
        self.n_units = n_units
        self.weight_x = nn.Parameter(torch.randn(2, n_inputs, 4 * n_units) / n_inputs**0.5)
        self.weight_h = nn.Parameter(torch.randn(2, n_units, 4 * n_units) / n_units**0.5)
        self.bias = nn.Parameter(torch.zeros(2, 1, 4 * n_units))

    def forward(self, x: Tensor, h0: Tensor | None = None, c0: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        h = x.new_zeros(2, x.size(1), self.n_units) if h0 is None else h0
        c = torch.zeros_like(h) if c0 is None else c0
        both = torch.stack([x, x.flip(0)])  # 2, T, B, I
        hs = []
        for t in range(x.size(0)):
            z = torch.bmm(both[:, t], self.weight_x) + torch.bmm(h, self.weight_h) + self.bias
            i, f, o, g = z.chunk(4, dim=2)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            hs.append(h)
        ys = torch.stack(hs)  # T, 2, B, H
        return torch.cat([ys[:, 0], ys[:, 1].flip(0)], dim=2), h, c


class VectorisedBiLSTMFaulty(VectorisedBiLSTM):
    """The last hidden state is that at the last step, of the backward direction too."""

    def forward(self, x: Tensor, h0: Tensor | None = None, c0: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        y, h, c = super().forward(x, h0, c0)
        return y, torch.stack([h[0], y[-1, :, self.n_units :]]), c


class _Layer(nn.Module):
    def __init__(self, size: int, units: int) -> None:
        super().__init__()
        self.gates = nn.ModuleDict({name: nn.Linear(units + size, units) for name in ("f", "i", "c", "o")})

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, States]:
        out = []
        for t in range(x.size(1)):
            z = {name: linear(torch.cat([h, x[:, t]], 1)) for name, linear in self.gates.items()}
            c = z["f"].sigmoid() * c + z["i"].sigmoid() * z["c"].tanh()
            h = z["o"].sigmoid() * c.tanh()
            out.append(h)
        return torch.stack(out, 1), (h, c)


class ThreeLayerLSTM(nn.Module):
    """Always three layers; a list of (h, c), one per layer; batch first."""

    def __init__(self, size: int, units: int) -> None:
        super().__init__()
        self.units = units
        self.layers = nn.ModuleList([_Layer(size, units), _Layer(units, units), _Layer(units, units)])

    def combine(self, below: Tensor, out: Tensor, depth: int) -> Tensor:
        """What goes on to the next layer."""
        return out

    def forward(self, x: Tensor, states: list[States] | None = None) -> tuple[Tensor, list[States]]:
        zeros = x.new_zeros(x.size(0), self.units)
        states = states or [(zeros, zeros)] * 3
        last = []
        for depth, (layer, (h, c)) in enumerate(zip(self.layers, states, strict=True)):
            out, state = layer(x, h, c)
            x = self.combine(x, out, depth)
            last.append(state)
        return x, last


class ThreeLayerLSTMFaulty(ThreeLayerLSTM):
    """Shortcuts around the layers above the first."""

    def combine(self, below: Tensor, out: Tensor, depth: int) -> Tensor:
        return out if depth == 0 else out + below
