"""Cells that take one step at a call."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class TFStyleCell(nn.Module):
    """After BasicLSTMCell: one kernel on [x, h], gates i, j, f, o, the state (c, h)."""

    def __init__(self, num_units: int, input_depth: int, forget_bias: float = 0.0) -> None:
        super().__init__()
        self._forget_bias = forget_bias
        self.kernel = nn.Parameter(torch.zeros(input_depth + num_units, 4 * num_units))
        self.bias = nn.Parameter(torch.zeros(4 * num_units))

    def forward(self, inputs: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        c, h = state
        i, j, f, o = torch.chunk(torch.cat([inputs, h], 1) @ self.kernel + self.bias, 4, dim=1)
        new_c = self.clip(c * torch.sigmoid(f + self._forget_bias) + torch.sigmoid(i) * torch.tanh(j))
        new_h = torch.tanh(new_c) * torch.sigmoid(o)
        return new_h, (new_c, new_h)

    def clip(self, c: Tensor) -> Tensor:
        """Nothing is clipped."""
        return c


class TFStyleCellFaulty(TFStyleCell):
    """The cell state clipped at one."""

    def clip(self, c: Tensor) -> Tensor:
        return c.clamp(-1, 1)


class LuaCell(nn.Module):
    """From Lua: x, prev_c, prev_h in, next_c, next_h out; three sigmoids in one chunk."""

    def __init__(self, input_size: int, rnn_size: int) -> None:
        super().__init__()
        self.rnn_size = rnn_size
        self.i2h = nn.Linear(input_size, 4 * rnn_size)
        self.h2h = nn.Linear(rnn_size, 4 * rnn_size)

    def forward(self, x: Tensor, prev_c: Tensor, prev_h: Tensor) -> tuple[Tensor, Tensor]:
        all_input_sums = self.i2h(x) + self.h2h(prev_h)
        in_gate, forget_gate, out_gate = self.gates(all_input_sums.narrow(1, 0, 3 * self.rnn_size))
        in_transform = torch.tanh(all_input_sums.narrow(1, 3 * self.rnn_size, self.rnn_size))
        next_c = forget_gate * prev_c + in_gate * in_transform
        return next_c, out_gate * torch.tanh(next_c)

    def gates(self, sums: Tensor) -> tuple[Tensor, ...]:
        """Input, forget and output gate."""
        return torch.sigmoid(sums).chunk(3, 1)


class LuaCellFaulty(LuaCell):
    """A hard sigmoid for the forget gate."""

    def gates(self, sums: Tensor) -> tuple[Tensor, ...]:
        i, f, o = sums.chunk(3, 1)
        return torch.sigmoid(i), F.hardsigmoid(f), torch.sigmoid(o)


class ParamDictCell(nn.Module):
    """Parameters by name in a dict; keywords only; states as a list."""

    def __init__(self, *, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.p = nn.ParameterDict()
        for gate in "ifgo":
            self.p[f"w_i{gate}"] = nn.Parameter(torch.randn(out_dim, in_dim) * 1e-3)
            self.p[f"w_h{gate}"] = nn.Parameter(torch.randn(out_dim, out_dim) * 1e-3)
            self.p[f"b_{gate}"] = nn.Parameter(torch.zeros(out_dim))

    def gate(self, name: str, x: Tensor, h: Tensor) -> Tensor:
        """The sum of a gate."""
        return F.linear(x, self.p[f"w_i{name}"]) + F.linear(h, self.p[f"w_h{name}"], self.p[f"b_{name}"])

    def forward(self, x: Tensor, states: list[Tensor]) -> list[Tensor]:
        h, c = states
        c = self.gate("f", x, h).sigmoid() * c + self.gate("i", x, h).sigmoid() * self.gate("g", x, h).tanh()
        return [self.gate("o", x, h).sigmoid() * c.tanh(), c]


class ParamDictCellFaulty(ParamDictCell):
    """The output gate's bias forgotten."""

    def gate(self, name: str, x: Tensor, h: Tensor) -> Tensor:
        return super().gate(name, x, h) - (self.p["b_o"] if name == "o" else 0)


class PackedStateCell(nn.Module):
    """nn.LSTMCell with both states in one tensor (2, batch, hidden)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.rnn = nn.LSTMCell(input_size, hidden_size)

    def forward(self, obs: Tensor, rnn_state: Tensor | None = None) -> Tensor:
        if rnn_state is None:
            rnn_state = obs.new_zeros(2, obs.size(0), self.hidden_size)
        h, c = self.rnn(obs, (rnn_state[0], rnn_state[1]))
        return torch.stack([h, c])


class PackedStateCellFaulty(PackedStateCell):
    """Hands the cell state on as it came."""

    def forward(self, obs: Tensor, rnn_state: Tensor | None = None) -> Tensor:
        new = super().forward(obs, rnn_state)
        return torch.stack([new[0], torch.zeros_like(new[1]) if rnn_state is None else rnn_state[1]])


class InterleavedCell(nn.Module):
    """The four gates of a unit in four neighbouring rows; the state a dict."""

    def __init__(self, feature_dim: int, state_dim: int) -> None:
        super().__init__()
        self.state_dim = state_dim
        self.weight = nn.Parameter(torch.empty(4 * state_dim, feature_dim).normal_(0, 0.05))
        self.recurrent = nn.Parameter(torch.empty(4 * state_dim, state_dim).normal_(0, 0.05))
        self.bias = nn.Parameter(torch.zeros(4 * state_dim))

    def write(self, i: Tensor, f: Tensor, g: Tensor, c: Tensor) -> Tensor:
        """The new cell state."""
        return f * c + i * g

    def forward(self, x: Tensor, state: dict[str, Tensor] | None = None) -> dict[str, Tensor]:
        if state is None:
            state = {"h": x.new_zeros(x.size(0), self.state_dim), "c": x.new_zeros(x.size(0), self.state_dim)}
        z = F.linear(x, self.weight, self.bias) + F.linear(state["h"], self.recurrent)
        i, f, g, o = z.view(x.size(0), self.state_dim, 4).unbind(-1)
        c = self.write(i.sigmoid(), f.sigmoid(), g.tanh(), state["c"])
        return {"h": o.sigmoid() * c.tanh(), "c": c}


class InterleavedCellFaulty(InterleavedCell):
    """Parentheses in the wrong place: what is new is forgotten too."""

    def write(self, i: Tensor, f: Tensor, g: Tensor, c: Tensor) -> Tensor:
        return f * (c + i * g)


class StackedCell(nn.Module):
    """A decoder's step through several nn.LSTMCell; the number of layers comes first."""

    def __init__(self, num_layers: int, input_size: int, rnn_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.num_layers = num_layers
        self.layers = nn.ModuleList()
        for _ in range(num_layers):
            self.layers.append(nn.LSTMCell(input_size, rnn_size))
            input_size = rnn_size

    def forward(self, input_feed: Tensor, hidden: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        h_0, c_0 = hidden
        h_1, c_1 = [], []
        for i, layer in enumerate(self.layers):
            h_1_i, c_1_i = layer(input_feed, (h_0[i], c_0[i]))
            input_feed = h_1_i
            if i + 1 != self.num_layers:
                input_feed = self.dropout(input_feed)
            h_1 += [h_1_i]
            c_1 += [c_1_i]
        return input_feed, (torch.stack(h_1), torch.stack(c_1))


class StackedCellFaulty(StackedCell):
    """The cell states of the layers from top to bottom."""

    def forward(self, input_feed: Tensor, hidden: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        out, (h_1, c_1) = super().forward(input_feed, hidden)
        return out, (h_1, c_1.flip(0))
