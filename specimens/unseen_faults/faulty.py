"""An LSTM that is nn.LSTM but for one fault, and when the fault shows: in a call that is described by `Call`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

Three = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Call:
    """One call of an LSTM: its module, the input (T, B, I) or packed data (N, I), and states (L*D, B, .)."""

    lstm: Any
    x: Tensor
    h: Tensor
    c: Tensor
    sizes: Tensor | None  # batch_sizes of a packed input
    given: bool  # whether hx was given
    unbatched: bool
    count: int  # calls of this module before

    @property
    def steps(self) -> int:
        """T, or the longest length."""
        return len(self.x) if self.sizes is None else len(self.sizes)

    @property
    def rows(self) -> int:
        """B."""
        return self.h.shape[1]


def always(_: Call) -> bool:
    """Whether the fault shows: in every call."""
    return True


@dataclass(frozen=True)
class Fault:
    """When an LSTM is wrong, and what it does then.

    before: (x, h, c) -> (x, h, c) ahead of the call; weights: the list that nn.LSTM keeps in `_flat_weights`; after:
    (output, h_n, c_n) -> the same, the output being (T, B, D*P) or packed data.
    """

    name: str
    when: Callable[[Call], bool] = always
    before: Callable[[Call, Three], Three] | None = None
    weights: Callable[[Call, list[Tensor]], list[Tensor]] | None = None
    after: Callable[[Call, Three], Three] | None = None
    kind: str = ""
    needs: tuple[str, ...] = ()  # the arguments without which it cannot show

    def shows_in(self, names: Sequence[str]) -> bool:
        """Whether a class with these arguments is wrong."""
        return set(self.needs) <= set(names)


class Faulty(nn.LSTM):
    """nn.LSTM with a fault."""

    fault = Fault("none")

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.count = 0
        self.kept: dict[str, Any] = {}

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Called like nn.LSTM."""
        packed = input if isinstance(input, PackedSequence) else None
        unbatched = packed is None and input.dim() == 2
        if packed is not None:
            x, rows, index = packed.data, int(packed.batch_sizes[0]), packed.sorted_indices
        else:
            x = input[:, None] if unbatched else input.transpose(0, 1) if self.batch_first else input
            rows, index = x.shape[1], None
        h, c = self._states(x, hx, rows, unbatched, index)
        sizes = None if packed is None else packed.batch_sizes
        call = Call(self, x, h, c, sizes, hx is not None, unbatched, self.count)
        self.count += 1
        output, h, c = self._run(call, x, h, c)
        if packed is not None:
            back = packed.unsorted_indices
            h, c = (s if back is None else s[:, back] for s in (h, c))
            return PackedSequence(output, packed.batch_sizes, packed.sorted_indices, back), (h, c)
        if unbatched:
            return output[:, 0], (h[:, 0], c[:, 0])
        return (output.transpose(0, 1) if self.batch_first else output), (h, c)

    def _states(self, x: Tensor, hx: Any, rows: int, unbatched: bool, index: Tensor | None) -> tuple[Tensor, Tensor]:
        count = self.num_layers * (2 if self.bidirectional else 1)
        if hx is None:
            sizes = self.proj_size or self.hidden_size, self.hidden_size
            h, c = (x.new_zeros(count, rows, size) for size in sizes)
        else:
            h, c = (s[:, None] if unbatched else s for s in hx)
        return (h, c) if index is None else (h[:, index], c[:, index])

    def _run(self, call: Call, x: Tensor, h: Tensor, c: Tensor) -> Three:
        fault, weights = self.fault, [w for w in self._flat_weights if w is not None]
        shows = fault.when(call)
        if shows and fault.before:
            x, h, c = fault.before(call, (x, h, c))
        if shows and fault.weights:
            weights = fault.weights(call, weights)
        output, h, c = self._compute(x, (h, c), weights, call.sizes)
        return fault.after(call, (output, h, c)) if shows and fault.after else (output, h, c)

    def _compute(self, x: Tensor, hx: tuple[Tensor, Tensor], weights: list[Tensor], sizes: Tensor | None) -> Three:
        how = self.bias, self.num_layers, self.dropout, self.training, self.bidirectional
        if sizes is None:
            return torch._VF.lstm(x, hx, weights, *how, False)
        return torch._VF.lstm(x, sizes, hx, weights, *how)


class _Backward(torch.autograd.Function):
    """The identity with another derivative: function(adjoint, number of backward passes before) -> adjoint."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, function: Callable[[Tensor, int], Tensor]) -> Tensor:
        ctx.function, ctx.count = function, 0
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        ctx.count += 1
        return ctx.function(gradients[0], ctx.count - 1), None


class OnceDifferentiable(torch.autograd.Function):
    """The identity, whose derivative's derivative is 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0].detach().clone()


def differently(x: Tensor, function: Callable[[Tensor, int], Tensor]) -> Tensor:
    """Return x with another derivative."""
    return _Backward.apply(x, function)
