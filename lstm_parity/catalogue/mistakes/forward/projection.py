"""Wrong projections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import linear

from lstm_parity.catalogue.mistakes import scope as where
from lstm_parity.catalogue.mistakes.plain import PlainLSTM, State
from lstm_parity.reference.weights import CellWeights

_STEPS = "I3-H5-P3-T3-B2-float32-normal-1"
_BOTH = "I3-H5-bi-P3-T3-B2-float32-normal-1"


class ProjectionNotFedBack(PlainLSTM):
    """The output is projected; what is fed back is the first proj_size units of the unprojected h."""

    witness = _STEPS
    reported_at = "https://github.com/rdspring1/PyTorch_GBW_LM/issues/2"
    scope = where.PROJECTION
    fix = "feed the projected h back into the next step: h = w_hr @ (o * tanh(c)) inside the loop"

    def step(self, x: Tensor, state: State, w: CellWeights) -> State:
        """The state is not projected."""
        h, c = super().step(x, state, replace(w, w_hr=None))
        return h[..., : w.output_size], c

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """The output is, from a run of its own."""
        output, last = super().run(x, lengths, state, w, reverse)
        if w.w_hr is None:
            return output, last
        wide = torch.cat([output, output.new_zeros(*output.shape[:-1], w.hidden_size - w.output_size)], -1)
        return linear(wide, w.w_hr), last


class ProjectionCutOff(PlainLSTM):
    """The first proj_size units are taken for the projection."""

    witness = _STEPS
    scope = where.PROJECTION
    fix = "multiply with w_hr: h = w_hr @ (o * tanh(c)), instead of cutting off units"

    def project(self, h: Tensor, w: CellWeights) -> Tensor:
        """w_hr is never read."""
        return h[..., : w.output_size]


class ProjectionSharedBetweenDirections(PlainLSTM):
    """Both directions project with the forward one's w_hr."""

    witness = _BOTH
    scope = where.PROJECTION & where.DIRECTIONS
    fix = "give the reverse direction its own w_hr, weight_hr_l*_reverse"

    def weights(self, cells: Sequence[Sequence[CellWeights]], layer: int, direction: int) -> CellWeights:
        """One w_hr for both."""
        return replace(cells[layer][direction], w_hr=cells[layer][0].w_hr)


class ProjectionSharedBetweenLayers(PlainLSTM):
    """All layers project with the first one's w_hr."""

    witness = "I3-H5-L2-P3-T3-B2-float32-normal-1"
    scope = where.PROJECTION & where.LAYERS
    fix = "give each layer its own w_hr, weight_hr_l0, weight_hr_l1 and so on"

    def weights(self, cells: Sequence[Sequence[CellWeights]], layer: int, direction: int) -> CellWeights:
        """One w_hr for all."""
        return replace(cells[layer][direction], w_hr=cells[0][direction].w_hr)


class ProjectionBeforeTheOutputGate(PlainLSTM):
    """w_hr is applied to tanh(c), and the first proj_size output gates to that."""

    witness = _STEPS
    scope = where.PROJECTION
    fix = "multiply with the output gate first, then project: h = w_hr @ (o * tanh(c))"

    def step(self, x: Tensor, state: State, w: CellWeights) -> State:
        """In the wrong order."""
        i, f, g, o = self.gates(self.sums(x, state[0], w))
        c = self.cell_state(i, f, g, state[1])
        return o[..., : w.output_size] * self.project(c.tanh(), w), c


class ProjectionSquashed(PlainLSTM):
    """The projected h passes a tanh once more."""

    witness = _STEPS
    scope = where.PROJECTION
    fix = "return the projection as it is, without a second tanh"

    def project(self, h: Tensor, w: CellWeights) -> Tensor:
        """A tanh too many."""
        return h if w.w_hr is None else super().project(h, w).tanh()


class ProjectedStateReadAsHidden(PlainLSTM):
    """With a projection, h_0 is not used: a buffer of zeros of the right size is."""

    witness = _STEPS
    scope = where.PROJECTION & where.STATES
    fix = "with a projection too, start from the h_0 that is given; its last axis is proj_size"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """Zeros where h is narrower than c."""
        return (h_0 if h_0.shape == c_0.shape else torch.zeros_like(h_0)), c_0
