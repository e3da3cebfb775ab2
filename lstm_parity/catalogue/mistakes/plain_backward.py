"""Functions whose way back is not that of their way forth: what wrong backward passes are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class _Multiply(torch.autograd.Function):
    """f c, sent back with what was saved of both."""

    @staticmethod
    def forward(ctx: Any, f: Tensor, c: Tensor, saved_f: Tensor, saved_c: Tensor) -> Tensor:
        """The product."""
        ctx.save_for_backward(saved_f, saved_c)
        return f * c

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        """By f the saved c, by c the saved f."""
        f, c = ctx.saved_tensors
        return gradient * c, gradient * f, None, None


class _Select(torch.autograd.Function):
    """`new.where(running, old)`, whose backward pass has forgotten the mask."""

    @staticmethod
    def forward(ctx: Any, running: Tensor, new: Tensor, old: Tensor) -> Tensor:
        """New where running."""
        ctx.save_for_backward(running)
        return new.where(running, old)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, Tensor]:
        """To all that is new."""
        (running,) = ctx.saved_tensors
        return None, gradient, gradient.where(~running, gradient.new_zeros(()))


class _Activate(torch.autograd.Function):
    """A function of z, sent back with a slope of its own."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, function: Callable[[Tensor], Tensor], slope: Callable[[Tensor], Tensor]) -> Tensor:
        """The function."""
        ctx.slope = slope(z)
        return function(z)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """The gradient times the slope."""
        return gradient * ctx.slope, None, None


def multiply(f: Tensor, c: Tensor, saved_f: Tensor, saved_c: Tensor) -> Tensor:
    """f c, whose derivatives are made of what was saved."""
    return _Multiply.apply(f, c, saved_f, saved_c)  # type: ignore[no-any-return, no-untyped-call]


def activate(z: Tensor, function: Callable[[Tensor], Tensor], slope: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply the function to z, with a slope of its own."""
    return _Activate.apply(z, function, slope)  # type: ignore[no-any-return, no-untyped-call]


def select(running: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """`new.where(running, old)`, without the mask on the way back."""
    return _Select.apply(running, new, old)  # type: ignore[no-any-return, no-untyped-call]
