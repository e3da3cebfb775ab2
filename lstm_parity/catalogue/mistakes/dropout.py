"""Wrong dropout: what is dropped, when, with which mask."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import dropout

from lstm_parity.catalogue.mistakes import scope as where
from lstm_parity.catalogue.mistakes.plain import State
from lstm_parity.catalogue.mistakes.plain_dropout import DroppingLSTM
from lstm_parity.reference.weights import CellWeights

_STACK = "I5-H7-L3-bi-T4-B3-float32-normal-1"
_PACKED = "I5-H7-L3-T4-B3-packed2.4.1-float32-normal-1"


class NothingDropped(DroppingLSTM):
    """The dropped output is computed, and the next layer reads the other one."""

    witness = _STACK
    reported_at = "https://github.com/jihunchoi/recurrent-batch-normalization-pytorch/issues/13"

    def drop(self, output: Tensor, layer: int) -> Tensor:
        """Drawn and forgotten."""
        super().drop(output, layer)
        return output


class DroppedInEvalMode(DroppingLSTM):
    """Dropout ignores whether the module is in training."""

    witness = _STACK
    scope = where.LAYERS

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """Always."""
        return self.drop(output, layer) if layer < self.layers - 1 else output


class MasksNotRescaled(DroppingLSTM):
    """What is kept is not multiplied by 1/(1-p)."""

    witness = _STACK

    def draw_mask(self, like: Tensor) -> Tensor:
        """0 and 1."""
        return (super().draw_mask(like) != 0.0).to(like.dtype)


class RescaledInEvalMode(DroppingLSTM):
    """What is kept is not rescaled in training, but everything is multiplied by 1-p in eval mode."""

    witness = _STACK
    scope = where.LAYERS

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """1-p where nothing is dropped."""
        if layer == self.layers - 1:
            return output
        return self.drop(output, layer) if self.training else output * (1.0 - self.p)

    def draw_mask(self, like: Tensor) -> Tensor:
        """0 and 1."""
        return (super().draw_mask(like) != 0.0).to(like.dtype)


class KeptWithProbabilityP(DroppingLSTM):
    """p is read as the share that is kept."""

    witness = "I5-H7-L3-bi-T4-B3-float32-normal-2"
    reported_at = "https://github.com/tensorforce/tensorforce/pull/111"

    def draw_mask(self, like: Tensor) -> Tensor:
        """p and 1-p exchanged."""
        return dropout(torch.ones_like(like), 1.0 - self.p)


class LastLayerDroppedToo(DroppingLSTM):
    """The last layer's output is dropped like the others'."""

    witness = _STACK
    reported_at = "https://github.com/OpenNMT/OpenNMT-py/issues/29"

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """`if i != num_layers`, with i below num_layers."""
        return self.drop(output, layer) if self.training else output


class InputDropped(DroppingLSTM):
    """The input of the first layer is dropped too."""

    witness = _STACK

    def enter(self, x: Tensor) -> Tensor:
        """One mask more."""
        return self.drop(x, 0) if self.training else x


class RecurrentStateDropped(DroppingLSTM):
    """What is dropped is the h that is fed back, at every step, and not what the next layer reads."""

    witness = _STACK
    reported_at = "https://github.com/hankcs/CS224n/pull/12"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """Another mask for each step."""
        return super().sums(x, h * self.draw_mask(h) if self.training else h, w)

    def drop(self, output: Tensor, layer: int) -> Tensor:
        """As it is."""
        return output


class OneMaskForAllSteps(DroppingLSTM):
    """Each layer has one mask, the same at every step: variational dropout."""

    witness = _STACK
    reported_at = "https://github.com/tensorflow/tensorflow/issues/2789"

    def mask(self, output: Tensor, layer: int) -> Tensor:
        """The first step's."""
        return super().mask(output, layer)[:1].expand_as(output)


class OneMaskForAllRows(DroppingLSTM):
    """Each layer has one mask, the same for every row of the batch."""

    witness = _STACK
    reported_at = "https://github.com/clab/dynet/pull/812"

    def mask(self, output: Tensor, layer: int) -> Tensor:
        """That of the first, which is the longest."""
        return super().mask(output, layer)[:, :1].expand_as(output)


class OneMaskForAllLayers(DroppingLSTM):
    """The mask that is drawn for the first layer is used for all."""

    witness = _STACK

    def mask(self, output: Tensor, layer: int) -> Tensor:
        """Drawn once a call."""
        if layer == 0:
            self._mask = super().mask(output, layer)
        return self._mask


class OneMaskForBothDirections(DroppingLSTM):
    """The mask is drawn for one direction's width, and used for both."""

    witness = _STACK

    def mask(self, output: Tensor, layer: int) -> Tensor:
        """Half of it twice."""
        half = super().mask(output[..., : output.shape[-1] // self.directions], layer)
        return half.repeat(1, 1, self.directions)


class EachDirectionReadsItsOwnMask(DroppingLSTM):
    """The two directions of the next layer read the same output, each with a mask of its own."""

    witness = _STACK

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """Drawn where it is read."""
        return super().run(self.drop(x, 1) if self._above else x, lengths, state, w, reverse)

    def state(self, states: Tensor, layer: int, direction: int) -> Tensor:
        """Remember whether there is a layer below."""
        self._above = self.training and layer > 0
        return super().state(states, layer, direction)

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """Not where it is given out."""
        return output


class MaskKeptBetweenCalls(DroppingLSTM):
    """A mask is drawn in the first call of a shape, and used for ever."""

    witness = ""
    reported_at = "https://github.com/abr/keras-lmu/pull/29"

    def mask(self, output: Tensor, layer: int) -> Tensor:
        """As long as the shape is the same."""
        kept = self.__dict__.setdefault("_kept", {})
        if (layer, output.shape) not in kept:
            kept[layer, output.shape] = super().mask(output, layer)
        return kept[layer, output.shape]  # type: ignore[no-any-return]


class MaskDrawnForPaddingToo(DroppingLSTM):
    """Of a packed batch the mask is drawn for the padded tensor, so that its numbers fall to other places."""

    witness = _PACKED
    only_in_order = True

    def mask(self, output: Tensor, layer: int) -> Tensor:
        """(T, B, D*P) numbers."""
        return self.draw_mask(output)


class LastStatesDropped(DroppingLSTM):
    """The lower layers' h_n are dropped with their outputs."""

    witness = _STACK

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """Dropped once more where they are given out."""
        h_n, c_n = super().last_states(lasts, output)
        lower = len(h_n) - self.directions
        return (torch.cat([h_n[:lower] * self.draw_mask(h_n[:lower]), h_n[lower:]]) if self.training else h_n), c_n
