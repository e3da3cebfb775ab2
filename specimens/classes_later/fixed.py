"""LSTMs with constants, and with weights, sizes and states in unusual places."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

States = tuple[Tensor, Tensor]


class BufferProjectionLSTM(nn.Module):
    """Random projections that are never trained; batch first."""

    def __init__(self, input_size: int, hidden_size: int, proj_size: int) -> None:
        super().__init__()
        self.sizes = proj_size, hidden_size
        self.ih = nn.Linear(input_size, 4 * hidden_size)
        self.hh = nn.Linear(proj_size, 4 * hidden_size, bias=False)
        generator = torch.Generator().manual_seed(proj_size)
        self.register_buffer("mix", torch.randn(proj_size, hidden_size, generator=generator) / hidden_size**0.5)

    mix: Tensor
    keep = staticmethod(torch.sigmoid)

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        h, c = hx if hx is not None else (x.new_zeros(len(x), size) for size in self.sizes)
        seen = []
        for t in range(x.shape[1]):
            i, f, g, o = (self.ih(x[:, t]) + self.hh(h)).chunk(4, 1)
            c = self.keep(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = (torch.sigmoid(o) * torch.tanh(c)) @ self.mix.T
            seen.append(h)
        return torch.stack(seen, 1), (h, c)


class BufferProjectionLSTMFaulty(BufferProjectionLSTM):
    """A hard sigmoid for the forget gate."""

    keep = staticmethod(F.hardsigmoid)  # type: ignore[assignment]


class SlicedProjectionLSTM(nn.Module):
    """Some cells are memory alone: only the first proj_size of them are shown; time first."""

    def __init__(self, input_size: int, hidden_size: int, proj_size: int) -> None:
        super().__init__()
        self.hidden_size, self.proj_size = hidden_size, proj_size
        self.weight_x = nn.Parameter(torch.zeros(4 * hidden_size, input_size))
        self.weight_h = nn.Parameter(torch.zeros(4 * hidden_size, proj_size))
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))

    def show(self, o: Tensor, c: Tensor) -> Tensor:
        """The units that are seen."""
        return (torch.sigmoid(o) * torch.tanh(c))[:, : self.proj_size]

    def forward(self, x: Tensor, states: States | None = None) -> tuple[Tensor, States]:
        if states is None:
            states = x.new_zeros(x.shape[1], self.proj_size), x.new_zeros(x.shape[1], self.hidden_size)
        h, c = states
        seen = []
        for frame in x:
            i, f, g, o = (frame @ self.weight_x.T + h @ self.weight_h.T + self.bias).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = self.show(o, c)
            seen.append(h)
        return torch.stack(seen), (h, c)


class SlicedProjectionLSTMFaulty(SlicedProjectionLSTM):
    """A tanh too many."""

    def show(self, o: Tensor, c: Tensor) -> Tensor:
        return torch.tanh(super().show(o, c))


class FlatThetaLSTM(nn.Module):
    """All weights in one vector, as a hypernetwork or an evolution strategy wants them; time first."""

    def __init__(self, obs_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.shapes = ((4 * hidden_dim, obs_dim), (4 * hidden_dim, hidden_dim), (4 * hidden_dim,))
        self.hidden_dim = hidden_dim
        self.theta = nn.Parameter(torch.zeros(4 * hidden_dim * (obs_dim + hidden_dim + 1)))

    def weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """The vector in its three parts."""
        sizes = [torch.Size(shape).numel() for shape in self.shapes]
        w, u, b = (part.view(shape) for part, shape in zip(self.theta.split(sizes), self.shapes, strict=True))
        return w, u, b

    def forward(self, obs: Tensor, state: States | None = None) -> tuple[Tensor, States]:
        w, u, b = self.weights()
        h, c = state if state is not None else (obs.new_zeros(obs.shape[1], self.hidden_dim),) * 2
        seen = []
        for frame in obs:
            i, f, g, o = F.linear(frame, w, b).add(F.linear(h, u)).chunk(4, -1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            seen.append(h)
        return torch.stack(seen), (h, c)


class FlatThetaLSTMFaulty(FlatThetaLSTM):
    """The candidate has no bias."""

    def weights(self) -> tuple[Tensor, Tensor, Tensor]:
        w, u, b = super().weights()
        mask = torch.ones_like(b)
        mask[2 * self.hidden_dim : 3 * self.hidden_dim] = 0
        return w, u, b * mask


class DimsLSTM(nn.Module):
    """Sizes in one tuple, as configuration files have them; batch first."""

    def __init__(self, dims: tuple[int, int]) -> None:
        super().__init__()
        self.n_in, self.n_out = dims
        self.dense = nn.Linear(self.n_in + self.n_out, 4 * self.n_out)

    def show(self, z: Tensor) -> Tensor:
        """How much is shown."""
        return torch.sigmoid(z)

    def forward(self, x: Tensor, hidden: States | None = None) -> tuple[Tensor, States]:
        h, c = hidden or (x.new_zeros(x.size(0), self.n_out), x.new_zeros(x.size(0), self.n_out))
        out = x.new_empty(x.size(0), 0, self.n_out)
        for frame in x.unbind(1):
            i, f, g, o = self.dense(torch.cat([frame, h], 1)).split(self.n_out, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = self.show(o) * torch.tanh(c)
            out = torch.cat([out, h[:, None]], 1)
        return out, (h, c)


class DimsLSTMFaulty(DimsLSTM):
    """Half the output gate's sum."""

    def show(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z / 2)


class CarryFirstCell(nn.Module):
    """As in Flax: the carry (c, h) goes first, in and out."""

    def __init__(self, in_features: int, features: int) -> None:
        super().__init__()
        self.x2 = nn.ModuleDict({gate: nn.Linear(in_features, features, bias=False) for gate in "ifgo"})
        self.h2 = nn.ModuleDict({gate: nn.Linear(features, features) for gate in "ifgo"})

    def pack(self, c: Tensor, h: Tensor) -> States:
        """The new carry."""
        return c, h

    def forward(self, carry: States, x: Tensor) -> tuple[States, Tensor]:
        c, h = carry
        i, f, g, o = (self.x2[gate](x) + self.h2[gate](h) for gate in "ifgo")
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return self.pack(c, h), h


class CarryFirstCellFaulty(CarryFirstCell):
    """The carry in the other order."""

    def pack(self, c: Tensor, h: Tensor) -> States:
        return h, c
