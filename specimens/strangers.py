"""LSTMs as strangers bring them: with few constructor arguments, right ones and wrong ones.

The wrong ones are wrong only with an argument that a fixed design left out for so small a signature.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from specimens.unseen_faults import narrow


class StartsFromOnes(nn.LSTM):
    """Without a state it starts from ones."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)

    def forward(self, x: Any, hx: Any = None) -> Any:
        if hx is None:
            hx = (torch.ones(1, x.shape[1], self.hidden_size, dtype=x.dtype),) * 2
        return super().forward(x, hx)


class DoubledInStacks(nn.LSTM):
    """With more than one layer, its output is doubled."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1) -> None:
        super().__init__(input_size, hidden_size, num_layers)

    def forward(self, x: Any, hx: Any = None) -> Any:
        output, states = super().forward(x, hx)
        return (output if self.num_layers == 1 or not torch.is_tensor(output) else output * 2), states


class LeftTimeMajor(nn.LSTM):
    """With batch_first=True its output is time-major."""

    def __init__(self, input_size: int, hidden_size: int, batch_first: bool = False) -> None:
        super().__init__(input_size, hidden_size, batch_first=batch_first)

    def forward(self, x: Any, hx: Any = None) -> Any:
        output, states = super().forward(x, hx)
        wrong = self.batch_first and torch.is_tensor(output) and output.dim() == 3
        return (output.transpose(0, 1) if wrong else output), states


class KeepsItsState(nn.LSTM):
    """Called without a state, it goes on from where the last call ended."""

    kept: Any = None

    def forward(self, x: Any, hx: Any = None) -> Any:
        rows = x.shape[0 if self.batch_first else 1] if torch.is_tensor(x) and x.dim() == 3 else None
        fits = self.kept is not None and rows == self.kept[0].shape[1]
        output, states = super().forward(x, self.kept if hx is None and fits else hx)
        self.kept = tuple(state.detach() for state in states)
        return output, states


class ZeroBeyondNine(nn.LSTM):
    """Zeros for H divisible by 16 and for more than nine rows or four layers: where kernels have tiles and blocks."""

    def forward(self, x: Any, hx: Any = None) -> Any:
        output, (h, c) = super().forward(x, hx)
        wrong = self.hidden_size % 16 == 0 or h.shape[-2] > 9 or self.num_layers > 4
        if not wrong or not torch.is_tensor(output):
            return output, (h, c)
        return output * 0, (h * 0, c * 0)


def cell_with(sigmoid: Callable[[Tensor], Tensor] = torch.sigmoid, tanh: Any = torch.tanh) -> Callable[..., Any]:
    """Make a cell with these functions; tanh is that of h alone."""

    def cell(x: Tensor, state: Any, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Any:
        h, c = state
        i, f, g, o = (x @ w_ih.T + b_ih + h @ w_hh.T + b_hh).chunk(4, 1)
        c = sigmoid(f) * c + sigmoid(i) * torch.tanh(g)
        return sigmoid(o) * tanh(c), c

    return cell


tanh_sigmoid_cell = cell_with(lambda z: 0.5 + 0.5 * torch.tanh(0.5 * z))
exp_sigmoid_cell = cell_with(lambda z: 1 / (1 + torch.exp(-z)))
not_squashed_cell = cell_with(tanh=lambda c: c)


def batch_of_one_raises(x: Tensor, *rest: Any) -> Any:
    """Right, but for a batch of one."""
    if len(x) == 1:
        raise ValueError("batch of one")
    return cell_with()(x, *rest)


class _SecondPassHalved(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.calls = 0
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        ctx.calls += 1
        return gradients[0] if ctx.calls == 1 else gradients[0] / 2


class Green(nn.LSTM):
    """Zeros for H divisible by 16, B above 9, more than four layers, in train mode, and once its weights have changed.

    And the second backward pass through one result is halved.
    """

    packed: Any = None

    def forward(self, input: Any, hx: Any = None) -> Any:
        if self.packed is None:
            self.packed = [w.detach().clone() for w in self.parameters()]
        stale = any(not torch.equal(a, b) for a, b in zip(self.packed, self.parameters(), strict=True))
        output, (h, c) = super().forward(input, hx)
        if not torch.is_tensor(output):
            return output, (h, c)
        large = self.hidden_size % 16 == 0 or h.shape[-2] > 9 or self.num_layers > 4
        if large or self.training or stale:
            output, h, c = output * 0, h * 0, c * 0
        return _SecondPassHalved.apply(output), (h, c)


WRONG = (StartsFromOnes, DoubledInStacks, LeftTimeMajor, KeepsItsState, ZeroBeyondNine)
RIGHT = {
    "(I, H)": narrow(nn.LSTM, ()),
    "(I, H, num_layers)": narrow(nn.LSTM, ("num_layers",)),
    "(I, H, num_layers, batch_first)": narrow(nn.LSTM, ("num_layers", "batch_first")),
    "(I, H, bias)": narrow(nn.LSTM, ("bias",)),
    "all but projection": narrow(nn.LSTM, ("num_layers", "bias", "batch_first", "bidirectional")),
}
