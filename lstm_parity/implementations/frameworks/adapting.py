"""What all adapters share: tensors of any layout made NumPy arrays, and layers stacked where there is no stack.

Arrays are canonical: x (T, B, I), states h (., B, P) and c (., B, H), output (T, B, D*P), zeros where a row has ended.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.frameworks.registry import Framework, find_framework, install_hint
from lstm_parity.implementations.load import declared_reason
from lstm_parity.implementations.target import TargetError
from lstm_parity.reference.sequences import repack, time_major, unpack
from lstm_parity.reference.weights import LSTMWeights, to_numpy
from lstm_parity.running.protocol import LSTM, Implementation

Array = NDArray[Any]
States = tuple[Array, Array]  # (h, c)
Answer = tuple[Any, Any, Any]  # output, h, c
# x (T, B, I), the states or None for the framework's own, the lengths (B,) or None if all rows are whole
Run = Callable[[Array, "States | None", "Array | None"], Answer]
_Build = Callable[[Setting, LSTMWeights], Run]


@dataclass(frozen=True)
class _Adapter:
    """A framework as an implementation.

    build: makes a run of a whole LSTM out of a setting and weights as NumPy arrays.
    """

    framework: Framework
    build: _Build

    @property
    def name(self) -> str:
        """What the certificate calls it."""
        return self.framework.title

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return the first of the features that it does not have."""
        lacks = self.framework.lacks.items()
        return next((reason for feature, reason in lacks if declared_reason((feature,), setting) is not None), None)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Called like `nn.LSTM`."""
        run = self.build(setting, weights.map(to_numpy))

        def lstm(input: Any, hx: Any) -> Any:
            if isinstance(input, PackedSequence):
                padded, lengths = unpack(input)
                output, h_n, c_n = run(to_numpy(padded), _arrays(hx), to_numpy(lengths).astype(np.int32))
                return repack(_tensor(output), input), (_tensor(h_n), _tensor(c_n))
            if input.dim() == 2:
                states = None if hx is None else _arrays([state.unsqueeze(1) for state in hx])
                output, h_n, c_n = map(_tensor, run(to_numpy(input.unsqueeze(1)), states, None))
                return output.squeeze(1), (h_n.squeeze(1), c_n.squeeze(1))
            batch_first = setting.architecture.batch_first
            output, h_n, c_n = map(_tensor, run(to_numpy(time_major(input, batch_first)), _arrays(hx), None))
            return time_major(output, batch_first), (h_n, c_n)

        return lstm


def load_adapter(name: str) -> Implementation:
    """Import a framework and adapt it. Raises KeyError if none has that name, TargetError if it is not installed."""
    chosen = find_framework(name)
    os.environ.update(chosen.environment)
    module, _, function = chosen.place.partition(":")
    try:
        found = importlib.import_module(f"lstm_parity.implementations.frameworks.adapters.{module}")
    except ModuleNotFoundError as error:
        raise TargetError(
            f"framework:{name} was given, but {error.name} is not installed: {install_hint(chosen)}"
        ) from None
    made = getattr(found, function)
    return made if hasattr(made, "load") else _Adapter(chosen, made)


def _arrays(hx: Any) -> States | None:
    return None if hx is None else (to_numpy(hx[0]), to_numpy(hx[1]))


def _tensor(array: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(array))


def stack_layers(layers: Sequence[Run]) -> Run:
    """Stack layers. A layer's states are those of its directions: (D, B, .)."""

    def run(x: Array, states: States | None, lengths: Array | None) -> Answer:
        lasts: list[tuple[Array, Array]] = []
        each = (
            [None] * len(layers) if states is None else [*zip(*(np.split(s, len(layers)) for s in states), strict=True)]
        )
        for layer, state in zip(layers, each, strict=True):
            x, h, c = map(np.asarray, layer(x, state, lengths))
            lasts.append((h, c))
        h_n, c_n = (np.concatenate(parts) for parts in zip(*lasts, strict=True))
        return x, h_n, c_n

    return run


def join_directions(directions: Sequence[Run]) -> Run:
    """Make a layer of runs of one direction, whose states have no leading axis, (B, .); the second reads backwards."""

    def run(x: Array, states: States | None, lengths: Array | None) -> Answer:
        answers = []
        for direction, one in enumerate(directions):
            state = None if states is None else (states[0][direction], states[1][direction])
            output, h, c = map(np.asarray, one(_reverse_time(x, lengths) if direction else x, state, lengths))
            answers.append((_reverse_time(output, lengths) if direction else output, h, c))
        outputs, h_n, c_n = zip(*answers, strict=True)
        return np.concatenate(outputs, -1), np.stack(h_n), np.stack(c_n)

    return run


def _reverse_time(x: Array, lengths: Array | None) -> Array:
    """Return the steps of every row in reverse order, each within its length."""
    if lengths is None:
        return np.array(x[::-1])
    t = np.arange(len(x))[:, None]
    steps = np.where(t < lengths, lengths - 1 - t, t)
    return np.asarray(x[steps, np.arange(x.shape[1])])


def loop_steps(
    step: Callable[[Any, Any, Any], tuple[Any, Any]],
    zeros: Callable[[Array], tuple[Any, Any]],
    array: Callable[[Any], Array] = np.asarray,
) -> Run:
    """Make one direction of a step `(x (B, I), h, c) -> (h, c)`.

    zeros: the states there are for x (T, B, I) if none are given. array: makes an array of what a step returns.
    """

    def run(x: Array, states: States | None, lengths: Array | None) -> Answer:
        h, c = zeros(x) if states is None else states
        outputs = []
        for row in x:
            h, c = step(row, h, c)
            outputs.append(array(h))
        return np.stack(outputs), array(h), array(c)

    return run
