"""The process in which an implementation runs: it loads the target once, then answers until the connection closes.

What comes back from a call is what the implementation returned, or a sentence on what it did that no LSTM may do.
"""

from __future__ import annotations

import os
import socket
import sys
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from lstm_parity.cases.setting import Setting, parse_setting
from lstm_parity.implementations.load import load_target
from lstm_parity.implementations.remote import HEARTBEAT
from lstm_parity.implementations.remote import messages as arrays
from lstm_parity.implementations.remote import wire as frames
from lstm_parity.implementations.remote.purity import ImpureError, WatchedImplementation, WatchedLSTM
from lstm_parity.implementations.target import Target, TargetError
from lstm_parity.reference.weights import LSTMWeights, named_weights
from lstm_parity.running.autograd import found_by_autograd
from lstm_parity.running.calls import runtime_flags
from lstm_parity.running.generators import SeededLSTM
from lstm_parity.running.observe import collect_evidence
from lstm_parity.running.protocol import Implementation, drops_out, stands_in, unjudged_dropout, unjudged_non_finite

_PACKAGE = str(Path(__file__).parents[2]) + os.sep
_STATM = Path("/proc/self/statm")  # the pages that a process has
_SILENCE = 0.2  # seconds
_MAX_LOADED = 8  # loaded LSTMs, of which the oldest is forgotten


def serve(address: str | list[Any], token: str, fields: dict[str, Any], memory: int) -> None:
    """Connect to a socket, load the target, answer; memory: bytes that may be added to what the process has now."""
    _limit_memory(memory)
    with frames.connect(address) as connection:
        frames.send(connection, {"token": token})
        try:
            worker = _Worker(load_target(Target.of(fields)), connection)
        except TargetError as error:
            return frames.send(connection, {"refused": str(error)})
        except Exception:
            return frames.send(connection, {"raised": _format_exception()})
        frames.send(connection, {"pid": os.getpid()})
        worker.answer()


def _limit_memory(more: int) -> None:
    """Let the process allocate so many bytes more than it has now. Linux only; 0 for no limit."""
    if not more or not _STATM.exists():
        return
    try:
        import resource
    except ImportError:
        return
    now = int(_STATM.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + more, now + more))


class _Worker:
    """Answers for one implementation."""

    def __init__(self, implementation: Implementation, connection: socket.socket) -> None:
        self.implementation, self.connection, self.spoke = implementation, connection, time.monotonic()
        self.watched = WatchedImplementation(implementation, self._goes_on)
        self.loaded: OrderedDict[int, WatchedLSTM] = OrderedDict()
        self.operations: dict[str, Callable[..., Any]] = {
            "refuses": self.unsupported_reason,
            "remarks": self.remarks,
            "declaration": self.declaration,
            "stands in": self.stands_in,
            "has dropout": self.has_dropout,
            "unjudged": self.unjudged,
            "call": self.call,
            "observe": self.observe,
            "autograd": self.autograd,
        }

    def answer(self) -> None:
        """Answer one message after the other, until the other side closes."""
        while True:
            try:
                message, values = frames.receive(self.connection)
            except frames.RemoteClosedError:
                return
            self.spoke = time.monotonic()
            try:
                answer, *results = self.operations[message["do"]](message, *values)
            except NotImplementedError as error:
                answer, results = {"refused": str(error) or "NotImplementedError"}, []
            except ImpureError as error:
                answer, results = {"impure": str(error)}, []
            except Exception:
                answer, results = {"raised": _format_exception()}, []
            self._say(answer, *results)

    def unsupported_reason(self, message: dict[str, Any]) -> tuple[Any, ...]:
        """Return why a setting is not supported."""
        return ({"reason": self.implementation.unsupported_reason(parse_setting(message["setting"]))},)

    def stands_in(self, message: dict[str, Any]) -> tuple[Any, ...]:
        """Send whether a state that is returned is not the implementation's own."""
        return ({"stands in": stands_in(self.implementation)},)

    def has_dropout(self, message: dict[str, Any]) -> tuple[Any, ...]:
        """Send whether there may be dropout."""
        return ({"exists": drops_out(self.implementation)},)

    def unjudged(self, message: dict[str, Any]) -> tuple[Any, ...]:
        """Send why dropout, and NaN and infinities, cannot be judged, if they cannot."""
        found = self.implementation
        return ({"dropout": unjudged_dropout(found), "non-finite": unjudged_non_finite(found)},)

    def declaration(self, message: dict[str, Any]) -> tuple[Any, ...]:
        """Send how a class is used, as a file of declarations."""
        return ({"declaration": getattr(self.implementation, "declaration", "")},)

    def remarks(self, message: dict[str, Any]) -> tuple[Any, ...]:
        """Return remarks on the target, in lines."""
        return ({"remarks": list(getattr(self.implementation, "remarks", ()))},)

    def call(self, message: dict[str, Any], input: Any, hx: Any, *weights: torch.Tensor) -> tuple[Any, ...]:
        """Call the LSTM of that number; if it is not known and weights are sent along, load it first."""
        setting, number = parse_setting(message["setting"]), message["number"]
        with runtime_flags(setting.runtime):
            if number not in self.loaded:
                if not message["weights"]:
                    return ({"unknown": number},)
                self._load(setting, number, _weights(setting, message["weights"], weights), message)
            elif message.get("reload"):
                own = _weights(setting, message["weights"], weights)
                if not self.loaded[number].reload(own):
                    self._load(setting, number, own, message)
            if message.get("train"):
                self.loaded[number].train()
            lstm = self.loaded[number]
            returned = (SeededLSTM(lstm, message["seed"]) if "seed" in message else lstm)(input, hx)
            self.loaded[number].demand_unchanged()
        return {}, returned

    def _load(self, setting: Setting, number: int, weights: LSTMWeights, message: dict[str, Any]) -> None:
        if "dropout" in message:
            dropping = {"p": message["dropout"], "training": message["training"]}
            self.loaded[number] = self.watched.load_dropping(setting, weights, **dropping)
        else:
            self.loaded[number] = self.watched.load(setting, weights)
        while len(self.loaded) > _MAX_LOADED:
            self.loaded.popitem(last=False)

    def observe(self, message: dict[str, Any], *values: Any) -> tuple[Any, ...]:
        """Return the evidence of a whole case."""
        seen = collect_evidence(self.watched, arrays.decode_case(message, values), message["chain"])
        if self.watched.last is not None:
            self.watched.last.demand_unchanged()
        answer, tensors = arrays.encode_evidence(seen)
        return answer, *tensors

    def _goes_on(self) -> None:
        """Send a heartbeat if none was sent for SILENCE seconds: the time limit is for one call."""
        if time.monotonic() - self.spoke > _SILENCE:
            self._say(HEARTBEAT)

    def _say(self, answer: dict[str, Any], *results: Any) -> None:
        self.spoke = time.monotonic()
        frames.send(self.connection, answer, *results)

    def autograd(self, message: dict[str, Any], *values: Any) -> tuple[Any, ...]:
        """Return autograd's gradients through the implementation, by name."""
        derivatives, *rest = values
        case, d = arrays.decode_case(message, rest), arrays.decode_adjoints(message, derivatives)
        found = found_by_autograd(self.implementation, case, d)
        return {"names": list(found)}, *found.values()


def _format_exception() -> str:
    """Return the traceback of what the implementation raised, without our own frames above it."""
    told = traceback.TracebackException(*sys.exc_info())
    theirs = [frame for frame in told.stack if not frame.filename.startswith(_PACKAGE)]
    told.stack = traceback.StackSummary.from_list(theirs or told.stack)
    return "".join(told.format())


def _weights(setting: Setting, names: list[str], values: tuple[torch.Tensor, ...]) -> LSTMWeights:
    """Return the weights by torch's names as an LSTMWeights."""
    named, a = dict(zip(names, values, strict=True)), setting.architecture
    return named_weights(named, a.num_layers, a.num_directions)
