"""Gradients cut off: the forward pass is right, but somewhere the graph of the backward pass ends too early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from lstm_parity.catalogue.mistakes.plain import PlainLSTM, State
from lstm_parity.reference.weights import CellWeights

_STEPS = "I3-H4-T3-B2-float32-grad-normal-1"
_STACK = "I4-H4-L3-T3-B2-float32-grad-normal-1"
_BOTH = "I4-H3-bi-T4-B2-float32-grad-normal-1"


class StateDetachedAtEveryStep(PlainLSTM):
    """Back-propagation through time ends after one step: h and c of the step before are detached."""

    witness = _STEPS
    fix = "pass h and c on to the next step as they are, without detach() or .data"
    reported_at = "https://github.com/CaptainE/RNN-LSTM-in-numpy/issues/1"

    def step(self, x: Tensor, state: State, w: CellWeights) -> State:
        """From constants."""
        return super().step(x, (state[0].detach(), state[1].detach()), w)


class StateDetachedAfterFourSteps(PlainLSTM):
    """Truncated back-propagation left in: after every four steps h and c are detached."""

    witness = "I3-H4-T6-B2-float32-grad-normal-1"
    fix = "detach between sequences only, not within the sequence of one call"

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """A counter of steps."""
        self._steps = 0
        return super().run(x, lengths, state, w, reverse)

    def step(self, x: Tensor, state: State, w: CellWeights) -> State:
        """From constants, at the fifth step, the ninth and so on."""
        self._steps += 1
        cut = self._steps % 4 == 1 and self._steps > 1
        return super().step(x, (state[0].detach(), state[1].detach()) if cut else state, w)


class HiddenDetached(PlainLSTM):
    """h of the step before is taken for a constant, c is not."""

    witness = _STEPS
    fix = "pass h on to the next step as it is, without detach() or .data"
    reported_at = "https://github.com/ooples/AiDotNet/pull/722"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """From a constant."""
        return super().sums(x, h.detach(), w)


class CellDetached(PlainLSTM):
    """c of the step before is taken for a constant: f * c.detach()."""

    witness = _STEPS
    fix = "compute f * c with the c of the step before itself, not with c.detach()"

    def cell_state(self, i: Tensor, f: Tensor, g: Tensor, c: Tensor) -> Tensor:
        """From a constant."""
        return super().cell_state(i, f, g, c.detach())


class CellPassedOnDetached(PlainLSTM):
    """A step gives its c out detached: only h sends a gradient back into it."""

    witness = _STEPS
    fix = "add the gradient that comes back into c from the next step to that from h; do not overwrite it"
    reported_at = "https://github.com/apache/mxnet/issues/4057"

    def step(self, x: Tensor, state: State, w: CellWeights) -> State:
        """Assigned instead of added."""
        h, c = super().step(x, state, w)
        return h, c.detach()


class InitialStatesDetached(PlainLSTM):
    """h_0 and c_0 are detached, and have no gradient."""

    witness = _STEPS
    fix = "start from h_0 and c_0 themselves, not from copies without a gradient"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """Two constants."""
        return h_0.detach(), c_0.detach()


class InitialHiddenStateDetached(PlainLSTM):
    """h_0 has no gradient, c_0 has."""

    witness = _STEPS
    fix = "start from h_0 itself, not from a copy without a gradient"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """One constant."""
        return h_0.detach(), c_0


class InitialCellStateDetached(PlainLSTM):
    """c_0 has no gradient, h_0 has."""

    witness = _STEPS
    fix = "start from c_0 itself, not from a copy without a gradient"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """The other."""
        return h_0, c_0.detach()


class LastHiddenStateDetached(PlainLSTM):
    """What a loss says of h_n does not come back."""

    witness = _STEPS
    fix = "return the last h itself as h_n, and add its gradient to that of the last output"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """h_n is a constant."""
        h_n, c_n = super().last_states(lasts, output)
        return h_n.detach(), c_n


class LastCellStateDetached(PlainLSTM):
    """What a loss says of c_n does not come back."""

    witness = _STEPS
    fix = "return the last c itself as c_n, and let its gradient enter the last step"
    reported_at = "https://github.com/deeplearning4j/deeplearning4j/issues/8838"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """c_n is a constant."""
        h_n, c_n = super().last_states(lasts, output)
        return h_n, c_n.detach()


class InputDetached(PlainLSTM):
    """The input has no gradient: the layers below the LSTM are not trained."""

    witness = _STEPS
    fix = "read the input itself, and return its gradient, the sum of W_ih^T dz"

    def run_padded(
        self, x: Tensor, lengths: Tensor | None, hx: Sequence[Tensor] | None
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """A constant."""
        return super().run_padded(x.detach(), lengths, hx)


class ForgetGateDetached(PlainLSTM):
    """The forget gate is a constant to the backward pass."""

    witness = _STEPS
    fix = "compute the forget gate where gradients are recorded, and let dc * c_(t-1) come back into it"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Its weights are not trained."""
        i, f, g, o = super().gates(z)
        return i, f.detach(), g, o


class OutputGateUnderNoGrad(PlainLSTM):
    """The output gate is computed where no gradients are recorded."""

    witness = _STEPS
    fix = "end the torch.no_grad() block before the output gate is computed"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """A `with` block that ends too late."""
        with torch.no_grad():
            o = super().gates(z)[3]
        return *super().gates(z)[:3], o


class BiasNotTrained(PlainLSTM):
    """The biases are buffers, not parameters: they have no gradient."""

    witness = _STEPS
    fix = "register the biases by nn.Parameter, not as buffers, and do not detach them"
    reported_at = "https://github.com/tracel-ai/burn/pull/5235"

    def prepare(self, w: CellWeights) -> CellWeights:
        """Constants."""
        bias = {name: value.detach() for name, value in w.items() if name in ("b_ih", "b_hh")}
        return replace(w, **bias)


class RecurrentWeightsNotTrained(PlainLSTM):
    """w_hh has no gradient."""

    witness = _STEPS
    fix = "compute with the parameter w_hh itself, not with a constant made of it"
    reported_at = "https://github.com/fastai/fastai2/pull/427"

    def prepare(self, w: CellWeights) -> CellWeights:
        """A constant."""
        return replace(w, w_hh=w.w_hh.detach())


class ProjectionNotTrained(PlainLSTM):
    """w_hr has no gradient."""

    witness = "I3-H5-P3-T3-B2-float32-grad-normal-1"
    fix = "compute with the parameter w_hr itself, not with a constant made of it"

    def prepare(self, w: CellWeights) -> CellWeights:
        """A constant."""
        return w if w.w_hr is None else replace(w, w_hr=w.w_hr.detach())


class ReverseDirectionNotTrained(PlainLSTM):
    """The reverse direction's weights have no gradient."""

    witness = _BOTH
    fix = "compute the reverse direction with its parameters themselves, where gradients are recorded"

    def weights(self, cells: Sequence[Sequence[CellWeights]], layer: int, direction: int) -> CellWeights:
        """Constants."""
        w = super().weights(cells, layer, direction)
        return w.map(Tensor.detach) if direction else w


class LowerLayersNotTrained(PlainLSTM):
    """What a layer gives to the next is detached: only the last layer is trained."""

    witness = _STACK
    fix = "give a layer's output to the next as it is, without detach() or .data"

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """The last layer's output is not."""
        return output if layer == self.layers - 1 else output.detach()


class WeightsCopied(PlainLSTM):
    """The LSTM computes with a copy of its parameters, which have no gradient."""

    witness = _STEPS
    fix = "compute with the parameters themselves: no clone made under no_grad, no torch.tensor(weight), no .data"
    reported_at = "https://github.com/fastai/fastai/issues/2591"

    def prepare(self, w: CellWeights) -> CellWeights:
        """Another tensor than the optimiser's."""
        return w.map(lambda weight: weight.detach().clone())
