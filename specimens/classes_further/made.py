"""LSTMs that are made in unusual ways: of `args`, of scripted cells, of objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

States = tuple[Tensor, Tensor]
Array = NDArray[Any]


class ArgsLSTM(nn.Module):
    """Everything in args, as training scripts hand them on; time first."""

    def __init__(self, args: Any) -> None:
        super().__init__()
        self.args = args
        self.inputs = nn.Linear(args.n_features, 4 * args.rnn_size)
        self.hiddens = nn.Linear(args.rnn_size, 4 * args.rnn_size)

    def show(self, c: Tensor) -> Tensor:
        """What of c is shown."""
        return torch.tanh(c)

    def forward(self, x: Tensor, state: States | None = None) -> tuple[Tensor, States]:
        if state is None:
            state = x.new_zeros(x.size(1), self.args.rnn_size), x.new_zeros(x.size(1), self.args.rnn_size)
        h, c = state
        res = []
        for x_t in x:
            i, f, o, g = torch.chunk(self.inputs(x_t) + self.hiddens(h), 4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * self.show(c)
            res.append(h)
        return torch.stack(res), (h, c)


class ArgsLSTMFaulty(ArgsLSTM):
    """Another activation."""

    def show(self, c: Tensor) -> Tensor:
        return torch.sigmoid(c)


class Cell(nn.Module):
    """A cell that can be scripted."""

    def __init__(self, input_size: int, hidden_size: int, limit: float) -> None:
        super().__init__()
        self.weight_ih = nn.Parameter(torch.zeros(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.zeros(4 * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        self.limit = limit

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        z = torch.mm(x, self.weight_ih.t()) + torch.mm(h, self.weight_hh.t()) + self.bias
        i, f, g, o = z.chunk(4, 1)
        new_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        if self.limit > 0:
            new_c = new_c.clamp(-self.limit, self.limit)
        return torch.sigmoid(o) * torch.tanh(new_c), new_c


class JitCellLSTM(nn.Module):
    """A loop over scripted cells; batch first."""

    limit = 0.0

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.cells = nn.ModuleList(
            torch.jit.script(Cell(hidden_size if k else input_size, hidden_size, self.limit)) for k in range(num_layers)
        )

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        if hx is None:
            zeros = x.new_zeros(len(self.cells), x.size(0), self.hidden_size)
            hx = zeros, zeros
        hs, cs = list(hx[0]), list(hx[1])
        outputs = []
        for step in x.unbind(1):
            for k, cell in enumerate(self.cells):
                hs[k], cs[k] = cell(step, hs[k], cs[k])
                step = hs[k]
            outputs.append(step)
        return torch.stack(outputs, 1), (torch.stack(hs), torch.stack(cs))


class JitCellLSTMFaulty(JitCellLSTM):
    """A clipped cell state."""

    limit = 1.0


@dataclass
class LSTMState:
    """What is carried from call to call."""

    h: Tensor
    c: Tensor


class StateObjectLSTM(nn.Module):
    """States as an object; time first."""

    def __init__(self, feature_size: int, state_size: int) -> None:
        super().__init__()
        self.state_size = state_size
        self.joint = nn.Linear(feature_size + state_size, 4 * state_size)

    def pick(self, states: list[LSTMState]) -> LSTMState:
        """The state that is returned, of all."""
        return states[-1]

    def forward(self, x: Tensor, state: LSTMState | None = None) -> tuple[Tensor, LSTMState]:
        if state is None:
            zeros = x.new_zeros(x.shape[1], self.state_size)
            state = LSTMState(zeros, zeros)
        states = [state]
        for x_t in x:
            f, i, o, g = self.joint(torch.cat((x_t, states[-1].h), -1)).chunk(4, -1)
            c = torch.sigmoid(f) * states[-1].c + torch.sigmoid(i) * torch.tanh(g)
            states.append(LSTMState(torch.sigmoid(o) * torch.tanh(c), c))
        return torch.stack([s.h for s in states[1:]]), self.pick(states)


class StateObjectLSTMFaulty(StateObjectLSTM):
    """One step too early."""

    def pick(self, states: list[LSTMState]) -> LSTMState:
        return states[-2]


class NumpyLayer:
    """One layer, with its own arrays."""

    def __init__(self, n_in: int, n_out: int, rng: np.random.Generator) -> None:
        self.Wx = rng.standard_normal((n_in, 4 * n_out)) * 0.1
        self.Wh = rng.standard_normal((n_out, 4 * n_out)) * 0.1
        self.b = np.zeros(4 * n_out)

    def step(self, x: Array, h: Array, c: Array, write: Any) -> tuple[Array, Array]:
        """The next h and c."""
        f, i, g, o = np.split(x @ self.Wx + h @ self.Wh + self.b, 4, axis=-1)
        c = c / (1 + np.exp(-f)) + write(i) * np.tanh(g)
        return np.tanh(c) / (1 + np.exp(-o)), c


class NestedNumpyLSTM:
    """A list of layers, each an object; time first."""

    def __init__(self, input_dim: int, hidden_dim: int, n_layers: int = 2) -> None:
        rng = np.random.default_rng()
        self.hidden_dim = hidden_dim
        self.layers = [NumpyLayer(hidden_dim if k else input_dim, hidden_dim, rng) for k in range(n_layers)]

    def write(self, z: Array) -> Array:
        """The input gate."""
        return 1 / (1 + np.exp(-z))

    def forward(self, x: Array, states: list[tuple[Array, Array]] | None = None) -> tuple[Array, Any]:
        """The output of the last layer, and (h, c) of every layer."""
        zeros = np.zeros((x.shape[1], self.hidden_dim), x.dtype)
        states = [(zeros, zeros)] * len(self.layers) if states is None else states
        new = []
        for layer, (h, c) in zip(self.layers, states, strict=True):
            out = []
            for frame in x:
                h, c = layer.step(frame, h, c, self.write)
                out.append(h)
            x = np.stack(out)
            new.append((h, c))
        return x, new


class NestedNumpyLSTMFaulty(NestedNumpyLSTM):
    """A cheaper gate."""

    def write(self, z: Array) -> Array:
        return np.clip(z / 6 + 0.5, 0, 1)
