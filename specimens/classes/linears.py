"""LSTMs made of several nn.Linear."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn as nn
from torch import Tensor


class HiddenFirstLSTM(nn.Module):
    """Four nn.Linear on [h, x], as in the well-known drawings; states as two arguments; time first."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.W_f = nn.Linear(hidden_size + input_size, hidden_size)
        self.W_i = nn.Linear(hidden_size + input_size, hidden_size)
        self.W_C = nn.Linear(hidden_size + input_size, hidden_size)
        self.W_o = nn.Linear(hidden_size + input_size, hidden_size)

    def update(self, hx: Tensor, c: Tensor) -> Tensor:
        """Forgets, and adds what is new."""
        f_t = torch.sigmoid(self.W_f(hx))
        i_t = torch.sigmoid(self.W_i(hx))
        return f_t * c + i_t * torch.tanh(self.W_C(hx))

    def forward(self, x: Tensor, h: Tensor | None = None, c: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        seq_len, batch, _ = x.shape
        if h is None:
            h = x.new_zeros(batch, self.hidden_size)
        if c is None:
            c = x.new_zeros(batch, self.hidden_size)
        outputs = []
        for t in range(seq_len):
            hx = torch.cat((h, x[t]), dim=-1)
            c = self.update(hx, c)
            h = torch.sigmoid(self.W_o(hx)) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs, dim=0), h, c


class HiddenFirstLSTMFaulty(HiddenFirstLSTM):
    """Input and forget gate coupled."""

    def update(self, hx: Tensor, c: Tensor) -> Tensor:
        f_t = torch.sigmoid(self.W_f(hx))
        return f_t * c + (1 - f_t) * torch.tanh(self.W_C(hx))


class FourGatesLSTM(nn.Module):
    """Four nn.Linear for x and four for h; starts at zero; output alone; batch first."""

    def __init__(self, d_in: int, d_hid: int) -> None:
        super().__init__()
        self.d_hid = d_hid
        self.xi, self.hi = nn.Linear(d_in, d_hid), nn.Linear(d_hid, d_hid, bias=False)
        self.xf, self.hf = nn.Linear(d_in, d_hid), nn.Linear(d_hid, d_hid, bias=False)
        self.xg, self.hg = nn.Linear(d_in, d_hid), nn.Linear(d_hid, d_hid, bias=False)
        self.xo, self.ho = nn.Linear(d_in, d_hid), nn.Linear(d_hid, d_hid, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.zeros(x.size(0), self.d_hid, dtype=x.dtype, device=x.device)
        c = torch.zeros_like(h)
        hs = []
        for xt in x.transpose(0, 1):
            i = torch.sigmoid(self.xi(xt) + self.hi(h))
            f = torch.sigmoid(self.xf(xt) + self.hf(h))
            g = torch.tanh(self.xg(xt) + self.hg(h))
            o = torch.sigmoid(self.xo(xt) + self.ho(h))
            c = f * c + i * g
            h = o * torch.tanh(c)
            hs.append(h)
        return torch.stack(hs, 1)


class FourGatesLSTMFaulty(FourGatesLSTM):
    """Reads the sequence from its end."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.flip(1))


class TwoLinearLSTM(nn.Module):
    """Two nn.Linear of four gates each, f, i, o, g; states of rank three; time first."""

    def __init__(self, input_dim: int, hidden_dim: int, use_bias: bool = True) -> None:
        super().__init__()
        self.hidden_dim = hidden_dim
        self.x2h = nn.Linear(input_dim, 4 * hidden_dim, bias=use_bias)
        self.h2h = nn.Linear(hidden_dim, 4 * hidden_dim, bias=use_bias)

    def cell(self, xt: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """One step."""
        f, i, o, g = (self.x2h(xt) + self.h2h(h)).chunk(4, dim=-1)
        c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c_new), c_new

    def forward(self, x: Tensor, states: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        if states is None:
            states = (x.new_zeros(1, x.size(1), self.hidden_dim), x.new_zeros(1, x.size(1), self.hidden_dim))
        h, c = states[0].squeeze(0), states[1].squeeze(0)
        outputs = []
        for xt in torch.unbind(x, dim=0):
            h, c = self.cell(xt, h, c)
            outputs.append(h)
        return torch.stack(outputs), (h.unsqueeze(0), c.unsqueeze(0))


class TwoLinearLSTMFaulty(TwoLinearLSTM):
    """The old cell state in the new hidden one."""

    def cell(self, xt: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        f, i, o, g = (self.x2h(xt) + self.h2h(h)).chunk(4, dim=-1)
        return torch.sigmoid(o) * torch.tanh(c), torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)


class SequentialGatesLSTM(nn.Module):
    """Every gate an nn.Sequential with its activation; the last output and the last states; batch first."""

    def __init__(self, in_features: int, memory_size: int) -> None:
        super().__init__()
        self.memory_size = memory_size
        both = in_features + memory_size
        self.forget_gate = nn.Sequential(nn.Linear(both, memory_size), nn.Sigmoid())
        self.input_gate = nn.Sequential(nn.Linear(both, memory_size), nn.Sigmoid())
        self.new_memory = nn.Sequential(nn.Linear(both, memory_size), nn.Tanh())
        self.output_gate = nn.Sequential(nn.Linear(both, memory_size), nn.Sigmoid())
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.weight)

    def forward(self, batch: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The output of the last step, as a classifier wants it."""
        short = batch.new_zeros(len(batch), self.memory_size)
        long = batch.new_zeros(len(batch), self.memory_size)
        for t in range(batch.shape[1]):
            seen = torch.cat([batch[:, t], short], dim=1)
            long = long * self.forget_gate(seen) + self.input_gate(seen) * self.new_memory(seen)
            short = self.output_gate(seen) * torch.tanh(long)
        return short, (short, long)


class SequentialGatesLSTMFaulty(SequentialGatesLSTM):
    """The input gate through tanh."""

    def __init__(self, in_features: int, memory_size: int) -> None:
        super().__init__(in_features, memory_size)
        self.input_gate[1] = nn.Tanh()


class OneBiasLSTM(nn.Module):
    """A bias beside the recurrent weights only; (c, h) as the state; device and dtype; batch first by default."""

    def __init__(
        self, in_channels: int, out_channels: int, time_major: bool = False, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.time_major = time_major
        self.fc_x = nn.Linear(in_channels, 4 * out_channels, bias=False, device=device, dtype=dtype)
        self.fc_h = nn.Linear(out_channels, 4 * out_channels, bias=True, device=device, dtype=dtype)

    def show(self, o: Tensor, c: Tensor) -> Tensor:
        """The new hidden state."""
        return torch.sigmoid(o) * torch.tanh(c)

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        if not self.time_major:
            x = x.permute(1, 0, 2)
        c, h = state if state is not None else (x.new_zeros(x.shape[1], self.out_channels) for _ in range(2))
        hs = []
        for t in range(x.shape[0]):
            i, f, g, o = torch.chunk(self.fc_x(x[t]) + self.fc_h(h), 4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = self.show(o, c)
            hs.append(h)
        out = torch.stack(hs, dim=0 if self.time_major else 1)
        return out, (c, h)


class OneBiasLSTMFaulty(OneBiasLSTM):
    """The output gate peeps at the new cell state."""

    def show(self, o: Tensor, c: Tensor) -> Tensor:
        return torch.sigmoid(o + c) * torch.tanh(c)
