"""Backward passes written by hand, and wrong: the forward pass is right, and so is the reach of the gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from parity.mistakes.plain import PlainLSTM, State
from reference.weights import CellWeights

STEPS = "I3-H4-T3-B2-float32-grad-normal-1"
PACKED = "I3-H4-T4-B3-packed2.4.1-float32-grad-normal-1"


class _Sent(torch.autograd.Function):
    """A tensor as it is, whose gradient is changed on its way back."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        """The value."""
        ctx.change = change
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """The gradient, changed."""
        return ctx.change(gradient), None


class _Product(torch.autograd.Function):
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


class _Where(torch.autograd.Function):
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


class _Activated(torch.autograd.Function):
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


def sent(value: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """The same value; what comes back through it is changed."""
    return _Sent.apply(value, change)  # type: ignore[no-any-return, no-untyped-call]


def product(f: Tensor, c: Tensor, saved_f: Tensor, saved_c: Tensor) -> Tensor:
    """f c, whose derivatives are made of what was saved."""
    return _Product.apply(f, c, saved_f, saved_c)  # type: ignore[no-any-return, no-untyped-call]


def activated(z: Tensor, function: Callable[[Tensor], Tensor], slope: Callable[[Tensor], Tensor]) -> Tensor:
    """The function of z, with whatever slope."""
    return _Activated.apply(z, function, slope)  # type: ignore[no-any-return, no-untyped-call]


def _quarters(gradient: Tensor, *order: int) -> Tensor:
    """The parts of the four gates in another order."""
    parts = gradient.chunk(4, -1)
    return torch.cat([parts[k] for k in order], -1)


class GradientOfOneBiasDoubled(PlainLSTM):
    """b_hh's gradient is twice what it should be: both biases are added up, and the sum's gradient is given twice."""

    witness = STEPS

    def prepared(self, w: CellWeights) -> CellWeights:
        """Twice."""
        return w if w.b_hh is None else replace(w, b_hh=sent(w.b_hh, lambda gradient: 2 * gradient))


class ForgetGateOfTheStepBeforeSaved(PlainLSTM):
    """The backward pass multiplies with the forget gate that the step before has saved."""

    witness = STEPS

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """Nothing is saved yet."""
        self._saved = torch.zeros_like(state[1])
        return super().run(x, lengths, state, w, reverse)

    def cell_state(self, i: Tensor, f: Tensor, g: Tensor, c: Tensor) -> Tensor:
        """A buffer written one step too late."""
        carried = product(f, c, self._saved, c.detach())
        self._saved = f.detach()
        return carried + i * g


class NewCellSaved(PlainLSTM):
    """The forget gate's gradient is made with the c that the step gives out, not with the one it started from."""

    witness = STEPS

    def cell_state(self, i: Tensor, f: Tensor, g: Tensor, c: Tensor) -> Tensor:
        """A buffer overwritten before it was saved."""
        new = super().cell_state(i, f, g, c).detach()
        return product(f, c, f.detach(), new) + i * g


class SigmoidForItsSlope(PlainLSTM):
    """The backward pass multiplies with the sigmoid of the saved forget gate, not with its slope f (1 - f)."""

    witness = STEPS
    seen = "https://github.com/CaptainE/RNN-LSTM-in-numpy/issues/1"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """`derivative=True` was left out."""
        i, _, g, o = super().gates(z)
        return i, activated(z.chunk(4, -1)[1], torch.sigmoid, lambda z: z.sigmoid().sigmoid()), g, o


class BackwardReadsGatesFIGO(PlainLSTM):
    """The forward pass has the gates in the order i, f, g, o, the backward pass in the order f, i, g, o."""

    witness = STEPS
    seen = "https://github.com/ooples/AiDotNet.Tensors/pull/907"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """Two quarters of the gradient exchanged."""
        return sent(super().sums(x, h, w), lambda d: _quarters(d, 1, 0, 2, 3))


class BackwardReadsGatesIFOG(PlainLSTM):
    """The forward pass has the gates in the order i, f, g, o, the backward pass in the order i, f, o, g."""

    witness = STEPS

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """Two quarters of the gradient exchanged."""
        return sent(super().sums(x, h, w), lambda d: _quarters(d, 0, 1, 3, 2))


class BiasGradientsOfTheForgetGate(PlainLSTM):
    """The forget gate's bias gradient is given to the input and the output gate too."""

    witness = STEPS
    seen = "https://github.com/hanbt/learn_dl/issues/53"

    def prepared(self, w: CellWeights) -> CellWeights:
        """A line copied three times, and changed twice."""
        biases = {name: sent(one, lambda d: _quarters(d, 1, 1, 2, 1)) for name, one in w.items() if name[:2] == "b_"}
        return replace(w, **biases)


class SlopeOfTanhFromItsArgument(PlainLSTM):
    """The slope of tanh(c) is taken as 1 - c^2, which is right of its value only."""

    witness = STEPS

    def hidden(self, o: Tensor, c: Tensor) -> Tensor:
        """Of the wrong quantity."""
        return o * activated(c, torch.tanh, lambda z: 1 - z * z)


class SlopeOfSigmoidFromItsArgument(PlainLSTM):
    """The slope of the input gate is taken as z (1 - z), which is right of its value only."""

    witness = STEPS

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Of the wrong quantity."""
        _, f, g, o = super().gates(z)
        return activated(z.chunk(4, -1)[0], torch.sigmoid, lambda z: z * (1 - z)), f, g, o


class SlopeOfTanhLeftOut(PlainLSTM):
    """c is sent the gradient of tanh(c) as if tanh had the slope 1."""

    witness = STEPS

    def hidden(self, o: Tensor, c: Tensor) -> Tensor:
        """Straight through."""
        return o * activated(c, torch.tanh, torch.ones_like)


class GradientClippedInside(PlainLSTM):
    """What comes back into h is cut to -1 and 1 at every step."""

    witness = STEPS
    seen = "https://github.com/junhyukoh/caffe-lstm/issues/18"

    def projected(self, h: Tensor, w: CellWeights) -> Tensor:
        """As theanets and Graves did, meant well."""
        return sent(super().projected(h, w), lambda gradient: gradient.clamp(-1, 1))


class GradientAveragedOverSteps(PlainLSTM):
    """The weights' gradients are the mean over the steps, not the sum."""

    witness = STEPS

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """Divided by T."""
        return super().run(x, lengths, state, w.map(lambda one: sent(one, lambda d: d / len(x))), reverse)


class GradientAveragedOverRows(PlainLSTM):
    """The weights' gradients are the mean over the batch, not the sum."""

    witness = STEPS

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """Divided by B."""
        return super().run(x, lengths, state, w.map(lambda one: sent(one, lambda d: d / x.shape[1])), reverse)


class GradientOfTheLastStepOnly(PlainLSTM):
    """The recurrent weights' gradient is assigned at every step, not added up: one step's is left."""

    witness = STEPS

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """No step has been computed."""
        self._first = True
        return super().run(x, lengths, state, w, reverse)

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """The backward pass comes to the first step last."""
        first, self._first = self._first, False
        return super().sums(x, h, w if first else replace(w, w_hh=w.w_hh.detach()))


class RecurrentGradientNotTransposed(PlainLSTM):
    """Where w_hh is square per gate, its gradient is returned transposed."""

    witness = STEPS

    def prepared(self, w: CellWeights) -> CellWeights:
        """h^T dz for dz^T h."""
        if w.hidden_size != w.output_size:
            return w
        turned = (4, w.hidden_size, w.hidden_size)
        return replace(w, w_hh=sent(w.w_hh, lambda d: d.view(turned).transpose(1, 2).flatten(0, 1)))


class PaddingHasGradients(PlainLSTM):
    """Forwards the state rests beyond a row's length; backwards the steps there are counted all the same."""

    witness = PACKED

    def resting(self, new: State, old: State, running: Tensor | None, reverse: bool) -> State:
        """The mask is applied one way only."""
        if running is None:
            return new
        h, c = (_Where.apply(running, *states) for states in zip(new, old, strict=True))  # type: ignore[no-untyped-call]
        return h, c

    def read(self, x: Tensor, state: State, running: Tensor | None, reverse: bool) -> tuple[Tensor, State]:
        """Whatever is there."""
        return x, state
