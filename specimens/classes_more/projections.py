"""Classes that always have a projection, or may have one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

States = tuple[Tensor, Tensor]


class ProjectedLSTM(nn.Module):
    """Hidden states of a size of their own; time first."""

    def __init__(self, input_size: int, hidden_size: int, proj_size: int) -> None:
        super().__init__()
        self.sizes = proj_size, hidden_size
        self.w_ih = nn.Parameter(torch.zeros(4 * hidden_size, input_size))
        self.w_hh = nn.Parameter(torch.zeros(4 * hidden_size, proj_size))
        self.b = nn.Parameter(torch.zeros(4 * hidden_size))
        self.w_hr = nn.Parameter(torch.zeros(proj_size, hidden_size))

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        h, c = hx if hx is not None else (x.new_zeros(x.shape[1], size) for size in self.sizes)
        seen = []
        for frame in x:
            i, f, g, o = (frame @ self.w_ih.T + h @ self.w_hh.T + self.b).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = self.project(torch.sigmoid(o) * torch.tanh(c))
            seen.append(h)
        return torch.stack(seen), (h, c)

    def project(self, m: Tensor) -> Tensor:
        """The smaller state."""
        return m @ self.w_hr.T


class ProjectedLSTMFaulty(ProjectedLSTM):
    """A tanh too many."""

    def project(self, m: Tensor) -> Tensor:
        return torch.tanh(super().project(m))


class LSTMPCell(nn.Module):
    """After TensorFlow's LSTMCell: one kernel on [x, m], gates i, j, f, o, a projection if num_proj is given."""

    forget_bias = 0.0

    def __init__(self, input_depth: int, num_units: int, num_proj: int | None = None) -> None:
        super().__init__()
        width = num_units if num_proj is None else num_proj
        self.kernel = nn.Parameter(torch.zeros(input_depth + width, 4 * num_units))
        self.bias = nn.Parameter(torch.zeros(4 * num_units))
        self.projection = None if num_proj is None else nn.Parameter(torch.zeros(num_units, num_proj))

    def forward(self, inputs: Tensor, state: States) -> tuple[Tensor, States]:
        c_prev, m_prev = state
        i, j, f, o = torch.chunk(torch.cat([inputs, m_prev], 1) @ self.kernel + self.bias, 4, dim=1)
        c = torch.sigmoid(f + self.forget_bias) * c_prev + torch.sigmoid(i) * torch.tanh(j)
        m = torch.sigmoid(o) * torch.tanh(c)
        if self.projection is not None:
            m = m @ self.projection
        return m, (c, m)


class LSTMPCellFaulty(LSTMPCell):
    """One is added to the forget gate's sum."""

    forget_bias = 1.0


class AcousticLSTM(nn.Module):
    """As in speech recognisers: cells, and fewer recurrent units; batch first, three results."""

    def __init__(self, n_in: int, n_cell: int, recurrent_size: int) -> None:
        super().__init__()
        self.n_cell, self.recurrent_size = n_cell, recurrent_size
        self.x2h = nn.Linear(n_in, 4 * n_cell)
        self.r2h = nn.Linear(recurrent_size, 4 * n_cell, bias=False)
        self.to_recurrent = nn.Linear(n_cell, recurrent_size, bias=False)

    def forward(self, x: Tensor, r0: Tensor | None = None, c0: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        r = x.new_zeros(len(x), self.recurrent_size) if r0 is None else r0
        c = x.new_zeros(len(x), self.n_cell) if c0 is None else c0
        seen = []
        for frame in x.unbind(1):
            i, f, o, g = (self.x2h(frame) + self.r2h(r)).chunk(4, -1)
            c = self.clip(torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g))
            r = self.to_recurrent(torch.sigmoid(o) * torch.tanh(c))
            seen.append(r)
        return torch.stack(seen, 1), r, c

    def clip(self, c: Tensor) -> Tensor:
        """Nothing is clipped."""
        return c


class AcousticLSTMFaulty(AcousticLSTM):
    """The cell state clipped at one."""

    def clip(self, c: Tensor) -> Tensor:
        return c.clamp(-1, 1)
