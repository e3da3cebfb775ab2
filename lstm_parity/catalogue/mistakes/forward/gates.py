"""Wrong gates: their order, their weights, their biases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import linear

from lstm_parity.catalogue.mistakes import scope as where
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.reference.weights import CellWeights

_STEPS = "I3-H4-T3-B2-float32-normal-1"


class GatesIFOG(PlainLSTM):
    """The rows of the weights are read in the order i, f, o, g."""

    witness = _STEPS
    reported_at = "https://github.com/apple/coremltools/pull/93"
    scope = where.EVERYWHERE
    fix = "read the four row blocks of w_ih, w_hh and the biases as i, f, g, o: the third is g, the last o"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Output and cell gate exchanged."""
        i, f, o, g = z.chunk(4, -1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


class GatesIGFO(PlainLSTM):
    """The rows of the weights are read in the order i, g, f, o, that of TensorFlow 1."""

    witness = _STEPS
    reported_at = "https://github.com/tensorflow/tensorflow/issues/29622"
    scope = where.EVERYWHERE
    fix = "read the four row blocks of w_ih, w_hh and the biases as i, f, g, o: the second is f, the third g"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Cell and forget gate exchanged."""
        i, g, f, o = z.chunk(4, -1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


class GatesIOFG(PlainLSTM):
    """The rows of the weights are read in the order i, o, f, g, that of ONNX."""

    witness = _STEPS
    reported_at = "https://github.com/CrispStrobe/CrispASR/pull/106"
    scope = where.EVERYWHERE
    fix = "read the four row blocks of w_ih, w_hh and the biases as i, f, g, o; reorder weights that come from ONNX"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Output and forget gate moved."""
        i, o, f, g = z.chunk(4, -1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


class GatesFIGO(PlainLSTM):
    """Input and forget gate are exchanged."""

    witness = _STEPS
    reported_at = "https://github.com/NX-AI/xlstm/issues/98"
    scope = where.EVERYWHERE
    fix = "read the four row blocks of w_ih, w_hh and the biases as i, f, g, o: the first is i, the second f"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Forget gate first."""
        f, i, g, o = z.chunk(4, -1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


class GatesInterleaved(PlainLSTM):
    """The rows of the weights are read as four gates for each unit, not as all units for each gate."""

    witness = _STEPS
    scope = where.HIDDEN_UNITS
    fix = "split the 4H rows into four blocks of H, one for each gate: z.chunk(4, -1), not z.view(..., H, 4)"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Every fourth row."""
        return super().gates(z.view(*z.shape[:-1], -1, 4).transpose(-1, -2).flatten(-2))


class RecurrentWeightsTransposed(PlainLSTM):
    """Each gate's square of w_hh is multiplied from the wrong side."""

    witness = _STEPS
    scope = where.HIDDEN_UNITS & where.NO_PROJECTION & where.FED_BACK
    fix = "multiply h by the transpose of w_hh, whose shape is (4H, H): h @ w_hh.T"

    def prepare(self, w: CellWeights) -> CellWeights:
        """Turned round where it is square."""
        if w.hidden_size != w.output_size:
            return w
        return replace(w, w_hh=w.w_hh.view(4, w.hidden_size, -1).transpose(1, 2).flatten(0, 1))


class InputFeaturesReversed(PlainLSTM):
    """The first layer's columns of w_ih are read from the last to the first."""

    witness = _STEPS
    scope = where.FEATURES
    fix = "keep the columns of w_ih in the order of the input's features; flip no weight and no feature axis"

    def run_padded(
        self, x: Tensor, lengths: Tensor | None, hx: Sequence[Tensor] | None
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """The input turned round is the same."""
        return super().run_padded(x.flip(-1), lengths, hx)


class RecurrentWeightsIgnored(PlainLSTM):
    """h is not fed back."""

    witness = _STEPS
    scope = where.FED_BACK
    fix = "add h @ w_hh.T to the gate sums, with the h of the step before"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """Without w_hh h."""
        return super().sums(x, torch.zeros_like(h), w)


class BiasHHDropped(PlainLSTM):
    """b_hh is never added."""

    witness = _STEPS
    reported_at = "https://github.com/intel/torch-xpu-ops/pull/3770"
    scope = where.BIAS
    fix = "add b_hh to the gate sums, beside b_ih"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """The recurrent product alone."""
        return linear(x, w.w_ih, w.b_ih) + linear(h, w.w_hh)


class BiasIHDropped(PlainLSTM):
    """b_ih is never added."""

    witness = _STEPS
    scope = where.BIAS
    fix = "add b_ih to the gate sums, beside b_hh"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """The input's product alone."""
        return linear(x, w.w_ih) + linear(h, w.w_hh, w.b_hh)


class BiasDoubled(PlainLSTM):
    """One framework's only bias is loaded into both b_ih and b_hh."""

    witness = _STEPS
    reported_at = "https://github.com/lisa-lab/DeepLearningTutorials/issues/81"
    scope = where.BIAS
    fix = "load b_ih and b_hh each from its own array; where there is one bias only, set the other to zero"

    def prepare(self, w: CellWeights) -> CellWeights:
        """b_ih twice."""
        return replace(w, b_hh=w.b_ih)


class BiasOfOneGateForAll(PlainLSTM):
    """The input gate's bias is used for all four gates."""

    witness = _STEPS
    reported_at = "https://github.com/ddbourgin/numpy-ml/issues/42"
    scope = where.BIAS
    fix = "take all 4H entries of b_ih, each gate its own quarter"

    def prepare(self, w: CellWeights) -> CellWeights:
        """The first quarter four times."""
        return w if w.b_ih is None else replace(w, b_ih=w.b_ih[: w.hidden_size].repeat(4))


class ForgetBiasOne(PlainLSTM):
    """1 is added to the forget gate, as TensorFlow's forget_bias does at run time."""

    witness = _STEPS
    reported_at = "https://github.com/apple/coremltools/issues/309"
    scope = where.FED_BACK
    fix = "drop the constant 1 in the forget gate; if training needs it, put it into b_ih once"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """A one for the rows of f."""
        i, f, g, o = super().sums(x, h, w).chunk(4, -1)
        return torch.cat([i, f + 1.0, g, o], -1)


class ForgetBiasOneWithoutBias(PlainLSTM):
    """With bias=False the forget gate keeps a bias of 1."""

    witness = "I3-H4-nobias-T3-B2-float32-normal-1"
    scope = where.NO_BIAS & where.FED_BACK
    fix = "with bias=False add no bias at all, in the forget gate neither"

    def prepare(self, w: CellWeights) -> CellWeights:
        """A bias where none should be."""
        if w.b_ih is not None:
            return w
        bias = w.w_ih.new_zeros(4, w.hidden_size)
        bias[1] = 1.0
        return replace(w, b_ih=bias.flatten(), b_hh=torch.zeros_like(bias).flatten())


class GatesGFOI(PlainLSTM):
    """The rows of the weights are read in the order g, f, o, i, that of Deeplearning4j."""

    witness = _STEPS
    reported_at = "https://community.konduit.ai/t/imported-keras-lstm-layer-mismatch/124/2"
    scope = where.EVERYWHERE
    fix = "read the four row blocks of w_ih, w_hh and the biases as i, f, g, o; reorder weights that come from DL4J"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Input and cell gate at the wrong ends."""
        g, f, o, i = z.chunk(4, -1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


class ForgetBiasAfterTheSigmoid(PlainLSTM):
    """1 is added to the forget gate after its sigmoid, not before."""

    witness = _STEPS
    reported_at = "https://github.com/apache/tvm/pull/3410"
    scope = where.FED_BACK
    fix = "add no constant to the activated forget gate; a forget bias belongs into b_ih, before the sigmoid"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """A gate between 1 and 2."""
        i, f, g, o = super().gates(z)
        return i, f + 1.0, g, o


class InputAndForgetGateCoupled(PlainLSTM):
    """The forget gate is 1 - i; the weights of its own are not used."""

    witness = _STEPS
    scope = where.FED_BACK
    fix = "compute f from its own rows of the weights: sigmoid of the second quarter of the gate sums"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Another LSTM, with three quarters of the weights."""
        i, _, g, o = super().gates(z)
        return i, 1.0 - i, g, o
