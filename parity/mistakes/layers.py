"""Layers that do not stand on one another as they should."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from parity.mistakes.plain import PlainLSTM, State
from reference.weights import CellWeights

STACK = "I4-H4-L3-T3-B2-float32-normal-1"


class StatesOfTheFirstLayerForAll(PlainLSTM):
    """Every layer starts from the states of the first."""

    witness = STACK

    def state(self, states: Tensor, layer: int, direction: int) -> Tensor:
        """Layer 0."""
        return super().state(states, 0, direction)


class StatesOfLayersReversed(PlainLSTM):
    """The last layer's states are taken for the first's."""

    witness = STACK

    def state(self, states: Tensor, layer: int, direction: int) -> Tensor:
        """Counted from the end."""
        return super().state(states, self.layers - 1 - layer, direction)


class WeightsShared(PlainLSTM):
    """`[cell] * num_layers`: layers of the same shape share the weights of the first of them."""

    witness = STACK
    seen = "https://github.com/macanv/BERT-BiLSTM-CRF-NER/issues/252"

    def weights(self, cells: Sequence[Sequence[CellWeights]], layer: int, direction: int) -> CellWeights:
        """The first layer of that shape."""
        alike = [w[direction] for w in cells if w[direction].w_ih.shape == cells[layer][direction].w_ih.shape]
        return alike[0]


class ResidualWhereSizesAgree(PlainLSTM):
    """A layer's input is added to its output wherever both have one shape."""

    witness = STACK

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """A residual connection that nobody asked for."""
        return output + below if output.shape == below.shape else output


class LastStatesOfTheLastLayer(PlainLSTM):
    """h_n and c_n hold the last layer's states for every layer."""

    witness = STACK
    seen = "https://github.com/onnx/onnx/pull/7664"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """The others are lost."""
        return super().last_states(lasts[-self.directions :] * self.layers, output)


class LayersReadTheCellState(PlainLSTM):
    """Layer k + 1 is fed with layer k's tanh(c), not with its h."""

    witness = STACK
    seen = "https://github.com/pytorch/examples/issues/167"

    def emitted(self, state: State, running: Tensor | None) -> Tensor:
        """The other half of the state, where it has the shape."""
        h, c = state
        return super().emitted((c.tanh() if c.shape == h.shape and self.layers > 1 else h, c), running)


class OutputOfTheFirstLayer(PlainLSTM):
    """The output is that of the first layer."""

    witness = STACK

    def padded(self, x: Tensor, lengths: Tensor | None, hx: Sequence[Tensor] | None) -> tuple[Tensor, Sequence[Tensor]]:
        """The first of them."""
        self._first: list[Tensor] = []
        _, last = super().padded(x, lengths, hx)
        return self._first[0], last

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """Remember them."""
        self._first.append(output)
        return output


class LayersNormalised(PlainLSTM):
    """Between layers, outputs are squashed once more."""

    witness = STACK

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """A tanh too many."""
        return output if layer == self.layers - 1 else torch.tanh(output)
