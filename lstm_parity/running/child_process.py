"""Functions run in child processes with a time limit, and how each ended: returned, raised, crashed, exited or hung.

A server process imports what it is given, once, and forks itself for every call: a call costs milliseconds, is alone
in its process, and what it corrupts dies with it. Where there is no fork (Windows), it starts a new interpreter for
every call, which imports everything again and takes seconds. Names, arguments and answers are JSON in pipes and files.
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
from pathlib import Path
from typing import IO, Any, NoReturn

_SETUP = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
_SERVER = f"{_SETUP}from {__name__} import serve; serve()"
_CHILD = f"{_SETUP}from {__name__} import _run_spawned; _run_spawned(*sys.argv[2:])"
_FAULTS = {
    0xC0000005: "SIGSEGV",
    0xC00000FD: "SIGSEGV",
    0xC0000094: "SIGFPE",
    0xC000001D: "SIGILL",
    3: "SIGABRT",
}  # Windows
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

        Raises ChildProcessError if the server itself ended, which its imports alone can bring about.
        """
        self.begin(function, *arguments, limit=limit)
        return self.ending()

    def begin(self, function: str, *arguments: Any, limit: float = 20.0) -> None:
        """Start what `run` calls and do not wait for it: the next thing to read is its `ending`."""
        if self._server is None:
            self.start()
        assert self._server is not None
        assert self._server.stdin is not None
        self._begun = True
        with suppress(BrokenPipeError):
            self._server.stdin.write(json.dumps([function, arguments, limit]) + "\n")
            self._server.stdin.flush()

    def start(self) -> None:
        """Start the server now and not with the first call, so that it loads its imports meanwhile."""
        self._server = self._server or _start(self._imports, self._environment)

    def ending(self) -> CallResult:
        """Wait for the call that was begun; return how it ended."""
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
        [sys.executable, "-c", _SERVER, json.dumps(sys.path), *imports],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def serve() -> None:
    """Answer calls from stdin on stdout until stdin ends: what the server process runs."""
    has_fork = hasattr(os, "fork")
    for name in sys.argv[2:] if has_fork else ():
        importlib.import_module(name)
    call = _call_forked if has_fork else _call_spawned
    for line in sys.stdin:
        sys.stdout.write(json.dumps(call(*json.loads(line))) + "\n")
        sys.stdout.flush()


def _call_spawned(function: str, arguments: list[Any], limit: float) -> tuple[str, Any, str, str]:
    """Call in a new interpreter; return the fields of its CallResult."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, tempfile.TemporaryFile() as printed:
        question, answer = Path(folder, "question.json"), Path(folder, "answer.json")
        question.write_text(json.dumps([function, arguments]), encoding="utf-8")
        words = [sys.executable, "-c", _CHILD, json.dumps(sys.path), str(question), str(answer)]
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed)
        try:
            status = child.wait(limit)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            return ExitKind.HUNG.value, None, f"{limit:g} s", _read_end(printed)
        if answer.exists():
            return tuple(json.loads(answer.read_text(encoding="utf-8")))
        return describe_status(status, _read_end(printed))


def _run_spawned(question: str, answer: str) -> None:
    """Answer a question that is a file, in a file that is there only once it is whole; what a new interpreter runs."""
    part = Path(f"{answer}.part")
    part.write_text(_answer(*json.loads(Path(question).read_text(encoding="utf-8"))), encoding="utf-8")
    part.replace(answer)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _read_end(printed: IO[bytes]) -> str:
    printed.seek(0)
    return printed.read().decode(errors="replace").strip()[-2000:]


def describe_status(status: int, words: str) -> tuple[str, Any, str, str]:
    """Return the fields of a CallResult of a process that ended without an answer."""
    if status < 0:
        return ExitKind.CRASHED.value, None, signal.Signals(-status).name, words
    if os.name == "nt" and status in _FAULTS:
        return ExitKind.CRASHED.value, None, _FAULTS[status], words
    return ExitKind.EXITED.value, None, str(status), words


def _call_forked(function: str, arguments: list[Any], limit: float) -> tuple[str, Any, str, str]:
    """Call in a forked process; return the fields of its CallResult."""
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
        if told is None and status == -signal.SIGKILL:
            return ExitKind.HUNG.value, None, f"{limit:g} s", _read_end(printed)
        return describe_status(status, _read_end(printed))


def _read_line(read: int, deadline: float) -> bytes | None:
    """Read from the pipe up to a newline or its end; None if the deadline passes first."""
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
    """Return a child's exit status, negative for a signal; with `kill`, first kill it and its children."""
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
    """Call, and return the fields of its CallResult as JSON."""
    try:
        return json.dumps([ExitKind.RETURNED.value, _import_function(function)(*arguments), "", ""])
    except Exception as error:
        return json.dumps([ExitKind.RAISED.value, None, type(error).__name__, str(error)])


def _import_function(function: str) -> Callable[..., Any]:
    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found
