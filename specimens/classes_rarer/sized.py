"""LSTMs whose sizes come from somewhere else: keywords, constants, a scripted object, a function that makes one."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn

States = tuple[Tensor, Tensor]
N_FEATURES, N_HIDDEN = 28, 64


class KwargsLSTM(nn.Module):
    """Everything by keyword; time first."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        self.hidden_size = kwargs["hidden_size"]
        self.num_layers = kwargs.get("num_layers", 1)
        bias = kwargs.pop("bias", True)
        widths = [kwargs["input_size"]] + [self.hidden_size] * (self.num_layers - 1)
        self.xs = nn.ModuleList(nn.Linear(n, 4 * self.hidden_size, bias=bias) for n in widths)
        self.hs = nn.ModuleList(nn.Linear(self.hidden_size, 4 * self.hidden_size, bias=False) for _ in widths)

    def unpack(self, hx: States) -> States:
        """h and c."""
        return hx

    def forward(self, input: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        zeros = input.new_zeros(self.num_layers, input.size(1), self.hidden_size)
        h_0, c_0 = self.unpack((zeros, zeros) if hx is None else hx)
        h_n, c_n, seq = [], [], input
        for layer, (to_x, to_h) in enumerate(zip(self.xs, self.hs, strict=True)):
            h, c, out = h_0[layer], c_0[layer], []
            for frame in seq:
                i, f, g, o = (to_x(frame) + to_h(h)).chunk(4, -1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                out.append(h)
            seq = torch.stack(out)
            h_n.append(h)
            c_n.append(c)
        return seq, (torch.stack(h_n), torch.stack(c_n))


class KwargsLSTMFaulty(KwargsLSTM):
    """c and h."""

    def unpack(self, hx: States) -> States:
        return hx[1], hx[0]


class FixedSizesLSTM(nn.Module):
    """For rows of images, whose sizes are constants; batch first."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(N_FEATURES, 4 * N_HIDDEN) * 0.1)
        self.u = nn.Parameter(torch.randn(N_HIDDEN, 4 * N_HIDDEN) * 0.1)
        self.b = nn.Parameter(torch.zeros(4 * N_HIDDEN))

    def limit(self, c: Tensor) -> Tensor:
        """The new cell state."""
        return c

    def forward(self, x: Tensor, state: States | None = None) -> tuple[Tensor, States]:
        h, c = state if state is not None else (x.new_zeros(x.size(0), N_HIDDEN), x.new_zeros(x.size(0), N_HIDDEN))
        ys = []
        for t in range(x.size(1)):
            i, f, g, o = torch.split(x[:, t] @ self.w + h @ self.u + self.b, N_HIDDEN, dim=1)
            c = self.limit(torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g))
            h = torch.sigmoid(o) * torch.tanh(c)
            ys.append(h)
        return torch.stack(ys, dim=1), (h, c)


class FixedSizesLSTMFaulty(FixedSizesLSTM):
    """No negative cell states."""

    def limit(self, c: Tensor) -> Tensor:
        return torch.relu(c)


class PlainLSTM(nn.Module):
    """What is scripted; time first."""

    def __init__(self, input_size: int, hidden_size: int, power: int = 1) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.power = power
        self.weight_ih = nn.Parameter(torch.randn(4 * hidden_size, input_size) * 0.1)
        self.weight_hh = nn.Parameter(torch.randn(4 * hidden_size, hidden_size) * 0.1)
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        if state is None:
            zeros = torch.zeros(x.size(1), self.hidden_size, dtype=x.dtype, device=x.device)
            state = (zeros, zeros)
        h, c = state
        outputs: list[Tensor] = []
        for t in range(x.size(0)):
            gates = torch.mm(x[t], self.weight_ih.t()) + torch.mm(h, self.weight_hh.t()) + self.bias
            i, f, g, o = gates.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) ** self.power * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), (h, c)


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    ScriptedLSTM = torch.jit.script(PlainLSTM(12, 20))
    ScriptedLSTMFaulty = torch.jit.script(PlainLSTM(12, 20, power=2))


class _Stack(nn.Module):
    """Layers of `nn.LSTMCell`; batch first."""

    def __init__(self, cells: list[nn.LSTMCell], order: tuple[int, int]) -> None:
        super().__init__()
        self.cells, self.order, self.hidden_size = nn.ModuleList(cells), order, cells[0].hidden_size

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        if hx is None:
            hx = (x.new_zeros(len(self.cells), x.size(0), self.hidden_size),) * 2
        states = list(zip(*hx, strict=True))
        outputs = []
        for step in x.unbind(1):
            for k, cell in enumerate(self.cells):
                states[k] = cell(step, states[k])
                step = states[k][0]
            outputs.append(step)
        both = [torch.stack(part) for part in zip(*states, strict=True)]
        return torch.stack(outputs, 1), (both[self.order[0]], both[self.order[1]])


def _build(input_size: int, hidden_size: int, num_layers: int, order: tuple[int, int]) -> nn.Module:
    widths = [input_size] + [hidden_size] * (num_layers - 1)
    return _Stack([nn.LSTMCell(width, hidden_size) for width in widths], order)


def BuildLSTM(input_size: int, hidden_size: int, num_layers: int = 1) -> nn.Module:  # noqa: N802
    """As model registries have them."""
    return _build(input_size, hidden_size, num_layers, (0, 1))


def BuildLSTMFaulty(input_size: int, hidden_size: int, num_layers: int = 1) -> nn.Module:  # noqa: N802
    """(c, h) out, (h, c) in."""
    return _build(input_size, hidden_size, num_layers, (1, 0))
