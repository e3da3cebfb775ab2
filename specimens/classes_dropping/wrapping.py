"""Stacks of torch's own layers and others, whose dropout is set or switched on in unusual ways."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

States = tuple[Tensor, Tensor]


@dataclass
class Config:
    """What a model is made of."""

    d_input: int = 8
    d_hidden: int = 8
    n_layers: int = 1
    dropout: float = 0.1


class ModuleListLSTM(nn.Module):
    """One nn.LSTM for each layer; batch first."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        sizes = [config.d_input] + [config.d_hidden] * (config.n_layers - 1)
        self.rnns = nn.ModuleList([self.make(size, config) for size in sizes])
        self.drop = nn.Dropout(config.dropout)

    def make(self, size: int, config: Config) -> nn.LSTM:
        """One layer."""
        return nn.LSTM(size, config.d_hidden, batch_first=True)

    def between(self, x: Tensor) -> Tensor:
        """What the next layer reads."""
        return self.drop(x)

    def forward(self, x: Tensor, state: States | None = None) -> tuple[Tensor, States]:
        h_n, c_n = [], []
        for k, rnn in enumerate(self.rnns):
            x, (h, c) = rnn(x, None if state is None else (state[0][k : k + 1], state[1][k : k + 1]))
            x = self.between(x) if k + 1 < len(self.rnns) else x
            h_n.append(h)
            c_n.append(c)
        return x, (torch.cat(h_n), torch.cat(c_n))


class ModuleListLSTMFaulty(ModuleListLSTM):
    """torch warns of it."""

    def make(self, size: int, config: Config) -> nn.LSTM:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return nn.LSTM(size, config.d_hidden, batch_first=True, dropout=config.dropout)

    def between(self, x: Tensor) -> Tensor:
        return x


class OutputOnlyLSTM(nn.Module):
    """A body that keeps its states to itself; batch first."""

    def __init__(self, in_features: int, units: int, num_layers: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.units = units
        self.cells = nn.ModuleList([nn.LSTMCell(units if k else in_features, units) for k in range(num_layers)])
        self.dropout = nn.Dropout(dropout)

    def leave(self, x: Tensor) -> Tensor:
        """The output."""
        return x

    def forward(self, x: Tensor) -> Tensor:
        for k, cell in enumerate(self.cells):
            h = c = x.new_zeros(x.size(0), self.units)
            out = []
            for x_t in (self.dropout(x) if k else x).unbind(1):
                h, c = cell(x_t, (h, c))
                out.append(h)
            x = torch.stack(out, 1)
        return self.leave(x)


class OutputOnlyLSTMFaulty(OutputOnlyLSTM):
    """Dropped once more."""

    def leave(self, x: Tensor) -> Tensor:
        return self.dropout(x)


class DropListLSTM(nn.Module):
    """Three layers, two places between them; time first."""

    def __init__(self, input_size: int, hidden_size: int, drop_prob: float = 0.2) -> None:
        super().__init__()
        sizes = (input_size, hidden_size, hidden_size)
        self.blocks = nn.ModuleList([nn.LSTM(size, hidden_size) for size in sizes])
        self.drops = nn.ModuleList([nn.Dropout(drop_prob), nn.Dropout(drop_prob)])

    def dropped(self) -> int:
        """How many layers are dropped after."""
        return len(self.drops)

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        ends = []
        for k, block in enumerate(self.blocks):
            x, end = block(x, hx and (hx[0][k, None], hx[1][k, None]))
            ends.append(end)
            if k < self.dropped():
                x = self.drops[k](x)
        return x, (torch.cat([h for h, _ in ends]), torch.cat([c for _, c in ends]))


class DropListLSTMFaulty(DropListLSTM):
    """Off by one."""

    def dropped(self) -> int:
        return len(self.drops) - 1


class HardCodedLSTM(nn.Module):
    """A rate that stands in the code; time first."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1) -> None:
        super().__init__()
        self.stack = nn.ModuleList([nn.LSTM(hidden_size if k else input_size, hidden_size) for k in range(num_layers)])

    def thin(self, x: Tensor) -> Tensor:
        """What the next layer reads."""
        return F.dropout(x, 0.25, training=self.training)

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        ends = []
        for k, layer in enumerate(self.stack):
            x, end = layer(self.thin(x) if k else x, hx and (hx[0][k, None], hx[1][k, None]))
            ends.append(end)
        return x, (torch.cat([h for h, _ in ends]), torch.cat([c for _, c in ends]))


class HardCodedLSTMFaulty(HardCodedLSTM):
    """The default of functional.dropout."""

    def thin(self, x: Tensor) -> Tensor:
        return F.dropout(x, 0.25)


class TrainingFlagLSTM(nn.Module):
    """As in Keras, a call says whether it is one of training; batch first."""

    def __init__(self, units_in: int, units: int, num_layers: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.units, self.rate = units, dropout
        self.kernels = nn.ModuleList([nn.Linear(units if k else units_in, 4 * units) for k in range(num_layers)])
        self.recurrent = nn.ModuleList([nn.Linear(units, 4 * units, bias=False) for _ in range(num_layers)])

    def drops(self, layer: int) -> bool:
        """Whether what a layer reads is dropped."""
        return layer > 0

    def forward(self, x: Tensor, state: States | None = None, training: bool = False) -> tuple[Tensor, States]:
        zeros = x.new_zeros(len(self.kernels), len(x), self.units)
        h, c = (list(s.unbind()) for s in (state or (zeros, zeros)))
        for k, (kernel, recurrent) in enumerate(zip(self.kernels, self.recurrent, strict=True)):
            x = F.dropout(x, self.rate, training and self.drops(k))
            out = []
            for z in kernel(x).unbind(1):
                i, f, g, o = (z + recurrent(h[k])).chunk(4, 1)
                c[k] = f.sigmoid() * c[k] + i.sigmoid() * g.tanh()
                h[k] = o.sigmoid() * c[k].tanh()
                out.append(h[k])
            x = torch.stack(out, 1)
        return x, (torch.stack(h), torch.stack(c))


class TrainingFlagLSTMFaulty(TrainingFlagLSTM):
    """The input as well."""

    def drops(self, layer: int) -> bool:
        return True


class NumpyDropLSTM:
    """In NumPy; time first."""

    def __init__(self, n_in: int, n_out: int, n_layers: int = 1, dropout: float = 0.0) -> None:
        self.n_out, self.rate, self.is_training = n_out, dropout, False
        self.W = [np.zeros(((n_out if k else n_in) + n_out, 4 * n_out)) for k in range(n_layers)]
        self.b = [np.zeros(4 * n_out) for _ in range(n_layers)]

    def scale(self) -> float:
        """What is kept is divided by this."""
        return 1.0 - self.rate

    def forward(self, x: Any, h0: Any, c0: Any) -> tuple[Any, Any, Any]:
        h, c = list(h0), list(c0)
        for k, (w, b) in enumerate(zip(self.W, self.b, strict=True)):
            if k and self.is_training:
                x = x * (np.random.rand(*x.shape) >= self.rate) / self.scale()  # noqa: NPY002 (as people do)
            out = []
            for x_t in x:
                i, f, g, o = np.split(np.concatenate([x_t, h[k]], -1) @ w + b, 4, -1)
                c[k] = c[k] / (1.0 + np.exp(-f)) + np.tanh(g) / (1.0 + np.exp(-i))
                h[k] = np.tanh(c[k]) / (1.0 + np.exp(-o))
                out.append(h[k])
            x = np.stack(out)
        return x, np.stack(h), np.stack(c)


class NumpyDropLSTMFaulty(NumpyDropLSTM):
    """Not at all."""

    def scale(self) -> float:
        return 1.0
