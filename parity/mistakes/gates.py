"""Wrong gates: their order, their weights, their biases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import linear

from parity.mistakes.plain import PlainLSTM
from reference.weights import CellWeights

STEPS = "I3-H4-T3-B2-float32-normal-1"


class GatesIFOG(PlainLSTM):
    """The rows of the weights are read as i, f, o, g."""

    witness = STEPS
    seen = "https://github.com/apple/coremltools/pull/93"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Output and cell gate exchanged."""
        i, f, o, g = z.chunk(4, -1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


class GatesIGFO(PlainLSTM):
    """The rows of the weights are read as i, g, f, o, the order of TensorFlow 1."""

    witness = STEPS
    seen = "https://github.com/tensorflow/tensorflow/issues/29308"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Cell and forget gate exchanged."""
        i, g, f, o = z.chunk(4, -1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


class GatesIOFG(PlainLSTM):
    """The rows of the weights are read as i, o, f, g, the order of ONNX."""

    witness = STEPS
    seen = "https://github.com/CrispStrobe/CrispASR/pull/106"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Output and forget gate moved."""
        i, o, f, g = z.chunk(4, -1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


class GatesFIGO(PlainLSTM):
    """Input and forget gate are exchanged."""

    witness = STEPS
    seen = "https://github.com/NX-AI/xlstm/issues/98"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Forget gate first."""
        f, i, g, o = z.chunk(4, -1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


class GatesInterleaved(PlainLSTM):
    """The rows of the weights are read as four gates for each unit, not as all units for each gate."""

    witness = STEPS

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Every fourth row."""
        return super().gates(z.view(*z.shape[:-1], -1, 4).transpose(-1, -2).flatten(-2))


class RecurrentWeightsTransposed(PlainLSTM):
    """Each gate's square of w_hh is multiplied from the wrong side."""

    witness = STEPS
    seen = "https://discuss.pytorch.org/t/146907"

    def prepared(self, w: CellWeights) -> CellWeights:
        """Turned round where it is square."""
        if w.hidden_size != w.output_size:
            return w
        return replace(w, w_hh=w.w_hh.view(4, w.hidden_size, -1).transpose(1, 2).flatten(0, 1))


class InputFeaturesReversed(PlainLSTM):
    """The first layer's columns of w_ih are read from the last to the first."""

    witness = STEPS

    def padded(self, x: Tensor, lengths: Tensor | None, hx: Sequence[Tensor] | None) -> tuple[Tensor, Sequence[Tensor]]:
        """The input turned round is the same."""
        return super().padded(x.flip(-1), lengths, hx)


class RecurrentWeightsIgnored(PlainLSTM):
    """h is not fed back."""

    witness = STEPS

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """Without w_hh h."""
        return super().sums(x, torch.zeros_like(h), w)


class BiasHHDropped(PlainLSTM):
    """b_hh is never added."""

    witness = STEPS
    seen = "https://github.com/onnx/keras-onnx/pull/103"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """The recurrent product alone."""
        return linear(x, w.w_ih, w.b_ih) + linear(h, w.w_hh)


class BiasIHDropped(PlainLSTM):
    """b_ih is never added."""

    witness = STEPS
    seen = "https://github.com/google/flax/issues/3746"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """The input's product alone."""
        return linear(x, w.w_ih) + linear(h, w.w_hh, w.b_hh)


class BiasDoubled(PlainLSTM):
    """One framework's only bias is loaded into both b_ih and b_hh."""

    witness = STEPS
    seen = "https://discuss.pytorch.org/t/pretrained-keras-lstm-weights-to-pytorch-lstm/110741"

    def prepared(self, w: CellWeights) -> CellWeights:
        """b_ih twice."""
        return replace(w, b_hh=w.b_ih)


class BiasOfOneGateForAll(PlainLSTM):
    """The input gate's bias is used for all four gates."""

    witness = STEPS
    seen = "https://github.com/ddbourgin/numpy-ml/issues/42"

    def prepared(self, w: CellWeights) -> CellWeights:
        """The first quarter four times."""
        return w if w.b_ih is None else replace(w, b_ih=w.b_ih[: w.hidden_size].repeat(4))


class ForgetBiasOne(PlainLSTM):
    """1 is added to the forget gate, as TensorFlow's forget_bias does at run time."""

    witness = STEPS
    seen = "https://github.com/apple/coremltools/issues/309"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """A one for the rows of f."""
        i, f, g, o = super().sums(x, h, w).chunk(4, -1)
        return torch.cat([i, f + 1.0, g, o], -1)


class ForgetBiasOneWithoutBias(PlainLSTM):
    """With bias=False the forget gate keeps a bias of 1."""

    witness = "I3-H4-nobias-T3-B2-float32-normal-1"

    def prepared(self, w: CellWeights) -> CellWeights:
        """A bias where none should be."""
        if w.b_ih is not None:
            return w
        bias = w.w_ih.new_zeros(4, w.hidden_size)
        bias[1] = 1.0
        return replace(w, b_ih=bias.flatten(), b_hh=torch.zeros_like(bias).flatten())
