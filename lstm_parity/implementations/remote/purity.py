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
from lstm_parity.implementations.wrapped import Wrapped
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.calls import flatten_tensors, read_bits
from lstm_parity.running.protocol import LSTM, Implementation, load_dropping


class ImpureError(Exception):
    """A call did more than compute: it changed its arguments, or something of the process."""


class WatchedLSTM:
    """An LSTM whose every call is compared: its arguments before and after, the process, the memory of its results.

    after: called after every call; if it is None, all is compared after every call. Else weights and random generators,
    which are large, are compared by `demand_unchanged`, once for all calls of a case. generators: their states when
    something was last loaded, or drew what it may, shared by all LSTMs that are in use.
    """

    def __init__(
        self, lstm: LSTM, weights: LSTMWeights, after: Callable[[], None] | None, generators: dict[str, Any]
    ) -> None:
        self._lstm, self._after, self._may_draw = lstm, after or self.demand_unchanged, False
        self._generators = generators
        self._watch(weights)

    def _watch(self, weights: LSTMWeights) -> None:
        self._weights = dict(weights.items())
        self._before = {name: read_bits(weight) for name, weight in self._weights.items()}
        self._look_at_generators()
        self._places = {_storage_address(weight): name for name, weight in self._weights.items()}

    def _look_at_generators(self) -> None:
        self._generators.update({name: look() for name, look in RANDOM_CHANGED.items()})

    def train(self) -> None:
        """Set train mode, if the LSTM is a module; it may draw masks then, though none of them drops anything."""
        if hasattr(self._lstm, "train"):
            self._lstm.train()
            self._may_draw = True

    def reload(self, weights: LSTMWeights) -> bool:
        """Give the LSTM other weights by its load_state_dict; returns False if it has none."""
        if not hasattr(self._lstm, "load_state_dict"):
            return False
        self._lstm.load_state_dict(dict(weights.items()))
        self._watch(weights)
        return True

    def __call__(self, input: Any, hx: Any) -> Any:
        """Call the LSTM. Raises ImpureError, and what the LSTM raises."""
        given = dict(zip(("input", "h_0", "c_0"), flatten_tensors((input, hx)), strict=False))
        before = {name: read_bits(tensor) for name, tensor in given.items()}
        with _check_process_unchanged():
            returned = self._lstm(input, hx)
        _require_unchanged(given, before)
        places = self._places | {_storage_address(tensor): name for name, tensor in given.items() if tensor.numel()}
        for result in flatten_tensors(returned):
            if result.numel() and (place := _storage_address(result)) in places:
                raise ImpureError(f"the call returned memory of its argument {places[place]}: return a copy")
        self._after()
        return returned

    def demand_unchanged(self) -> None:
        """Raise ImpureError where a weight, or the state of a random generator, is another than when it was loaded."""
        _require_unchanged(self._weights, self._before)
        if self._may_draw:
            return self._look_at_generators()
        for name, state in self._generators.items():
            if RANDOM_CHANGED[name]() != state:
                raise ImpureError(f"the call changed {name}: in eval mode an LSTM draws nothing")


class WatchedImplementation(Wrapped):
    """An implementation whose LSTMs are watched, as `WatchedLSTM` says; `last` is the one loaded last."""

    def __init__(self, implementation: Implementation, after: Callable[[], None] | None = None) -> None:
        super().__init__(implementation)
        vars(self).update(_after=after, last=None, _generators={})

    last: WatchedLSTM | None

    def load(self, setting: Setting, weights: LSTMWeights) -> WatchedLSTM:
        """Load a watched LSTM."""
        return self._watch(self.implementation.load(setting, weights), weights)

    def load_dropping(self, setting: Setting, weights: LSTMWeights, p: float, *, training: bool) -> WatchedLSTM:
        """Load a watched LSTM with dropout. Raises NotImplementedError if it has none."""
        return self._watch(load_dropping(self.implementation, setting, weights, p, training=training), weights)

    def _watch(self, lstm: LSTM, weights: LSTMWeights) -> WatchedLSTM:
        watched = WatchedLSTM(lstm, weights, self._after, self._generators)
        vars(self).update(last=watched)
        return watched


def _storage_address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _require_unchanged(given: dict[str, Tensor], before: dict[str, bytes]) -> None:
    for name, tensor in given.items():
        if read_bits(tensor) != before[name]:
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
RANDOM_CHANGED: dict[str, Callable[[], Any]] = {
    "torch's random generator": lambda: torch.get_rng_state().numpy().tobytes(),
    "NumPy's random generator": _numpy_state,
    "Python's random generator": random.getstate,
}


@contextmanager
def _check_process_unchanged() -> Iterator[None]:
    """Raise ImpureError where a global setting is another afterwards."""
    before = {name: look() for name, look in STATE.items()}
    yield
    for name, look in STATE.items():
        if (now := look()) != before[name]:
            raise ImpureError(f"the call changed {name} from {before[name]} to {now}: set nothing of the process")
