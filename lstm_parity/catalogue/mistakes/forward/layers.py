"""Layers that do not stand on one another as they should."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lstm_parity.catalogue.mistakes import scope as where
from lstm_parity.catalogue.mistakes.plain import PlainLSTM, State
from lstm_parity.reference.weights import CellWeights

_STACK = "I4-H4-L3-T3-B2-float32-normal-1"


class StatesOfTheFirstLayerForAll(PlainLSTM):
    """Every layer starts from the states of the first."""

    witness = _STACK
    scope = where.LAYERS & where.STATES
    fix = "start layer k from its own states: h_0[k * num_directions + direction], and so c_0"

    def state(self, states: Tensor, layer: int, direction: int) -> Tensor:
        """Layer 0."""
        return super().state(states, 0, direction)


class StatesOfLayersReversed(PlainLSTM):
    """The last layer's states are taken for the first's."""

    witness = _STACK
    scope = where.LAYERS & where.STATES
    fix = "count the states of h_0 and c_0 from the first layer up"

    def state(self, states: Tensor, layer: int, direction: int) -> Tensor:
        """Counted from the end."""
        return super().state(states, self.layers - 1 - layer, direction)


class WeightsShared(PlainLSTM):
    """`[cell] * num_layers`: layers of the same shape share the weights of the first of them."""

    witness = _STACK
    reported_at = "https://github.com/macanv/BERT-BiLSTM-CRF-NER/issues/252"
    scope = where.LAYERS
    fix = "make a cell of its own for each layer: [Cell() for _ in range(num_layers)], not [cell] * num_layers"

    def weights(self, cells: Sequence[Sequence[CellWeights]], layer: int, direction: int) -> CellWeights:
        """The first layer of that shape."""
        alike = [w[direction] for w in cells if w[direction].w_ih.shape == cells[layer][direction].w_ih.shape]
        return alike[0]


class ResidualWhereSizesAgree(PlainLSTM):
    """A layer's input is added to its output wherever both have one shape."""

    witness = _STACK
    scope = where.SAME_WIDTH
    fix = "pass a layer's output on as it is; add no input to it"

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """A residual connection that is not part of an LSTM."""
        return output + below if output.shape == below.shape else output


class LastStatesOfTheLastLayer(PlainLSTM):
    """h_n and c_n hold the last layer's states for every layer."""

    witness = _STACK
    scope = where.LAYERS
    fix = "collect h and c of every layer, and stack them in order for h_n and c_n"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """The others are lost."""
        return super().last_states(lasts[-self.directions :] * self.layers, output)


class LayersReadTheCellState(PlainLSTM):
    """Layer k + 1 is fed with layer k's tanh(c), not with its h."""

    witness = _STACK
    reported_at = "https://github.com/pytorch/examples/issues/167"
    scope = where.LAYERS & where.NO_PROJECTION
    fix = "feed layer k + 1 with the h of layer k, not with its c"

    def emit(self, state: State, running: Tensor | None) -> Tensor:
        """The other half of the state, where it has the shape."""
        h, c = state
        return super().emit((c.tanh() if c.shape == h.shape and self.layers > 1 else h, c), running)


class OutputOfTheFirstLayer(PlainLSTM):
    """The output is that of the first layer."""

    witness = _STACK
    scope = where.LAYERS
    fix = "return the last layer's output"

    def run_padded(
        self, x: Tensor, lengths: Tensor | None, hx: Sequence[Tensor] | None
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """The first of them."""
        self._first: list[Tensor] = []
        _, last = super().run_padded(x, lengths, hx)
        return self._first[0], last

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """Remember them."""
        self._first.append(output)
        return output


class LayersNormalised(PlainLSTM):
    """Between layers, outputs are squashed once more."""

    witness = _STACK
    scope = where.LAYERS
    fix = "apply nothing between layers: a layer's input is the output of the one below"

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """A tanh too many."""
        return output if layer == self.layers - 1 else torch.tanh(output)


class LayersReadTheInput(PlainLSTM):
    """Every layer reads the input of the first, where it fits."""

    witness = _STACK
    scope = where.LAYERS
    fix = "feed layer k + 1 with the output of layer k"

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """Not what the layer below gives out."""
        return below if output.shape == below.shape and layer < self.layers - 1 else output


class LayersStartFromTheLastStateBelow(PlainLSTM):
    """h and c are carried from one layer to the next: a layer starts from where the one below has ended."""

    witness = _STACK
    scope = where.LAYERS
    fix = "start every layer from its own h_0 and c_0, not from the last state of the layer below"

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """One variable for all layers."""
        self._lasts = getattr(self, "_lasts", [])
        if len(self._lasts) >= self.layers * self.directions:
            self._lasts = []
        given = state if len(self._lasts) < self.directions else self._lasts[-self.directions]
        output, last = super().run(x, lengths, given, w, reverse)
        self._lasts.append(last)
        return output, last


class LastStatesReshaped(PlainLSTM):
    """h_n and c_n are gathered row by row, and reshaped, not transposed, into layers."""

    witness = _STACK
    reported_at = "https://github.com/Stable-Baselines-Team/stable-baselines3-contrib/issues/111"
    scope = where.SEVERAL_STATES & where.ROWS
    fix = "transpose (B, L*D, ...) into (L*D, B, ...) with swapaxes, not with reshape"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """The numbers stay where they are."""
        states = super().last_states(lasts, output)
        return [state.transpose(0, 1).reshape(state.shape) for state in states]
