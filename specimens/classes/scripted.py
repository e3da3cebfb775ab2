"""LSTMs for TorchScript, and one that inherits from nn.LSTM."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class ScriptLSTMCell(nn.Module):
    """A cell for torch.jit.script, as in its benchmarks; the output and the states."""

    __constants__ = ("hidden_size", "input_size")

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.randn(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.randn(4 * hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.randn(4 * hidden_size))
        self.bias_hh = nn.Parameter(torch.randn(4 * hidden_size))

    def sums(self, input: Tensor, hx: Tensor) -> Tensor:
        """The sums of all gates."""
        return torch.mm(input, self.weight_ih.t()) + self.bias_ih + torch.mm(hx, self.weight_hh.t()) + self.bias_hh

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        hx, cx = state
        ingate, forgetgate, cellgate, outgate = self.sums(input, hx).chunk(4, 1)
        cy = (torch.sigmoid(forgetgate) * cx) + (torch.sigmoid(ingate) * torch.tanh(cellgate))
        hy = torch.sigmoid(outgate) * torch.tanh(cy)
        return hy, (hy, cy)


class ScriptLSTMCellFaulty(ScriptLSTMCell):
    """The sums normalised over their features."""

    def sums(self, input: Tensor, hx: Tensor) -> Tensor:
        gates = torch.mm(input, self.weight_ih.t()) + self.bias_ih + torch.mm(hx, self.weight_hh.t()) + self.bias_hh
        return F.layer_norm(gates, [gates.size(1)])


class ScriptableLSTM(nn.Module):
    """Typed for torch.jit.script: layers of two nn.Linear; time first."""

    def __init__(self, input_dim: int, output_dim: int, depth: int = 2) -> None:
        super().__init__()
        self.output_dim = output_dim
        self.depth = depth
        self.ih = nn.ModuleList([nn.Linear(output_dim if k else input_dim, 4 * output_dim) for k in range(depth)])
        self.hh = nn.ModuleList([nn.Linear(output_dim, 4 * output_dim, bias=False) for k in range(depth)])

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        if state is None:
            zeros = torch.zeros(self.depth, x.size(1), self.output_dim, dtype=x.dtype, device=x.device)
            state = (zeros, zeros)
        hs: list[Tensor] = []
        cs: list[Tensor] = []
        outputs: list[Tensor] = [x]
        for k, (ih, hh) in enumerate(zip(self.ih, self.hh)):  # noqa: B905
            h, c = state[0][k], state[1][k]
            steps: list[Tensor] = []
            for z in ih(outputs[-1]).unbind(0):
                i, f, o, g = (z + hh(h)).chunk(4, dim=1)
                c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                h = torch.sigmoid(o) * torch.tanh(c)
                steps.append(h)
            outputs.append(torch.stack(steps))
            hs.append(h)
            cs.append(c)
        return self.choose(outputs), (torch.stack(hs), torch.stack(cs))

    def choose(self, outputs: list[Tensor]) -> Tensor:
        """The output of the last layer."""
        return outputs[-1]


class ScriptableLSTMFaulty(ScriptableLSTM):
    """The output of the first layer."""

    def choose(self, outputs: list[Tensor]) -> Tensor:
        return outputs[1]


class HandUnrolledLSTM(nn.LSTM):
    """nn.LSTM's constructor and parameters, and a loop in Python."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.proj_size:
            raise NotImplementedError("no projections")

    def biases(self, pair: Sequence[Tensor]) -> Tensor | None:
        """Both together."""
        return pair[0] + pair[1] if pair else None

    def forward(self, input, hx=None):  # type: ignore[no-untyped-def]
        """As nn.LSTM, for batches."""
        x = input.transpose(0, 1) if self.batch_first else input
        if hx is None:
            hx = (x.new_zeros(len(self.all_weights), x.size(1), self.hidden_size),) * 2
        directions = 2 if self.bidirectional else 1
        h_n, c_n, outs = [], [], []
        for index, (w_ih, w_hh, *pair) in enumerate(self.all_weights):
            h, c = hx[0][index], hx[1][index]
            backwards = index % directions == 1
            z = F.linear(x.flip(0) if backwards else x, w_ih, self.biases(pair))
            ys = []
            for t in range(len(z)):
                i, f, g, o = (z[t] + h @ w_hh.t()).chunk(4, -1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                ys.append(h)
            outs.append(torch.stack(ys[::-1] if backwards else ys))
            h_n.append(h)
            c_n.append(c)
            if len(outs) == directions:
                x, outs = torch.cat(outs, -1), []
                if index + 1 < len(self.all_weights):
                    x = F.dropout(x, self.dropout, self.training)
        return (x.transpose(0, 1) if self.batch_first else x), (torch.stack(h_n), torch.stack(c_n))


class HandUnrolledLSTMFaulty(HandUnrolledLSTM):
    """bias_hh forgotten."""

    def biases(self, pair: Sequence[Tensor]) -> Tensor | None:
        return pair[0] if pair else None
