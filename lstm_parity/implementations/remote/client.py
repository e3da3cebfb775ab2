"""An implementation in a process of its own, called like any other: its crash, exit or hang is a verdict."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.load import declared_reason
from lstm_parity.implementations.remote import HEARTBEAT, make_worker_server
from lstm_parity.implementations.remote import messages as arrays
from lstm_parity.implementations.remote import wire as frames
from lstm_parity.implementations.target import MEMORY_LIMIT, TIME_LIMIT, Target, TargetError
from lstm_parity.reference.noise.arithmetics import Arithmetic, find_arithmetic
from lstm_parity.reference.weights import LSTMWeights, named_weights
from lstm_parity.running.child_process import CallResult, ExitKind, ProcessServer
from lstm_parity.running.evidence import Adjoints, Evidence, Found
from lstm_parity.running.observe import ImplementationError

_START_LIMIT = 60.0  # seconds
_WORDS = {
    "SIGSEGV": "a segmentation fault: it read or wrote memory that is not its own",
    "SIGABRT": "an abort: a check in native code failed",
    "SIGFPE": "a floating point exception: an integer division by zero, most likely",
    "SIGKILL": "a kill: the system was out of memory, most likely",
    "SIGBUS": "a bus error",
    "SIGILL": "an illegal instruction: it was built for another processor",
}


class RemoteImplementation:
    """The implementation of a target, in a child process that is started again when it has died.

    limit: seconds that a call may take; memory: GiB that the implementation may use, on the CPU: drivers of other
    devices reserve more than there is. Close it, or use it in `with`.
    """

    def __init__(
        self,
        target: Target,
        limit: float = TIME_LIMIT,
        memory: float = MEMORY_LIMIT,
        server: ProcessServer | None = None,
        device: str = "cpu",
    ) -> None:
        self.target, self.limit, self.memory = target, limit, memory if device == "cpu" else 0.0
        self._server = server or make_worker_server()
        self._connection: socket.socket | None = None
        self._pid = 0
        self._numbers = itertools.count()
        self._folder = Path(tempfile.mkdtemp(prefix="lstm-parity-"))

    def start(self) -> None:
        """Start the process now and not with the first question. Raises TargetError if the target is none."""
        if self._connection is None:
            self._connect()

    @property
    def name(self) -> str:
        """What was typed."""
        return str(self.target)

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return the declared reason, or that of the implementation."""
        if (reason := declared_reason(self.target.without, setting)) is not None:
            return reason
        answer, _ = self.ask({"do": "refuses", "setting": setting.name})
        return None if answer["reason"] is None else str(answer["reason"])

    @property
    def stands_in(self) -> bool:
        """Whether a state that is returned is not the implementation's own."""
        return self._is_looked_at and bool(self.ask({"do": "stands in"})[0]["stands in"])

    @property
    def has_dropout(self) -> bool:
        """Whether a class has dropout; others may have it."""
        return not self._is_looked_at or bool(self.ask({"do": "has dropout"})[0]["exists"])

    @property
    def unjudged_dropout(self) -> str:
        """Return why dropout that a class has cannot be judged; empty if it can, or there is none."""
        return self._ask_unjudged()["dropout"]

    @property
    def unjudged_non_finite(self) -> str:
        """Return why NaN and infinities cannot be judged; empty if they can."""
        return self._ask_unjudged()["non-finite"]

    def _ask_unjudged(self) -> dict[str, str]:
        answer = self.ask({"do": "unjudged"})[0] if self._is_looked_at else {}
        return {"dropout": "", "non-finite": "", **answer}

    @property
    def declaration(self) -> str:
        """How a class is used, as a file of declarations. Raises TargetError for what is no class."""
        text = str(self.ask({"do": "declaration"})[0]["declaration"])
        if not text:
            raise TargetError(
                f"--save-map was given, but {self.name} is no class as it stands: write class:FILE.py:NAME"
            )
        return text

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was found out about a class or a function, in lines; nothing of other kinds."""
        return tuple(self.ask({"do": "remarks"})[0]["remarks"]) if self._is_looked_at else ()

    @property
    def _is_looked_at(self) -> bool:
        """Whether it is found out how the target is used."""
        return self.target.kind in ("class", "layer", "cell", "function")

    @property
    def without(self) -> tuple[str, ...]:
        """What was declared."""
        return self.target.without

    def arithmetic(self, setting: Setting) -> Arithmetic | None:
        """Return the one that was declared, where the dtype has it."""
        return find_arithmetic(self.target.arithmetic, setting.runtime.dtype)

    def load(self, setting: Setting, weights: LSTMWeights) -> _RemoteLSTM:
        """It is loaded there when it is called."""
        return _RemoteLSTM(self, setting, weights, next(self._numbers))

    def load_dropping(self, setting: Setting, weights: LSTMWeights, p: float, *, training: bool) -> _RemoteLSTM:
        """It is loaded there when it is called, which raises if it has no dropout."""
        return _RemoteLSTM(self, setting, weights, next(self._numbers), {"dropout": p, "training": training})

    def evidence(self, case: Case, chain: bool) -> tuple[Evidence, ...]:
        """Collect evidence in that process, as `lstm_parity.running.observe.collect_evidence` does, in one answer."""
        if (reason := declared_reason(self.target.without, case.setting)) is not None:
            raise NotImplementedError(reason)
        message, tensors = arrays.encode_case(case)
        return arrays.decode_evidence(*self.ask(message | {"do": "observe", "chain": chain}, *tensors))

    def found_by_autograd(self, case: Case, d: Adjoints) -> Found:
        """Run `lstm_parity.running.autograd.found_by_autograd` in that process."""
        (message, tensors), (more, derivatives) = arrays.encode_case(case), arrays.encode_adjoints(d)
        message |= more | {"do": "autograd"}
        answer, found = self.ask(message, derivatives, *tensors)
        return dict(zip(answer["names"], found, strict=True))

    def ask(self, message: dict[str, Any], *values: Any) -> tuple[dict[str, Any], list[Any]]:
        """Send a message and wait for the answer.

        Raises NotImplementedError for a refusal, ToldError for all else that the implementation did wrong.
        """
        connection = self._connection or self._connect()
        try:
            frames.send(connection, message, *values, limit=self.limit)
            answer, results = self._answer(connection)
        except frames.RemoteTimeoutError:
            self._kill()
            raise ImplementationError(f"it did not return within {self.limit:g} seconds and was killed") from None
        except frames.RemoteClosedError:
            raise ImplementationError(_describe_exit(self._end_process())) from None
        if "refused" in answer:
            raise NotImplementedError(answer["refused"])
        if "impure" in answer:
            raise ImplementationError(answer["impure"])
        if "raised" in answer:
            raise ImplementationError(answer["raised"])
        return answer, results

    def _answer(self, connection: socket.socket) -> tuple[dict[str, Any], list[Any]]:
        """Wait for the answer; the worker sends a heartbeat after each long call, and the time limit starts again."""
        while True:
            answer, results = frames.receive(connection, self.limit)
            if answer != HEARTBEAT:
                return answer, results

    def _connect(self) -> socket.socket:
        """Start a new process and load the target in it. Raises TargetError if it cannot be loaded."""
        token = secrets.token_hex()  # on the loopback interface any process could connect
        with frames.listen(self._folder) as listening:
            listening.settimeout(_START_LIMIT)
            arguments = listening.getsockname(), token, self.target.fields, int(self.memory * 2**30)
            self._server.begin("lstm_parity.implementations.remote.worker:serve", *arguments, limit=1e6)
            try:
                connection = frames.accept(listening)
            except TimeoutError:
                raise TargetError(f"the process of {self.name} did not start in {_START_LIMIT:g} seconds") from None
            while frames.receive(connection, _START_LIMIT)[0] != {"token": token}:
                connection.close()
                connection = frames.accept(listening)
        self._connection = connection
        try:
            answer, _ = frames.receive(connection, max(60.0, self.limit))
        except frames.RemoteTimeoutError:
            self._kill()
            raise TargetError(f"{self.name} took longer to import than {max(60.0, self.limit):g} seconds") from None
        except frames.RemoteClosedError:
            raise TargetError(f"{self.name} could not be imported: {_describe_exit(self._end_process())}") from None
        if "pid" not in answer:
            self._end_process()
            raise TargetError(answer.get("refused") or f"importing {self.name} raised:\n{answer['raised']}")
        self._pid = answer["pid"]
        return connection

    def kill(self) -> None:
        """Kill the process, if there is one, and wait for nothing."""
        with suppress(ProcessLookupError, PermissionError):
            if self._connection is not None:
                os.kill(self._pid, getattr(signal, "SIGKILL", signal.SIGTERM))  # Windows ends it by either

    def _kill(self) -> None:
        self.kill()
        self._end_process()

    def _end_process(self) -> CallResult:
        assert self._connection is not None
        self._connection.close()
        self._connection = None
        return self._server.ending()

    def leave(self) -> None:
        """End the process, not the server."""
        if self._connection is not None:
            self._end_process()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """End the process and the server."""
        self.leave()
        self._server.close()

    def __enter__(self) -> RemoteImplementation:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _RemoteLSTM:
    """Called like `nn.LSTM`; the weights travel with the first call, and again where they were forgotten there."""

    def __init__(
        self,
        home: RemoteImplementation,
        setting: Setting,
        weights: LSTMWeights,
        number: int,
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._home, self._setting, self._weights, self._number, self._sent = home, setting, weights, number, False
        self._more = dict(more)

    def __call__(self, input: Any, hx: Any) -> Any:
        """Call the implementation in its process."""
        answer, results = self._call(input, hx, with_weights=not self._sent)
        if "unknown" in answer:
            answer, results = self._call(input, hx, with_weights=True)
        self._sent = True
        self._more.pop("reload", None)
        return results[0]

    def call_seeded(self, seed: int, input: Any, hx: Any) -> Any:
        """Call it with the generators of its process seeded."""
        self._more["seed"] = seed
        return self(input, hx)

    def train(self) -> None:
        """Set train mode from the next call on, if the implementation is a module."""
        self._more["train"] = True

    def load_state_dict(self, weights: dict[str, Any]) -> None:
        """Give it other weights before the next call: by its own load_state_dict, if it is a module."""
        a = self._setting.architecture
        self._weights, self._sent = named_weights(weights, a.num_layers, a.num_directions), False
        self._more["reload"] = True

    def _call(self, input: Any, hx: Any, with_weights: bool) -> tuple[dict[str, Any], list[Any]]:
        named = dict(self._weights.items()) if with_weights else {}
        message = {"do": "call", "setting": self._setting.name, "number": self._number, "weights": list(named)}
        message |= self._more
        return self._home.ask(message, input, hx, *named.values())


def _describe_exit(ending: CallResult) -> str:
    """Describe how the implementation ended its process, in a sentence."""
    last = f"; its last words:\n{ending.words}" if ending.words else ""
    if ending.how is ExitKind.EXITED or ending.how is ExitKind.RETURNED:
        return f"it ended the process by an exit with status {ending.kind or 0}{last}"
    if ending.how is ExitKind.CRASHED:
        return f"it ended the process by {_WORDS.get(ending.kind, ending.kind)} ({ending.kind}){last}"
    return f"it ended the process: {ending.kind} {ending.words}"
