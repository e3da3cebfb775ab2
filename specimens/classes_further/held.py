"""LSTMs whose weights are held in unusual ways: by heads, in one vector, in slices, in a list without names."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

States = tuple[Tensor, Tensor]


class HeadsLSTM(nn.Module):
    """Units in heads, as in attention, each of which reads every head; batch first."""

    def __init__(self, d_model: int, d_hidden: int, num_heads: int = 1) -> None:
        super().__init__()
        self.heads, self.head_dim = num_heads, d_hidden // num_heads
        self.kernel = nn.Parameter(torch.zeros(d_model, num_heads, self.head_dim, 4))
        self.recurrent = nn.Parameter(torch.zeros(num_heads, self.head_dim, num_heads, self.head_dim, 4))
        self.bias = nn.Parameter(torch.zeros(num_heads, self.head_dim, 4))

    def show(self, z: Tensor) -> Tensor:
        """The output gate."""
        return torch.sigmoid(z)

    def forward(self, x: Tensor, state: States | None = None) -> tuple[Tensor, States]:
        shape = x.size(0), self.heads, self.head_dim
        h, c = (x.new_zeros(shape),) * 2 if state is None else (s.reshape(shape) for s in state)
        from_x = torch.einsum("bti,inda->btnda", x, self.kernel) + self.bias
        steps = []
        for t in range(x.size(1)):
            z = from_x[:, t] + torch.einsum("bmk,mknda->bnda", h, self.recurrent)
            i, f, g, o = z.unbind(-1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = self.show(o) * c.tanh()
            steps.append(h.flatten(1))
        return torch.stack(steps, 1), (h.flatten(1), c.flatten(1))


class HeadsLSTMFaulty(HeadsLSTM):
    """A clipped sum."""

    def show(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z.clamp(-1, 1))


class FlatStackLSTM(nn.Module):
    """All weights of all layers in one vector, as cuDNN has them: every matrix, then every bias; time first."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bidirectional: bool = False) -> None:
        super().__init__()
        self.hidden_size, self.num_layers, self.directions = hidden_size, num_layers, 2 if bidirectional else 1
        rows = 4 * hidden_size
        widths = [input_size if k == 0 else self.directions * hidden_size for k in range(num_layers)]
        columns = [n for width in widths for _ in range(self.directions) for n in (width, hidden_size)]
        self.shapes: list[tuple[int, ...]] = [(rows, n) for n in columns]
        self.shapes += [(rows,)] * (2 * self.directions * num_layers)
        self.flat_weights = nn.Parameter(torch.zeros(sum(torch.Size(shape).numel() for shape in self.shapes)))

    def biases_of(self, slot: int) -> int:
        """The slot whose biases a layer and direction reads."""
        return slot

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        sizes = [torch.Size(shape).numel() for shape in self.shapes]
        parts = [p.view(s) for p, s in zip(self.flat_weights.split(sizes), self.shapes, strict=True)]
        slots = self.num_layers * self.directions
        h_0, c_0 = (x.new_zeros(slots, x.shape[1], self.hidden_size),) * 2 if hx is None else hx
        h_n, c_n = [], []
        for layer in range(self.num_layers):
            sides = []
            for side in range(self.directions):
                k = layer * self.directions + side
                matrices, own = parts[2 * k : 2 * k + 2], self.biases_of(k)
                b = parts[2 * slots + 2 * own : 2 * slots + 2 * own + 2]
                out, h, c = self.run(x.flip(0) if side else x, h_0[k], c_0[k], [*matrices, *b])
                sides.append(out.flip(0) if side else out)
                h_n.append(h)
                c_n.append(c)
            x = torch.cat(sides, -1)
        return x, (torch.stack(h_n), torch.stack(c_n))

    def run(self, x: Tensor, h: Tensor, c: Tensor, weights: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """One layer in one direction."""
        w, u, b, d = weights
        seen = []
        for frame in x:
            i, f, g, o = (F.linear(frame, w, b) + F.linear(h, u, d)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            seen.append(h)
        return torch.stack(seen), h, c


class FlatStackLSTMFaulty(FlatStackLSTM):
    """A wrong offset for the reverse direction's biases."""

    def biases_of(self, slot: int) -> int:
        return slot - slot % self.directions


class KernelSlicesLSTM(nn.Module):
    """One matrix for all that is multiplied with the projected state: gates, then the projection; batch first."""

    def __init__(self, n_in: int, n_cell: int, n_proj: int) -> None:
        super().__init__()
        self.n_cell, self.n_proj = n_cell, n_proj
        self.kernel = nn.Parameter(torch.zeros(n_in, 4 * n_cell))
        self.recurrent_kernel = nn.Parameter(torch.zeros(n_proj, 5 * n_cell))
        self.bias = nn.Parameter(torch.zeros(4 * n_cell))

    def squash(self, z: Tensor) -> Tensor:
        """The candidate."""
        return torch.tanh(z)

    def forward(self, x: Tensor, state: States | None = None) -> tuple[Tensor, States]:
        u, w_p = self.recurrent_kernel[:, : 4 * self.n_cell], self.recurrent_kernel[:, 4 * self.n_cell :]
        h, c = state or (x.new_zeros(len(x), self.n_proj), x.new_zeros(len(x), self.n_cell))
        ys = []
        for x_t in x.unbind(1):
            i, f, g, o = torch.split(x_t @ self.kernel + h @ u + self.bias, self.n_cell, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * self.squash(g)
            h = (torch.sigmoid(o) * torch.tanh(c)) @ w_p.t()
            ys.append(h)
        return torch.stack(ys, 1), (h, c)


class KernelSlicesLSTMFaulty(KernelSlicesLSTM):
    """Another activation."""

    def squash(self, z: Tensor) -> Tensor:
        return F.softsign(z)


class ParameterListLSTM(nn.Module):
    """Twelve parameters in a list: for each of f, i, o, c a matrix on x, one on h, and a bias; batch first."""

    def __init__(self, in_dim: int, hid_dim: int) -> None:
        super().__init__()
        shapes = [(in_dim, hid_dim), (hid_dim, hid_dim), (hid_dim,)]
        self.theta = nn.ParameterList([nn.Parameter(torch.zeros(shape)) for _ in range(4) for shape in shapes])
        self.hid_dim = hid_dim

    def net(self, k: int, x: Tensor, h: Tensor) -> Tensor:
        """The sum of a gate."""
        return x @ self.theta[3 * k] + h @ self.theta[3 * k + 1] + self.theta[3 * k + 2]

    def keep(self, z: Tensor) -> Tensor:
        """The forget gate."""
        return torch.sigmoid(z)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = c = torch.zeros(x.size(0), self.hid_dim, dtype=x.dtype, device=x.device)
        outputs = torch.zeros(x.size(0), x.size(1), self.hid_dim, dtype=x.dtype, device=x.device)
        for t in range(x.size(1)):
            f, i, o, g = (self.net(k, x[:, t], h) for k in range(4))
            c = self.keep(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs[:, t] = h
        return outputs, h, c


class ParameterListLSTMFaulty(ParameterListLSTM):
    """A bias that the initialisation had already."""

    def keep(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z + 1)
