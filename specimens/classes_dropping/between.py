"""Stacks written by hand with dropout between their layers, each with arguments and a call of its own."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

States = tuple[Tensor, Tensor]


def step(x: Tensor, h: Tensor, c: Tensor, w: Tensor, b: Tensor) -> States:
    """One step; w reads x and h side by side, (I + H, 4H)."""
    i, f, g, o = (torch.cat([x, h], -1) @ w + b).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


class DropRateLSTM(nn.Module):
    """Functional dropout; batch first."""

    def __init__(self, input_dim: int, hidden_dim: int, num_layers: int = 1, drop_rate: float = 0.0) -> None:
        super().__init__()
        self.hidden_dim, self.num_layers, self.drop_rate = hidden_dim, num_layers, drop_rate
        widths = [input_dim] + [hidden_dim] * (num_layers - 1)
        self.kernels = nn.ParameterList([torch.zeros(n + hidden_dim, 4 * hidden_dim) for n in widths])
        self.biases = nn.ParameterList([torch.zeros(4 * hidden_dim) for _ in widths])

    def drop(self, x: Tensor) -> Tensor:
        """What the next layer reads."""
        return F.dropout(x, self.drop_rate, self.training)

    def forward(self, x: Tensor, state: States | None = None) -> tuple[Tensor, States]:
        zeros = x.new_zeros(self.num_layers, x.size(0), self.hidden_dim)
        hs, cs = (zeros, zeros) if state is None else state
        last = []
        for layer in range(self.num_layers):
            h, c, out = hs[layer], cs[layer], []
            for t in range(x.size(1)):
                h, c = step(x[:, t], h, c, self.kernels[layer], self.biases[layer])
                out.append(h)
            x = torch.stack(out, 1)
            if layer + 1 < self.num_layers:
                x = self.drop(x)
            last.append((h, c))
        return x, (torch.stack([h for h, _ in last]), torch.stack([c for _, c in last]))


class DropRateLSTMFaulty(DropRateLSTM):
    """Dropout as its first paper has it."""

    def drop(self, x: Tensor) -> Tensor:
        keep = 1.0 - self.drop_rate
        return x * torch.bernoulli(torch.full_like(x, keep)) if self.training else x * keep


class KeepProbLSTM(nn.Module):
    """As TensorFlow's DropoutWrapper; time first."""

    def __init__(self, n_in: int, n_hidden: int, n_layers: int = 1, keep_prob: float = 1.0) -> None:
        super().__init__()
        self.n_hidden, self.n_layers, self.keep_prob = n_hidden, n_layers, keep_prob
        self.cells = nn.ModuleList([nn.LSTMCell(n_in if k == 0 else n_hidden, n_hidden) for k in range(n_layers)])

    def thin(self, y: Tensor) -> Tensor:
        """What the next layer reads."""
        if not self.training or self.keep_prob == 1.0:
            return y
        return y / self.keep_prob * torch.floor(self.keep_prob + torch.rand_like(y))

    def forward(self, inputs: Tensor, states: list[States] | None = None) -> tuple[Tensor, list[States]]:
        zeros = inputs.new_zeros(inputs.size(1), self.n_hidden)
        states = [(zeros, zeros)] * self.n_layers if states is None else list(states)
        outputs = []
        for y in inputs:
            for k, cell in enumerate(self.cells):
                states[k] = cell(self.thin(y) if k else y, states[k])
                y = states[k][0]
            outputs.append(y)
        return torch.stack(outputs), states


class KeepProbLSTMFaulty(KeepProbLSTM):
    """Ported in a hurry."""

    def thin(self, y: Tensor) -> Tensor:
        return F.dropout(y, self.keep_prob, self.training) if self.keep_prob < 1.0 else y


class PModuleLSTM(nn.Module):
    """nn.Dropout in the loop over steps; time first."""

    def __init__(self, input_size: int, hidden_size: int, layers: int = 1, p: float = 0.5) -> None:
        super().__init__()
        self.hidden_size, self.layers = hidden_size, layers
        self.wx = nn.ModuleList([nn.Linear(hidden_size if k else input_size, 4 * hidden_size) for k in range(layers)])
        self.wh = nn.ModuleList([nn.Linear(hidden_size, 4 * hidden_size, bias=False) for _ in range(layers)])
        self.dropout = nn.Dropout(p)

    def carry(self, h: Tensor, dropped: Tensor) -> Tensor:
        """The h of the next step."""
        return h

    def forward(self, x: Tensor, h0: Tensor | None = None, c0: Tensor | None = None) -> tuple[Tensor, States]:
        zeros = x.new_zeros(self.layers, x.size(1), self.hidden_size)
        h = list((zeros if h0 is None else h0).unbind(0))
        c = list((zeros if c0 is None else c0).unbind(0))
        ys = []
        for y in x:
            for k in range(self.layers):
                i, f, g, o = (self.wx[k](y) + self.wh[k](h[k])).chunk(4, -1)
                c[k] = f.sigmoid() * c[k] + i.sigmoid() * g.tanh()
                h[k] = y = o.sigmoid() * c[k].tanh()
                if k < self.layers - 1:
                    y = self.dropout(y)
                    h[k] = self.carry(h[k], y)
            ys.append(y)
        return torch.stack(ys), (torch.stack(h), torch.stack(c))


class PModuleLSTMFaulty(PModuleLSTM):
    """Dropped within a layer."""

    def carry(self, h: Tensor, dropped: Tensor) -> Tensor:
        return dropped


class AttributeLSTM(nn.Module):
    """A rate that nobody can choose but by the module's attribute; batch first."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1) -> None:
        super().__init__()
        self.size, self.depth = hidden_size, num_layers
        widths = [input_size] + [hidden_size] * (num_layers - 1)
        self.w = nn.ParameterList([torch.zeros(n + hidden_size, 4 * hidden_size) for n in widths])
        self.b = nn.ParameterList([torch.zeros(4 * hidden_size) for _ in widths])
        self.do = nn.Dropout(0.3)
        self.masks: dict[Any, Tensor] = {}

    def mask(self, like: Tensor, layer: int) -> Tensor:
        """What is multiplied with the output of a layer."""
        return self.do(torch.ones_like(like))

    def forward(self, x: Tensor, hidden: States | None = None) -> tuple[Tensor, States]:
        zeros = x.new_zeros(self.depth, len(x), self.size)
        h, c = (list(s.unbind()) for s in (hidden or (zeros, zeros)))
        for k in range(self.depth):
            out = []
            for x_t in x.unbind(1):
                h[k], c[k] = step(x_t, h[k], c[k], self.w[k], self.b[k])
                out.append(h[k])
            x = torch.stack(out, 1)
            x = x * self.mask(x, k) if k < self.depth - 1 else x
        return x, (torch.stack(h), torch.stack(c))


class AttributeLSTMFaulty(AttributeLSTM):
    """A cache that is never emptied."""

    def mask(self, like: Tensor, layer: int) -> Tensor:
        if not self.training:
            return torch.ones_like(like)
        key = layer, like.shape, like.dtype
        if key not in self.masks:
            self.masks[key] = super().mask(like, layer).detach()
        return self.masks[key]


class BiDropLSTM(nn.Module):
    """Directions and layers, with nn.LSTM's arguments and its own weights."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        self.hidden_size, self.num_layers, self.dropout = hidden_size, num_layers, dropout
        self.batch_first, self.directions = batch_first, 1 + bidirectional
        self.w, self.b = nn.ParameterList(), nn.ParameterList()
        for layer in range(num_layers):
            width = hidden_size * self.directions if layer else input_size
            for _ in range(self.directions):
                self.w.append(torch.zeros(width + hidden_size, 4 * hidden_size))
                self.b.append(torch.zeros(4 * hidden_size))

    def read(self, x: Tensor) -> list[Tensor]:
        """What each direction reads."""
        return [F.dropout(x, self.dropout, self.training)] * self.directions

    def forward(self, input: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        x = input.transpose(0, 1) if self.batch_first else input
        zeros = x.new_zeros(self.num_layers * self.directions, x.size(1), self.hidden_size)
        h, c = (list(s.unbind()) for s in (hx or (zeros, zeros)))
        for layer in range(self.num_layers):
            halves = []
            for k, read in enumerate(self.read(x) if layer else [x] * self.directions):
                slot, out = layer * self.directions + k, []
                for x_t in read.flip(0) if k else read:
                    h[slot], c[slot] = step(x_t, h[slot], c[slot], self.w[slot], self.b[slot])
                    out.append(h[slot])
                halves.append(torch.stack(out[::-1] if k else out))
            x = torch.cat(halves, -1)
        return x.transpose(0, 1) if self.batch_first else x, (torch.stack(h), torch.stack(c))


class BiDropLSTMFaulty(BiDropLSTM):
    """A mask more."""

    def read(self, x: Tensor) -> list[Tensor]:
        return [F.dropout(x, self.dropout, self.training) for _ in range(self.directions)]


class MonteCarloLSTM(nn.Module):
    """Settings in a dict; time first."""

    def __init__(self, settings: Any = {"n_input": 8, "n_hidden": 8, "n_layers": 1, "p_drop": 0.0}) -> None:  # noqa: B006
        super().__init__()
        self.settings = dict(settings)
        n_input, n_hidden = self.settings["n_input"], self.settings["n_hidden"]
        self.layers = nn.ModuleList(
            [nn.Linear((n_hidden if k else n_input) + n_hidden, 4 * n_hidden) for k in range(self.settings["n_layers"])]
        )

    def is_on(self) -> bool:
        """Whether numbers are dropped."""
        return self.training

    def forward(self, x: Tensor, carry: States | None = None) -> tuple[Tensor, States]:
        zeros = x.new_zeros(len(self.layers), x.size(1), self.settings["n_hidden"])
        h, c = (list(s.unbind()) for s in (carry or (zeros, zeros)))
        for k, layer in enumerate(self.layers):
            x = F.dropout(x, self.settings["p_drop"], self.is_on() and k > 0)
            out = []
            for x_t in x:
                f, i, o, g = layer(torch.cat([h[k], x_t], 1)).chunk(4, 1)
                c[k] = f.sigmoid() * c[k] + i.sigmoid() * g.tanh()
                h[k] = o.sigmoid() * c[k].tanh()
                out.append(h[k])
            x = torch.stack(out)
        return x, (torch.stack(h), torch.stack(c))


class MonteCarloLSTMFaulty(MonteCarloLSTM):
    """Always on."""

    def is_on(self) -> bool:
        return True
