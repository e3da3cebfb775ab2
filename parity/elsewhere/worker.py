"""The process in which an implementation runs: it loads the target once, then answers until it is told to end, or dies.

What comes back from a call is what the implementation returned, or a sentence on what it did that no LSTM may do.
"""

from __future__ import annotations

import os
import random
import resource
import socket
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from parity.calling import bits, runtime_flags, tensors_of
from parity.elsewhere import arrays, frames
from parity.gradients import found_by_autograd
from parity.implementations.protocol import LSTM, Implementation
from parity.loading import load
from parity.settings import Setting, setting_named
from parity.target import Target, TargetError
from parity.threads import share_cores
from reference.weights import LONG_NAMES, CellWeights, LSTMWeights

HOME = str(Path(__file__).parents[1]) + os.sep
STATM = Path("/proc/self/statm")  # the pages that a process has
KEPT = 8  # loaded LSTMs, of which the oldest is forgotten


class ImpureError(Exception):
    """A call did more than compute: it changed its arguments, or something of the process."""


def serve(path: str, fields: dict[str, Any], memory: int) -> None:
    """Connect to a socket, load the target, answer; memory: bytes that may be added to what the process has now."""
    share_cores()
    limit_memory(memory)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(path)
        try:
            worker = Worker(load(Target.of(fields)))
        except TargetError as error:
            return frames.send(connection, {"refused": str(error)})
        except Exception:
            return frames.send(connection, {"raised": _story()})
        frames.send(connection, {"pid": os.getpid()})
        worker.answer(connection)


def limit_memory(more: int) -> None:
    """Let the process ask for so many bytes more than it has; beyond, asking raises. Linux only: elsewhere no limit."""
    if not STATM.exists():
        return
    now = int(STATM.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + more, now + more))


class Worker:
    """Answers for one implementation."""

    def __init__(self, implementation: Implementation) -> None:
        self.implementation = implementation
        self.loaded: OrderedDict[int, tuple[LSTM, LSTMWeights]] = OrderedDict()
        self.operations: dict[str, Callable[..., Any]] = {
            "refuses": self.refuses,
            "call": self.call,
            "autograd": self.autograd,
        }

    def answer(self, connection: socket.socket) -> None:
        """One message after the other, until the other side closes."""
        while True:
            try:
                message, values = frames.receive(connection)
            except frames.ClosedError:
                return
            try:
                answer, *results = self.operations[message["do"]](message, *values)
            except NotImplementedError as error:
                answer, results = {"refused": str(error) or "NotImplementedError"}, []
            except ImpureError as error:
                answer, results = {"impure": str(error)}, []
            except Exception:
                answer, results = {"raised": _story()}, []
            frames.send(connection, answer, *results)

    def refuses(self, message: dict[str, Any]) -> tuple[Any, ...]:
        """Why a setting is not supported."""
        return ({"reason": self.implementation.refuses(setting_named(message["setting"]))},)

    def call(self, message: dict[str, Any], input: Any, hx: Any, *weights: torch.Tensor) -> tuple[Any, ...]:
        """What the LSTM of that number returns; it is loaded where it is not known and weights are sent along."""
        setting, number = setting_named(message["setting"]), message["number"]
        with runtime_flags(setting.runtime):
            if number not in self.loaded:
                if not message["weights"]:
                    return ({"unknown": number},)
                self._load(setting, number, _weights(setting, message["weights"], weights))
            lstm, own = self.loaded[number]
            given = [*tensors_of((input, hx)), *(w for _, w in own.items())]
            before = [bits(tensor) for tensor in given]
            with unchanged_process():
                returned = lstm(input, hx)
            _demand_purity(given, before, returned, _names(hx, own))
        return {}, returned

    def _load(self, setting: Setting, number: int, weights: LSTMWeights) -> None:
        self.loaded[number] = self.implementation.load(setting, weights), weights
        while len(self.loaded) > KEPT:
            self.loaded.popitem(last=False)

    def autograd(self, message: dict[str, Any], *values: Any) -> tuple[Any, ...]:
        """What autograd finds through the implementation, by name."""
        case, adjoints = arrays.case_of(message, values)
        found = found_by_autograd(self.implementation, case, adjoints, message["frozen"])
        return {"names": list(found)}, *(None if a is None else torch.from_numpy(a.copy()) for a in found.values())


def _story() -> str:
    """The traceback of what the implementation raised, without our own frames above it."""
    told = traceback.TracebackException(*sys.exc_info())
    theirs = [frame for frame in told.stack if not frame.filename.startswith(HOME)]
    told.stack = traceback.StackSummary.from_list(theirs or told.stack)
    return "".join(told.format())


def _weights(setting: Setting, names: list[str], values: tuple[torch.Tensor, ...]) -> LSTMWeights:
    """The weights by torch's names as an LSTMWeights."""
    named, a = dict(zip(names, values, strict=True)), setting.architecture
    suffixes = ("", "_reverse")[: a.num_directions]
    return LSTMWeights(
        tuple(
            tuple(
                CellWeights(**{short: named.get(f"{long}_l{k}{suffix}") for short, long in LONG_NAMES.items()})
                for suffix in suffixes
            )
            for k in range(a.num_layers)
        )
    )


def _names(hx: Any, weights: LSTMWeights) -> list[str]:
    return ["input", *(("h_0", "c_0") if hx is not None else ()), *(name for name, _ in weights.items())]


def _demand_purity(given: list[torch.Tensor], before: list[torch.Tensor], returned: Any, names: list[str]) -> None:
    """Raise ImpureError where an argument was changed, or lies in the same memory as a result."""
    for name, tensor, old in zip(names, given, before, strict=True):
        if not torch.equal(bits(tensor), old):
            raise ImpureError(f"the call changed its argument {name} in place: compute with a copy")
    places = {t.untyped_storage().data_ptr(): name for name, t in zip(names, given, strict=True) if t.numel()}
    for result in tensors_of(returned):
        if result.numel() and (place := result.untyped_storage().data_ptr()) in places:
            raise ImpureError(f"the call returned memory of its argument {places[place]}: return a copy")


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
    """Raise ImpureError where a global setting, or the state of a random generator, is another afterwards."""
    before = {name: look() for name, look in (STATE | DRAWN).items()}
    yield
    for name, look in (STATE | DRAWN).items():
        if (now := look()) != before[name]:
            changed = f"the call changed {name}"
            raise ImpureError(
                f"{changed} from {before[name]} to {now}: set nothing of the process"
                if name in STATE
                else f"{changed}: in eval mode an LSTM draws nothing"
            )
