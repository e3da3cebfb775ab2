"""Wrong functions inside a step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lstm_parity.catalogue.mistakes import scope as where
from lstm_parity.catalogue.mistakes.plain import PlainLSTM, State
from lstm_parity.reference.weights import CellWeights

_STEPS = "I3-H4-T3-B2-float32-normal-1"


class HardSigmoid(PlainLSTM):
    """The gates use Keras's old hard sigmoid, 0.2 z + 0.5 cut to 0 and 1."""

    witness = _STEPS
    scope = where.EVERYWHERE
    fix = "use the logistic sigmoid, 1 / (1 + exp(-z)), for i, f and o"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Three straight lines."""
        i, f, g, o = z.chunk(4, -1)
        i, f, o = ((0.2 * gate + 0.5).clamp(0.0, 1.0) for gate in (i, f, o))
        return i, f, g.tanh(), o


class CellGateSigmoid(PlainLSTM):
    """g is activated by a sigmoid."""

    witness = _STEPS
    reported_at = "https://github.com/llSourcell/How-to-Learn-from-Little-Data/pull/4"
    scope = where.EVERYWHERE
    fix = "activate g with tanh; only i, f and o take a sigmoid"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Like the other three."""
        return [gate.sigmoid() for gate in z.chunk(4, -1)]


class CellGateLinear(PlainLSTM):
    """g is not activated."""

    witness = _STEPS
    scope = where.EVERYWHERE
    fix = "activate g with tanh"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """g as it is."""
        i, f, _, o = super().gates(z)
        return i, f, z.chunk(4, -1)[2], o


class InputGateAdded(PlainLSTM):
    """c is f c + i + g, not f c + i g."""

    witness = _STEPS
    reported_at = "https://github.com/MartinuzziFrancesco/torchrecurrent/issues/22"
    scope = where.EVERYWHERE
    fix = "multiply i with g: c = f * c + i * g"

    def cell_state(self, i: Tensor, f: Tensor, g: Tensor, c: Tensor) -> Tensor:
        """A sum for a product."""
        return f * c + i + g


class CellNotSquashed(PlainLSTM):
    """h is o c, without the tanh."""

    witness = _STEPS
    reported_at = "https://github.com/nicodjimenez/lstm/issues/47"
    scope = where.EVERYWHERE
    fix = "take the tanh of c: h = o * tanh(c)"

    def hidden(self, o: Tensor, c: Tensor) -> Tensor:
        """c as it is."""
        return o * c


class HiddenFromOldCell(PlainLSTM):
    """h is made from the c of the step before."""

    witness = _STEPS
    scope = where.EVERYWHERE
    fix = "compute c first, and h from the new c: h = o * tanh(c)"

    def step(self, x: Tensor, state: State, w: CellWeights) -> State:
        """The new c comes too late."""
        i, f, g, o = self.gates(self.sums(x, state[0], w))
        return self.project(self.hidden(o, state[1]), w), self.cell_state(i, f, g, state[1])


class HiddenNeverUpdated(PlainLSTM):
    """A hand-written loop takes only c from each step: every step reads h_0."""

    witness = "I3-H4-T3-B2-float32-normal-1"
    scope = where.STEPS
    fix = "carry h on from step to step: h, c = cell(x[t], (h, c))"

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """h_0 in every step."""
        self._h_0 = state[0]
        return super().run(x, lengths, state, w, reverse)

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """What the loop forgot to replace."""
        return super().sums(x, self._h_0, w)


class CellClipped(PlainLSTM):
    """c is cut to -3 and 3, as TensorFlow's cell_clip does."""

    witness = "I3-H4-T4-B2-float32-saturating-1"
    scope = where.EVERYWHERE
    fix = "do not clip c"

    def cell_state(self, i: Tensor, f: Tensor, g: Tensor, c: Tensor) -> Tensor:
        """Never beyond 3."""
        return super().cell_state(i, f, g, c).clamp(-3.0, 3.0)


class NanHidden(PlainLSTM):
    """What is not a number becomes 0 on the way."""

    witness = "I3-H4-T3-B2-float32-non_finite-1"
    scope = where.NON_FINITE
    fix = "let NaN pass: remove nan_to_num and the like"

    def cell_state(self, i: Tensor, f: Tensor, g: Tensor, c: Tensor) -> Tensor:
        """torch.nan_to_num, meant well."""
        return torch.nan_to_num(super().cell_state(i, f, g, c))


class HardSigmoidOfTorch(PlainLSTM):
    """The gates use torch's hardsigmoid, z/6 + 1/2 cut to 0 and 1."""

    witness = _STEPS
    scope = where.EVERYWHERE
    fix = "activate i, f and o with the sigmoid 1 / (1 + exp(-z)), not with hardsigmoid"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Three straight lines, less steep."""
        i, f, g, o = z.chunk(4, -1)
        i, f, o = ((gate / 6.0 + 0.5).clamp(0.0, 1.0) for gate in (i, f, o))
        return i, f, g.tanh(), o


class CellGateRelu(PlainLSTM):
    """g is activated by a ReLU."""

    witness = _STEPS
    scope = where.EVERYWHERE
    fix = "activate g with tanh"

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """Never below 0."""
        i, f, _, o = super().gates(z)
        return i, f, z.chunk(4, -1)[2].relu(), o


class OutputIsTheOutputGate(PlainLSTM):
    """The step gives out o, not o tanh(c)."""

    witness = _STEPS
    scope = where.EVERYWHERE
    fix = "give out h = o * tanh(c), not the output gate alone"

    def hidden(self, o: Tensor, c: Tensor) -> Tensor:
        """The gate for what it opens."""
        return o
