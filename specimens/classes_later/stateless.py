"""LSTMs that take no states."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[Any]


class LastOnlyLSTM(nn.Module):
    """For classifiers: the last hidden state alone; gates o, f, i, g; batch first."""

    def __init__(self, in_features: int, hidden_features: int) -> None:
        super().__init__()
        self.hidden_features = hidden_features
        self.input_map = nn.Linear(in_features, 4 * hidden_features)
        self.hidden_map = nn.Linear(hidden_features, 4 * hidden_features, bias=False)

    keep = staticmethod(torch.sigmoid)

    def forward(self, inputs: Tensor) -> Tensor:
        h = c = inputs.new_zeros(len(inputs), self.hidden_features)
        for step in range(inputs.size(1)):
            o, f, i, g = (self.input_map(inputs[:, step]) + self.hidden_map(h)).chunk(4, 1)
            c = self.keep(f) * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return h


class LastOnlyLSTMFaulty(LastOnlyLSTM):
    """The forget gate through tanh."""

    keep = staticmethod(torch.tanh)


class LazyLSTM(nn.Module):
    """Knows its input size at the first call; time first."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.units = units
        self.kernel = nn.LazyLinear(4 * units)
        self.recurrent = nn.Linear(units, 4 * units, bias=False)

    squash = staticmethod(torch.tanh)

    def forward(self, x: Tensor) -> Tensor:
        h = c = torch.zeros(x.shape[1], self.units, dtype=x.dtype)
        seen = []
        for part in self.kernel(x):
            i, f, g, o = torch.split(part + self.recurrent(h), self.units, dim=-1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * self.squash(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            seen.append(h)
        return torch.stack(seen)


class LazyLSTMFaulty(LazyLSTM):
    """Softsign for the candidate."""

    squash = staticmethod(F.softsign)  # type: ignore[assignment]


class CellLoopLSTM(nn.Module):
    """A loop about nn.LSTMCell; batch first."""

    def __init__(self, input_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(input_dim, hidden_dim)

    def passed(self, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """The states of the next step."""
        return h, c

    def forward(self, x: Tensor) -> Tensor:
        h = c = x.new_zeros(x.size(0), self.cell.hidden_size)
        outs = []
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], self.passed(h, c))
            outs.append(h)
        return torch.stack(outs, dim=1)


class CellLoopLSTMFaulty(CellLoopLSTM):
    """States in the wrong order."""

    def passed(self, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        return c, h


class CellStackLSTM(nn.Module):
    """Layers of nn.LSTMCell; time first."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 2) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.cells = nn.ModuleList(
            nn.LSTMCell(hidden_size if layer else input_size, hidden_size) for layer in range(num_layers)
        )

    def begin(self, x: Tensor, below: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
        """The first states of a layer."""
        zeros = x.new_zeros(x.size(1), self.hidden_size)
        return zeros, zeros

    def forward(self, x: Tensor) -> Tensor:
        state = None
        for cell in self.cells:
            state = self.begin(x, state)
            outs = []
            for frame in x:
                state = cell(frame, state)
                outs.append(state[0])
            x = torch.stack(outs)
        return x


class CellStackLSTMFaulty(CellStackLSTM):
    """One layer's last states are the next one's first."""

    def begin(self, x: Tensor, below: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
        return super().begin(x, below) if below is None else below


class CoupledNamesLSTM(nn.Module):
    """A dict of parameters for each gate; a list of outputs; time first."""

    def __init__(self, n_input: int, n_hidden: int) -> None:
        super().__init__()
        self.n_hidden = n_hidden
        self.p = nn.ParameterDict()
        for gate in ("in", "forget", "cell", "out"):
            self.p[f"x_{gate}"] = nn.Parameter(torch.randn(n_input, n_hidden))
            self.p[f"h_{gate}"] = nn.Parameter(torch.randn(n_hidden, n_hidden))
            self.p[f"bias_{gate}"] = nn.Parameter(torch.zeros(1, n_hidden))

    def gate(self, name: str, x: Tensor, h: Tensor) -> Tensor:
        """The sum of one gate."""
        return x @ self.p[f"x_{name}"] + h @ self.p[f"h_{name}"] + self.p[f"bias_{name}"]

    def let_in(self, x: Tensor, h: Tensor) -> Tensor:
        """How much is written."""
        return torch.sigmoid(self.gate("in", x, h))

    def forward(self, seq: Tensor) -> list[Tensor]:
        h = c = seq.new_zeros(seq.shape[1], self.n_hidden)
        hidden = []
        for x in seq:
            keep, out = torch.sigmoid(self.gate("forget", x, h)), torch.sigmoid(self.gate("out", x, h))
            c = keep * c + self.let_in(x, h) * torch.tanh(self.gate("cell", x, h))
            h = out * torch.tanh(c)
            hidden.append(h)
        return hidden


class CoupledNamesLSTMFaulty(CoupledNamesLSTM):
    """What is written is what is forgotten."""

    def let_in(self, x: Tensor, h: Tensor) -> Tensor:
        return 1 - torch.sigmoid(self.gate("forget", x, h))


class RankThreeLSTM(nn.Module):
    """Weights with an axis for the gates: i, f, o, g; batch first."""

    def __init__(self, d_model: int, d_state: int) -> None:
        super().__init__()
        self.d_state = d_state
        self.w = nn.Parameter(torch.empty(4, d_state, d_model))
        self.r = nn.Parameter(torch.empty(4, d_state, d_state))
        self.b = nn.Parameter(torch.empty(4, d_state))
        for weight in (self.w, self.r, self.b):
            nn.init.normal_(weight, std=0.2)

    show = staticmethod(torch.tanh)

    def forward(self, x: Tensor) -> Tensor:
        wx = torch.einsum("bti,gui->tgbu", x, self.w)
        h = c = x.new_zeros(x.size(0), self.d_state)
        outs = []
        for part in wx:
            i, f, o, g = part + torch.einsum("bh,guh->gbu", h, self.r) + self.b[:, None]
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * self.show(c)
            outs.append(h)
        return torch.stack(outs, 1)


class RankThreeLSTMFaulty(RankThreeLSTM):
    """The cell state is rectified."""

    show = staticmethod(torch.relu)  # type: ignore[assignment]


class FeatureFirstLSTM(nn.Module):
    """One sequence of columns at a call, (feature, time) in and out."""

    forget_bias = 0.0

    def __init__(self, rows_in: int, rows_out: int) -> None:
        super().__init__()
        self.rows_out = rows_out
        self.weight = nn.Parameter(torch.randn(4 * rows_out, rows_in + rows_out) / 8)
        self.shift = nn.Parameter(torch.zeros(4 * rows_out, 1))

    def forward(self, columns: Tensor) -> Tensor:
        h = c = columns.new_zeros(self.rows_out, 1)
        seen = []
        for column in columns.split(1, dim=1):
            f, g, i, o = (self.weight @ torch.cat([column, h]) + self.shift).chunk(4)
            c = torch.sigmoid(f + self.forget_bias) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            seen.append(h)
        return torch.cat(seen, 1)


class FeatureFirstLSTMFaulty(FeatureFirstLSTM):
    """One added to the forget gate's sum."""

    forget_bias = 1.0


class NumpyBiLSTM:
    """Both directions; (batch, time, feature); outputs and cell states of every step."""

    def __init__(self, n_in: int, n_units: int) -> None:
        rng = np.random.default_rng(0)
        self.Wf, self.Wb = rng.standard_normal((2, 4 * n_units, n_in))
        self.Uf, self.Ub = rng.standard_normal((2, 4 * n_units, n_units))
        self.bf, self.bb = rng.standard_normal((2, 4 * n_units))

    def recurrent(self) -> tuple[Array, Array]:
        """The recurrent matrices of both."""
        return self.Uf, self.Ub

    def run(self, x: Array) -> tuple[Array, Array]:
        """Outputs (B, T, 2H) and cell states (B, T, 2H)."""
        forward, backward = self.recurrent()
        first = self.one_way(x, self.Wf, forward, self.bf)
        second = self.one_way(x[:, ::-1], self.Wb, backward, self.bb)
        hs, cs = (np.concatenate([one, other[:, ::-1]], 2) for one, other in zip(first, second, strict=True))
        return hs, cs

    def one_way(self, x: Array, w: Array, u: Array, b: Array) -> tuple[Array, Array]:
        """Hidden and cell states in the order of reading."""
        h = c = np.zeros((len(x), u.shape[1]), x.dtype)
        hs, cs = [], []
        for t in range(x.shape[1]):
            i, f, g, o = np.split(x[:, t] @ w.T + h @ u.T + b, 4, axis=1)
            c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            h = np.tanh(c) / (1 + np.exp(-o))
            hs.append(h)
            cs.append(c)
        return np.stack(hs, 1), np.stack(cs, 1)


class NumpyBiLSTMFaulty(NumpyBiLSTM):
    """One recurrent matrix for both."""

    def recurrent(self) -> tuple[Array, Array]:
        return self.Uf, self.Uf
