"""Implementations in the life of a module: called again, in train mode, with dropout, with changed weights ..."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.wrapped import Wrapped
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.generators import SeededLSTM
from lstm_parity.running.protocol import LSTM, load_dropping


@dataclass(frozen=True)
class _CalledHere(Wrapped):
    """An implementation whose calls are made here, one by one: run in another process, a whole case would be one."""

    evidence: ClassVar[None] = None
    found_by_autograd: ClassVar[None] = None


@dataclass(frozen=True)
class CalledTwice(_CalledHere):
    """An implementation called twice: the results of a second call with the same tensors, or the first's, read late.

    A state that is kept shows in the second call, and so do arguments that were written to. Read late, the results of
    the first call must not have changed in a second one, with another input.
    """

    late: bool

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load an LSTM whose call is two calls."""
        lstm = self.implementation.load(setting, weights)

        def twice(input: Any, hx: Any) -> Any:
            first = lstm(input, hx)
            second = lstm(_negate(input) if self.late else input, hx)
            return first if self.late else second

        return twice


@dataclass(frozen=True)
class LoadedAnew(_CalledHere):
    """An implementation of which every call is the first: what an earlier call leaves behind cannot show."""

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load an LSTM that is loaded again for each of its calls."""
        return lambda input, hx: self.implementation.load(setting, weights)(input, hx)


@dataclass(frozen=True)
class CalledOften(_CalledHere):
    """An implementation called 33 times: a counter or a cache of a small power of two is exceeded by then."""

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load an LSTM whose call is the last of 33 with the same tensors."""
        lstm = self.implementation.load(setting, weights)
        return lambda input, hx: [lstm(input, hx) for _ in range(33)][-1]


def _negate(input: Any) -> Any:
    return input._replace(data=-input.data) if isinstance(input, PackedSequence) else -input


@dataclass(frozen=True)
class InTrainMode(_CalledHere):
    """An implementation in train mode: without dropout it must return what it returns in eval mode."""

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load an LSTM and, if it is a module, set train mode."""
        lstm = self.implementation.load(setting, weights)
        if hasattr(lstm, "train"):
            lstm.train()
        return lstm


@dataclass(frozen=True)
class InDropout(_CalledHere):
    """An implementation with dropout of probability p, which draws from a seed.

    seeds: of calls of one LSTM, of which the last one's results are returned.
    """

    p: float
    seeds: tuple[int, ...]
    training: bool = True

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load an LSTM with dropout. Raises NotImplementedError if it has none."""
        lstm = load_dropping(self.implementation, setting, weights, self.p, training=self.training)
        return lambda input, hx: [SeededLSTM(lstm, seed)(input, hx) for seed in self.seeds][-1]


@dataclass(frozen=True)
class Reloaded(_CalledHere):
    """An implementation that was called with the opposite of its weights before it was given the right ones."""

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load an LSTM whose call is one with other weights, and one with these, loaded by load_state_dict."""
        lstm = self.implementation.load(setting, weights.map(torch.neg))
        if not hasattr(lstm, "load_state_dict"):
            return self.implementation.load(setting, weights)

        def call(input: Any, hx: Any) -> Any:
            lstm(input, hx)
            lstm.load_state_dict(dict(weights.items()))
            return lstm(input, hx)

        return call


@dataclass(frozen=True)
class FromExpandedStates(_CalledHere):
    """An implementation given states whose rows are all one row in memory, as `state.expand` makes them."""

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load an LSTM whose call expands the first row of its states."""
        lstm = self.implementation.load(setting, weights)
        return lambda input, hx: lstm(input, hx and tuple(state[:, :1].expand_as(state) for state in hx))
