"""Wrong second directions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from lstm_parity.catalogue.mistakes import scope as where
from lstm_parity.catalogue.mistakes.plain import PlainLSTM, State
from lstm_parity.reference.weights import CellWeights

_BOTH = "I4-H3-bi-T4-B2-float32-normal-1"
_STACK = "I4-H3-L2-bi-T4-B2-float32-normal-1"


class ReverseNotReversed(PlainLSTM):
    """The reverse direction reads the sequence forwards."""

    witness = _BOTH
    reported_at = "https://github.com/stanfordmlgroup/nlc/issues/8"
    scope = where.DIRECTIONS & where.STEPS
    fix = "run the reverse direction from the last step to the first"

    def times(self, steps: int, reverse: bool) -> Iterable[int]:
        """From the first step."""
        return range(steps)

    def in_time(self, outputs: list[Tensor], reverse: bool) -> list[Tensor]:
        """They are in time already."""
        return outputs


class ReverseOutputNotFlippedBack(PlainLSTM):
    """The reverse direction's outputs stay in the order in which they were computed."""

    witness = _BOTH
    reported_at = "https://github.com/keras-team/keras/issues/1431"
    scope = where.DIRECTIONS & where.STEPS
    fix = "flip the reverse direction's outputs along time before concatenating"

    def in_time(self, outputs: list[Tensor], reverse: bool) -> list[Tensor]:
        """As they came."""
        return outputs


class ReverseUsesForwardWeights(PlainLSTM):
    """Both directions have the weights of the forward one."""

    witness = _BOTH
    reported_at = "https://github.com/huggingface/candle/issues/2351"
    scope = where.DIRECTIONS
    fix = "give the reverse direction its own weights, those named *_reverse"

    def weights(self, cells: Sequence[Sequence[CellWeights]], layer: int, direction: int) -> CellWeights:
        """The forward ones."""
        return cells[layer][0]


class ReverseUsesForwardBias(PlainLSTM):
    """Both directions have the biases of the forward one."""

    witness = _BOTH
    scope = where.DIRECTIONS & where.BIAS
    fix = "give the reverse direction its own biases, b_ih_l*_reverse and b_hh_l*_reverse"

    def weights(self, cells: Sequence[Sequence[CellWeights]], layer: int, direction: int) -> CellWeights:
        """The forward ones' biases."""
        forward, own = cells[layer][0], cells[layer][direction]
        return replace(own, b_ih=forward.b_ih, b_hh=forward.b_hh)


class ReverseStartsFromForwardStates(PlainLSTM):
    """Both directions start from the states of the forward one."""

    witness = _BOTH
    scope = where.DIRECTIONS & where.STATES
    fix = "start the reverse direction of layer k from h_0[2 * k + 1] and c_0[2 * k + 1]"

    def state(self, states: Tensor, layer: int, direction: int) -> Tensor:
        """The forward ones."""
        return super().state(states, layer, 0)


class ForwardStateReturnedTwice(PlainLSTM):
    """h_n and c_n hold the forward direction's states for both."""

    witness = _BOTH
    reported_at = "https://github.com/tflearn/tflearn/pull/522"
    scope = where.DIRECTIONS
    fix = "put the reverse direction's own last states into h_n[2 * k + 1] and c_n[2 * k + 1]"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """Forward, forward."""
        return super().last_states([lasts[k - k % self.directions] for k in range(len(lasts))], output)


class DirectionsJoinedBackwards(PlainLSTM):
    """The reverse direction's output comes first."""

    witness = _BOTH
    scope = where.DIRECTIONS
    fix = "concatenate the forward output first: cat([forward, reverse], -1)"

    def join(self, outputs: list[Tensor]) -> Tensor:
        """Reverse, forward."""
        return super().join(outputs[::-1])


class DirectionsInterleaved(PlainLSTM):
    """The directions' outputs are joined unit by unit."""

    witness = _BOTH
    scope = where.DIRECTIONS & where.UNITS
    fix = "concatenate the directions' outputs, cat([forward, reverse], -1), instead of stacking them unit by unit"

    def join(self, outputs: list[Tensor]) -> Tensor:
        """Forward, reverse, forward, reverse."""
        return torch.stack(outputs, -1).flatten(-2)


class LastStatesDirectionMajor(PlainLSTM):
    """h_n and c_n hold all layers' forward states first, then all reverse ones."""

    witness = _STACK
    scope = where.DIRECTIONS & where.LAYERS
    fix = "order h_n and c_n layer by layer, forward before reverse within each"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """Direction by direction."""
        turned = [lasts[layer * self.directions + d] for d in range(self.directions) for layer in range(self.layers)]
        return super().last_states(turned, output)


class StatesDirectionMajor(PlainLSTM):
    """h_0 and c_0 are read as all layers' forward states first, then all reverse ones."""

    witness = _STACK
    scope = where.DIRECTIONS & where.LAYERS & where.STATES
    fix = "read h_0 and c_0 layer by layer, forward before reverse within each"

    def state(self, states: Tensor, layer: int, direction: int) -> Tensor:
        """Direction by direction."""
        return states[direction * self.layers + layer]


class ReverseStateOfTheLastStep(PlainLSTM):
    """h_n is output[-1] for both directions, though the reverse one ends at the first step."""

    witness = _BOTH
    reported_at = "https://github.com/yunjey/pytorch-tutorial/pull/174"
    scope = where.DIRECTIONS & where.STEPS
    fix = "take the reverse direction's h_n from where it ends, the first step: output[0], not output[-1]"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """The last layer's h from the output's last step."""
        h_n, c_n = super().last_states(lasts, output)
        if self.directions == 1:
            return h_n, c_n
        own = output[-1].view(output.shape[1], self.directions, -1).transpose(0, 1)
        return torch.cat([h_n[: -self.directions], own]), c_n


class LastStatesReverseFirst(PlainLSTM):
    """h_n and c_n hold each layer's reverse state before its forward one."""

    witness = _BOTH
    scope = where.DIRECTIONS
    fix = "put each layer's forward state first in h_n and c_n, then its reverse one"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """Reverse, forward."""
        both = self.directions == 2
        return super().last_states([lasts[k ^ 1] for k in range(len(lasts))] if both else lasts, output)


class DirectionsAdded(PlainLSTM):
    """The outputs of both directions are added up, not joined."""

    witness = _BOTH
    scope = where.DIRECTIONS
    fix = "concatenate both directions along the features: torch.cat([forward, reverse], -1)"

    def join(self, outputs: list[Tensor]) -> Tensor:
        """Half as wide."""
        return outputs[0] + outputs[1] if len(outputs) == 2 else outputs[0]


class UpperLayersReadOneDirection(PlainLSTM):
    """A layer above the first reads the forward direction only: zeros for the other."""

    witness = _STACK
    scope = where.DIRECTIONS & where.LAYERS
    fix = "feed the next layer with both directions' outputs"

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """Half of it."""
        if layer == self.layers - 1 or self.directions == 1:
            return output
        forward = output.chunk(2, -1)[0]
        return torch.cat([forward, torch.zeros_like(forward)], -1)
