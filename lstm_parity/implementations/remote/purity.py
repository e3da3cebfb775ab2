"""Calls that are watched: an LSTM computes, and changes neither its arguments nor anything of the process."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lstm_parity.cases.setting import Setting
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.calls import bits, tensors_of
from lstm_parity.running.protocol import LSTM, Implementation


class ImpureError(Exception):
    """A call did more than compute: it changed its arguments, or something of the process."""


class WatchedLSTM:
    """An LSTM whose every call is compared: its arguments before and after, the process, the memory of its results.

    after: called after every call. Weights and random generators are large: `demand_unchanged` compares them once for
    all calls of a case.
    """

    def __init__(self, lstm: LSTM, weights: LSTMWeights, after: Callable[[], None]) -> None:
        self._lstm, self._after = lstm, after
        self._weights = dict(weights.items())
        self._before = {name: bits(weight) for name, weight in self._weights.items()}
        self._drawn = {name: look() for name, look in DRAWN.items()}
        self._places = {_place(weight): name for name, weight in self._weights.items()}

    def __call__(self, input: Any, hx: Any) -> Any:
        """What the LSTM returns. Raises ImpureError, and what the LSTM raises."""
        given = dict(zip(("input", "h_0", "c_0"), tensors_of((input, hx)), strict=False))
        before = {name: bits(tensor) for name, tensor in given.items()}
        with unchanged_process():
            returned = self._lstm(input, hx)
        _demand_unchanged(given, before)
        places = self._places | {_place(tensor): name for name, tensor in given.items() if tensor.numel()}
        for result in tensors_of(returned):
            if result.numel() and (place := _place(result)) in places:
                raise ImpureError(f"the call returned memory of its argument {places[place]}: return a copy")
        self._after()
        return returned

    def demand_unchanged(self) -> None:
        """Raise ImpureError where a weight, or the state of a random generator, is another than when it was loaded."""
        _demand_unchanged(self._weights, self._before)
        for name, look in DRAWN.items():
            if look() != self._drawn[name]:
                raise ImpureError(f"the call changed {name}: in eval mode an LSTM draws nothing")


class Watched:
    """An implementation whose LSTMs are watched; `last` is the one loaded last."""

    def __init__(self, implementation: Implementation, after: Callable[[], None]) -> None:
        self.implementation, self._after = implementation, after
        self.last: WatchedLSTM | None = None

    @property
    def name(self) -> str:
        """The implementation's."""
        return self.implementation.name

    def refuses(self, setting: Setting) -> str | None:
        """What the implementation refuses."""
        return self.implementation.refuses(setting)

    def load(self, setting: Setting, weights: LSTMWeights) -> WatchedLSTM:
        """The implementation's, watched."""
        self.last = WatchedLSTM(self.implementation.load(setting, weights), weights, self._after)
        return self.last


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _demand_unchanged(given: dict[str, Tensor], before: dict[str, bytes]) -> None:
    for name, tensor in given.items():
        if bits(tensor) != before[name]:
            raise ImpureError(f"the call changed its argument {name} in place: compute with a copy")


def _numpy_state() -> tuple[bytes, int]:
    state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002 (the one that people use)
    return state["key"].tobytes(), state["pos"]


STATE: dict[str, Callable[[], Any]] = {
    "torch's default dtype": torch.get_default_dtype,
    "torch's gradient mode": torch.is_grad_enabled,
    "torch's number of threads": torch.get_num_threads,
    "torch's deterministic mode": torch.are_deterministic_algorithms_enabled,
    "torch.backends.mkldnn.enabled": lambda: torch.backends.mkldnn.enabled,
    "the working directory": os.getcwd,
}
DRAWN: dict[str, Callable[[], Any]] = {
    "torch's random generator": lambda: torch.get_rng_state().numpy().tobytes(),
    "NumPy's random generator": _numpy_state,
    "Python's random generator": random.getstate,
}


@contextmanager
def unchanged_process() -> Iterator[None]:
    """Raise ImpureError where a global setting is another afterwards."""
    before = {name: look() for name, look in STATE.items()}
    yield
    for name, look in STATE.items():
        if (now := look()) != before[name]:
            raise ImpureError(f"the call changed {name} from {before[name]} to {now}: set nothing of the process")
