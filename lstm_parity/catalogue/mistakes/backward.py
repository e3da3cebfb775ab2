"""Backward passes written by hand, and wrong: the forward pass is right, and so is the reach of the gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from lstm_parity.catalogue.mistakes.plain import PlainLSTM, State
from lstm_parity.catalogue.mistakes.plain_backward import activate, multiply, select
from lstm_parity.reference.weights import CellWeights
from lstm_parity.running.autograd import send_back

_STEPS = "I3-H4-T3-B2-float32-grad-normal-1"
_PACKED = "I3-H4-T4-B3-packed2.4.1-float32-grad-normal-1"


def _quarters(gradient: Tensor, *order: int) -> Tensor:
    """The parts of the four gates in another order."""
    parts = gradient.chunk(4, -1)
    return torch.cat([parts[k] for k in order], -1)


class GradientOfOneBiasDoubled(PlainLSTM):
    """b_hh's gradient is twice what it should be: both biases are added up, and the sum's gradient is given twice."""

    witness = _STEPS
    fix = "give the gradient of the sum of the biases to each of them once"

    def prepare(self, w: CellWeights) -> CellWeights:
        """Twice."""
        return w if w.b_hh is None else replace(w, b_hh=send_back(w.b_hh, lambda gradient: 2 * gradient))


class ForgetGateOfTheStepBeforeSaved(PlainLSTM):
    """The backward pass multiplies with the forget gate that the step before has saved."""

    witness = _STEPS
    fix = "save the forget gate of a step under that step's own index"

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """Nothing is saved yet."""
        self._saved = torch.zeros_like(state[1])
        return super().run(x, lengths, state, w, reverse)

    def cell_state(self, i: Tensor, f: Tensor, g: Tensor, c: Tensor) -> Tensor:
        """A buffer written one step too late."""
        carried = multiply(f, c, self._saved, c.detach())
        self._saved = f.detach()
        return carried + i * g


class NewCellSaved(PlainLSTM):
    """The forget gate's gradient is made with the c that the step gives out, not with the one it started from."""

    witness = _STEPS
    fix = "multiply the gradient of f * c by c of the step before; save it before it is overwritten"

    def cell_state(self, i: Tensor, f: Tensor, g: Tensor, c: Tensor) -> Tensor:
        """A buffer overwritten before it was saved."""
        new = super().cell_state(i, f, g, c).detach()
        return multiply(f, c, f.detach(), new) + i * g


class SigmoidForItsSlope(PlainLSTM):
    """The backward pass multiplies with the sigmoid of the saved forget gate, not with its slope f (1 - f)."""

    witness = _STEPS
    fix = "multiply by f * (1 - f), the slope of the sigmoid at its value f, not by the sigmoid"
    reported_at = "https://github.com/CaptainE/RNN-LSTM-in-numpy/issues/1"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """`derivative=True` was left out."""
        i, _, g, o = super().gates(z)
        return i, activate(z.chunk(4, -1)[1], torch.sigmoid, lambda z: z.sigmoid().sigmoid()), g, o


class BackwardReadsGatesFIGO(PlainLSTM):
    """The forward pass has the gates in the order i, f, g, o, the backward pass in the order f, i, g, o."""

    witness = _STEPS
    fix = "take the four quarters of the gates' gradient in the order i, f, g, o, as the forward pass does"
    reported_at = "https://github.com/ooples/AiDotNet.Tensors/pull/907"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """Two quarters of the gradient exchanged."""
        return send_back(super().sums(x, h, w), lambda d: _quarters(d, 1, 0, 2, 3))


class BackwardReadsGatesIFOG(PlainLSTM):
    """The forward pass has the gates in the order i, f, g, o, the backward pass in the order i, f, o, g."""

    witness = _STEPS
    fix = "take the four quarters of the gates' gradient in the order i, f, g, o, as the forward pass does"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """Two quarters of the gradient exchanged."""
        return send_back(super().sums(x, h, w), lambda d: _quarters(d, 0, 1, 3, 2))


class BiasGradientsOfTheForgetGate(PlainLSTM):
    """The forget gate's bias gradient is given to the input and the output gate too."""

    witness = _STEPS
    fix = "sum each gate's own dz into its quarter of the bias gradient"
    reported_at = "https://github.com/hanbt/learn_dl/issues/53"

    def prepare(self, w: CellWeights) -> CellWeights:
        """A line copied three times, and changed twice."""
        biases = {
            name: send_back(one, lambda d: _quarters(d, 1, 1, 2, 1)) for name, one in w.items() if name[:2] == "b_"
        }
        return replace(w, **biases)


class SlopeOfTanhFromItsArgument(PlainLSTM):
    """The slope of tanh(c) is taken as 1 - c^2, which is right of its value only."""

    witness = _STEPS
    fix = "take the slope of tanh from its value: 1 - tanh(c)^2"

    def hidden(self, o: Tensor, c: Tensor) -> Tensor:
        """Of the wrong quantity."""
        return o * activate(c, torch.tanh, lambda z: 1 - z * z)


class SlopeOfSigmoidFromItsArgument(PlainLSTM):
    """The slope of the input gate is taken as z (1 - z), which is right of its value only."""

    witness = _STEPS
    fix = "take the slope of the sigmoid from its value: i * (1 - i)"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Of the wrong quantity."""
        _, f, g, o = super().gates(z)
        return activate(z.chunk(4, -1)[0], torch.sigmoid, lambda z: z * (1 - z)), f, g, o


class SlopeOfTanhLeftOut(PlainLSTM):
    """c is sent the gradient of tanh(c) as if tanh had the slope 1."""

    witness = _STEPS
    fix = "multiply the gradient of tanh(c) by 1 - tanh(c)^2 on its way into c"

    def hidden(self, o: Tensor, c: Tensor) -> Tensor:
        """Straight through."""
        return o * activate(c, torch.tanh, torch.ones_like)


class GradientClippedInside(PlainLSTM):
    """What comes back into h is cut to -1 and 1 at every step."""

    witness = _STEPS
    fix = "clip gradients after the backward pass, if at all, not within it"
    reported_at = "https://github.com/junhyukoh/caffe-lstm/issues/18"

    def project(self, h: Tensor, w: CellWeights) -> Tensor:
        """As theanets and Graves did, meant well."""
        return send_back(super().project(h, w), lambda gradient: gradient.clamp(-1, 1))


class GradientAveragedOverSteps(PlainLSTM):
    """The weights' gradients are the mean over the steps, not the sum."""

    witness = _STEPS
    fix = "sum the weights' gradients over the steps; do not divide by T"

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """Divided by T."""
        return super().run(x, lengths, state, w.map(lambda one: send_back(one, lambda d: d / len(x))), reverse)


class GradientAveragedOverRows(PlainLSTM):
    """The weights' gradients are the mean over the batch, not the sum."""

    witness = _STEPS
    fix = "sum the weights' gradients over the batch; leave any mean to the loss"

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """Divided by B."""
        return super().run(x, lengths, state, w.map(lambda one: send_back(one, lambda d: d / x.shape[1])), reverse)


class GradientOfTheLastStepOnly(PlainLSTM):
    """The recurrent weights' gradient is assigned at every step, not added up: one step's is left."""

    witness = _STEPS
    fix = "add up the recurrent weights' gradient over the steps (+=); do not assign it (=)"

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

    witness = _STEPS
    fix = "return dz^T h, of shape (4H, P), as the gradient of w_hh; do not transpose it"

    def prepare(self, w: CellWeights) -> CellWeights:
        """h^T dz for dz^T h."""
        if w.hidden_size != w.output_size:
            return w
        turned = (4, w.hidden_size, w.hidden_size)
        return replace(w, w_hh=send_back(w.w_hh, lambda d: d.view(turned).transpose(1, 2).flatten(0, 1)))


class PaddingHasGradients(PlainLSTM):
    """Forwards the state rests beyond a row's length; backwards the steps there are counted all the same."""

    witness = _PACKED
    fix = "apply the mask of the lengths in the backward pass too: steps beyond a row's length pass its gradient on"

    def resting(self, new: State, old: State, running: Tensor | None, reverse: bool) -> State:
        """The mask is applied one way only."""
        if running is None:
            return new
        h, c = (select(running, *states) for states in zip(new, old, strict=True))
        return h, c

    def read(self, x: Tensor, state: State, running: Tensor | None, reverse: bool) -> tuple[Tensor, State]:
        """Every step counts, padding too."""
        return x, state
