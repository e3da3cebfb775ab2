"""LSTMs that are constructed and called like nn.LSTM and have dropout: right ones in other styles, and wrong ones.

Written before any door asked for dropout in train mode. Each is a stack written by hand on nn.LSTM's own parameters;
`between` is what a layer's output becomes before the next layer reads it. None draws its masks as nn.LSTM does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from specimens.dropping_stack import Stack


class DropoutModules(Stack):
    """A right one: nn.Dropout between the layers, as most people write it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.drop = nn.Dropout(self.dropout)

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the dropped output."""
        return self.drop(x)


class DrawnStepByStep(Stack):
    """A right one: a mask is drawn for each step, from the last to the first."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the dropped output."""
        return torch.stack([functional.dropout(step, self.dropout, self.training) for step in x.flip(0)]).flip(0)


class DrawnForEachDirection(Stack):
    """A right one: the outputs of the two directions are dropped one after the other, batch first."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the dropped output."""
        halves = [half.transpose(0, 1).contiguous() for half in x.chunk(1 + self.bidirectional, -1)]
        halves = [functional.dropout(half, self.dropout, self.training) for half in halves]
        return torch.cat(halves, -1).transpose(0, 1)


class DrawnByNumPy(Stack):
    """A right one: masks of NumPy's global generator."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the dropped output."""
        if not self.training or not self.dropout:
            return x
        kept = torch.from_numpy(np.random.rand(*x.shape) >= self.dropout).to(x)  # noqa: NPY002 (as people do)
        return x * kept / (1.0 - self.dropout)


class DrawnByBernoulli(Stack):
    """A right one: torch.bernoulli of the probability to be kept, and a division."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the dropped output."""
        if not self.training:
            return x
        return torch.bernoulli(torch.full_like(x, 1.0 - self.dropout)) * x / (1.0 - self.dropout)


class OwnGenerator(Stack):
    """A right one whose masks no seed of the process repeats: it has a generator of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.generator = torch.Generator()
        self.generator.seed()

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the dropped output."""
        if not self.training:
            return x
        kept = torch.rand(x.shape, generator=self.generator) >= self.dropout
        return x * kept.to(x) / (1.0 - self.dropout)


class RescaledByP(Stack):
    """A wrong one: what is kept is divided by p."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the output, wrongly scaled."""
        if not self.training or not self.dropout:
            return x
        return functional.dropout(x, self.dropout) * (1.0 - self.dropout) / self.dropout


class AlwaysHalf(Stack):
    """A wrong one: p is not passed on, so that a half is dropped whatever it is."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the output, dropped too often."""
        return functional.dropout(x, training=self.training)


class DroppedTwice(Stack):
    """A wrong one: the output is dropped, and dropped again before the next layer."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the output dropped twice."""
        return super().between(super().between(x, layer), layer)


class OnlyAfterTheFirst(Stack):
    """A wrong one: of three layers, only the first one's output is dropped."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the output, dropped after the first layer alone."""
        return super().between(x, layer) if layer == 0 else x


class FinalStatesDropped(Stack):
    """A wrong one: h_n is dropped like the output."""

    def end(self, h: Tensor) -> Tensor:
        """Return the final state, dropped."""
        return functional.dropout(h, self.dropout, self.training)


class AlphaDropout(Stack):
    """A wrong one: nn.AlphaDropout, whose dropped numbers are not 0."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the output, with others in the place of what is dropped."""
        return functional.alpha_dropout(x, self.dropout, self.training)


class GaussianNoise(Stack):
    """A wrong one: each number is multiplied by one of a normal distribution about 1."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the output times noise."""
        if not self.training:
            return x
        return x * (1.0 + torch.randn_like(x) * (self.dropout / (1.0 - self.dropout)) ** 0.5)


class OneMaskForPairsOfUnits(Stack):
    """A wrong one: neighbouring units are dropped together."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the output, dropped by a mask of half its width."""
        width = x.shape[-1]
        mask = functional.dropout(torch.ones_like(x[..., : (width + 1) // 2]), self.dropout, self.training)
        return x * mask.repeat_interleave(2, -1)[..., :width]


class OneMaskForEveryOtherStep(Stack):
    """A wrong one: a mask is used for two steps."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the output, dropped by a mask of half its steps."""
        mask = functional.dropout(torch.ones_like(x[: (len(x) + 1) // 2]), self.dropout, self.training)
        return x * mask.repeat_interleave(2, 0)[: len(x)]


class WholeUnitsDropped(Stack):
    """A wrong one: nn.Dropout1d, which drops whole channels: one decision for each row and step."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the output, whole rows of it dropped."""
        return x * functional.dropout(torch.ones_like(x[..., :1]), self.dropout, self.training)


class Zoneout(Stack):
    """A wrong one: what is dropped keeps the value of the step before."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the output, old values in the place of what is dropped."""
        if not self.training:
            return x
        old = torch.cat([torch.zeros_like(x[:1]), x[:-1]])
        return torch.where(torch.rand_like(x) < self.dropout, old, x)


class SeededAtEveryCall(Stack):
    """A wrong one: the generator is seeded in every call, so that all calls drop the same."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Call as nn.LSTM."""
        torch.manual_seed(0)
        return super().forward(input, hx)


class SingleLayerDropped(Stack):
    """A wrong one: the output of a single layer is dropped; of a stack's last layer it is not."""

    def leave(self, x: Tensor) -> Tensor:
        """Return the output, dropped if there is one layer."""
        return super().between(x, 0) if self.num_layers == 1 else x


class NothingDroppedInBatchFirst(Stack):
    """A wrong one: with batch_first, dropout is forgotten."""

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return the output, dropped if time is first."""
        return x if self.batch_first else super().between(x, layer)


def torch_lstm(
    input: Any,
    hx: Any,
    weights: Any,
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> Any:
    """A right one, called as torch.lstm is."""
    return torch.lstm(input, hx, weights, has_biases, num_layers, dropout, train, bidirectional, batch_first)


def torch_lstm_trained(*args: Any) -> Any:
    """A wrong one, called as torch.lstm is: it is always in train mode."""
    return torch.lstm(*args[:6], True, *args[7:])  # type: ignore[call-overload]


RIGHT: tuple[type[Stack], ...] = (
    DropoutModules,
    DrawnStepByStep,
    DrawnForEachDirection,
    DrawnByNumPy,
    DrawnByBernoulli,
    OwnGenerator,
)
WRONG: tuple[type[Stack], ...] = (
    RescaledByP,
    AlwaysHalf,
    DroppedTwice,
    OnlyAfterTheFirst,
    FinalStatesDropped,
    AlphaDropout,
    GaussianNoise,
    OneMaskForPairsOfUnits,
    OneMaskForEveryOtherStep,
    WholeUnitsDropped,
    Zoneout,
    SeededAtEveryCall,
    SingleLayerDropped,
    NothingDroppedInBatchFirst,
)
FUNCTIONS: tuple[Callable[..., Any], ...] = (torch_lstm, torch_lstm_trained)
