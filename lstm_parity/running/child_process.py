"""Functions run in child processes with a time limit, and how each ended: returned, raised, crashed, exited or hung.

A server process imports what it is told to, once, and forks itself for every call: a call costs milliseconds, is alone
in its process, and what it corrupts dies with it. Names, arguments and answers are JSON in pipes. Linux and macOS only.
"""

from __future__ import annotations

import enum
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, NoReturn

SERVER = f"import json, sys; sys.path[:] = json.loads(sys.argv[1]); from {__name__} import serve; serve()"
# glibc fills memory that it gives out or takes back: what is read past an end is then no old tensor, in order by luck
UNLUCKY_MEMORY = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0:glibc.malloc.perturb=85"}


class ExitKind(enum.Enum):
    """How a call can end."""

    RETURNED = "returned"
    RAISED = "raised"
    CRASHED = "crashed"
    EXITED = "exited"
    HUNG = "hung"


@dataclass(frozen=True)
class CallResult:
    """How a call ended.

    value: what was returned, as JSON holds it; kind: the class of the exception, the name of the signal, or the exit
    status; words: the exception's message, or the end of what was printed by a process that died.
    """

    how: ExitKind
    value: Any = None
    kind: str = ""
    words: str = ""


class ProcessServer:
    """A server of isolated calls: it is started by the first call, and ends with the `with` block or with this process.

    imports: names of modules that the server loads before it forks, to save every call the time; they must be trusted.
    environment: variables to set for it, such as UNLUCKY_MEMORY.
    """

    def __init__(self, *imports: str, environment: Mapping[str, str] | None = None) -> None:
        self._imports = imports
        self._environment = {**os.environ, **(environment or {})}
        self._server: subprocess.Popen[str] | None = None
        self._begun = False

    def run(self, function: str, *arguments: Any, limit: float = 20.0) -> CallResult:
        """Call `function`, a "module:name", with arguments that JSON can hold, for at most `limit` seconds.

        Raises ChildProcessError where the server itself ended, which its imports alone can bring about.
        """
        self.begin(function, *arguments, limit=limit)
        return self.ending()

    def begin(self, function: str, *arguments: Any, limit: float = 20.0) -> None:
        """Start what `run` calls and do not wait for it: the next thing to ask is its `ending`."""
        if self._server is None:
            self.start()
        assert self._server is not None
        assert self._server.stdin is not None
        self._begun = True
        with suppress(BrokenPipeError):
            self._server.stdin.write(json.dumps([function, arguments, limit]) + "\n")
            self._server.stdin.flush()

    def start(self) -> None:
        """Start the server now and not with the first call, so that it loads what it is told to in the meantime."""
        self._server = self._server or _start(self._imports, self._environment)

    def ending(self) -> CallResult:
        """How the call ended that was begun; waits for it."""
        assert self._server is not None
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        self._begun = False
        if not line:
            status = self._server.wait()
            self.close()
            raise ChildProcessError(f"the server of isolated calls ended with status {status}: see its words above")
        how, value, kind, words = json.loads(line)
        return CallResult(ExitKind(how), value, kind, words)

    def close(self) -> None:
        """End the server, after the call that was begun, if any; a later call starts another."""
        if self._server is not None:
            if not self._begun:
                self._server.kill()  # it has nothing to put in order, and takes a second for that
            self._server.communicate()
        self._server, self._begun = None, False

    def __enter__(self) -> ProcessServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _start(imports: tuple[str, ...], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVER, json.dumps(sys.path), *imports],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def serve() -> None:
    """Answer calls from stdin on stdout until stdin ends: what the server process runs."""
    for name in sys.argv[2:]:
        importlib.import_module(name)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_in_child(*json.loads(line))) + "\n")
        sys.stdout.flush()


def _in_child(function: str, arguments: list[Any], limit: float) -> tuple[str, Any, str, str]:
    """The fields of the ending of a call in a forked process."""
    with tempfile.TemporaryFile() as printed:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            _run_as_child(function, arguments, write, printed)
        os.close(write)
        told = _read_line(read, time.monotonic() + limit)
        os.close(read)
        status = _end(child, kill=told is None or told.endswith(b"\n"))
        if told is not None and told.endswith(b"\n"):
            how, value, kind, words = json.loads(told)
            return how, value, kind, words
        printed.seek(0)
        words = printed.read().decode(errors="replace").strip()[-2000:]
        if told is None and status == -signal.SIGKILL:
            return ExitKind.HUNG.value, None, f"{limit:g} s", words
        if status < 0:
            return ExitKind.CRASHED.value, None, signal.Signals(-status).name, words
        return ExitKind.EXITED.value, None, str(status), words


def _read_line(read: int, deadline: float) -> bytes | None:
    """What comes through the pipe up to a newline or its end, or None where the deadline passes first."""
    told = b""
    while not told.endswith(b"\n"):
        if not select.select([read], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return None
        part = os.read(read, 1 << 16)
        if not part:
            break
        told += part
    return told


def _end(child: int, kill: bool) -> int:
    """The exit status of a child, negative for a signal; with `kill`, it and its children are killed if still there."""
    if kill:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    return status


def _run_as_child(function: str, arguments: list[Any], write: int, printed: IO[bytes]) -> NoReturn:
    os.setpgid(0, 0)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(printed.fileno(), 1)
    os.dup2(printed.fileno(), 2)
    status = 1
    try:
        answer = _answer(function, arguments)
        with os.fdopen(write, "w", encoding="utf-8") as pipe:
            pipe.write(answer + "\n")
        status = 0
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _answer(function: str, arguments: list[Any]) -> str:
    """The fields of an ending that the call itself can tell, as JSON."""
    try:
        return json.dumps([ExitKind.RETURNED.value, _import_function(function)(*arguments), "", ""])
    except Exception as error:
        return json.dumps([ExitKind.RAISED.value, None, type(error).__name__, str(error)])


def _import_function(function: str) -> Callable[..., Any]:
    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found
