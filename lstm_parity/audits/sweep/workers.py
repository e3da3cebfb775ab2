"""Worker processes of this machine: shards are handed to them, and what a crash or a hang leaves is tried in halves."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any

from lstm_parity.audits.sweep.rows import PlannedRow, Result, ShardResult, decode_result, encode_rows
from lstm_parity.implementations.target import TargetError
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.child_process import describe_status

Shard = Sequence[PlannedRow]
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from lstm_parity.audits.sweep.work import serve; serve()"
)
_PATIENCE = 0.2  # seconds, after which it is asked whether the workers end
_START, _PER_COST = 120.0, 0.05  # seconds that a shard may take: at first, and for each unit of its cost


class WorkerError(Exception):
    """A worker process raised outside the calls that it judges; the message is its traceback."""


@dataclass(frozen=True)
class Question:
    """What every worker is started with: the fields of a target, None for nn.LSTM; the device; the rule."""

    fields: dict[str, Any] | None
    device: str = "cpu"
    strict: bool = False


@dataclass(frozen=True, eq=False)
class Answer:
    """What became of a shard, and on what machine."""

    result: ShardResult
    machine: str


@dataclass(eq=False)
class LocalWorkers:
    """So many processes, each of which judges one shard at a time; they end with the `with` block."""

    question: Question
    count: int
    _processes: list[_Process] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> LocalWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for process in self._processes:
            process.kill()
            process.printed.close()

    def judge(self, shards: Sequence[Shard]) -> Iterator[Answer]:
        """Yield what becomes of the shards, in the order in which they end. Raises TargetError if a target is none."""
        waiting: queue.SimpleQueue[Shard] = queue.SimpleQueue()
        done: queue.SimpleQueue[Answer | list[Shard] | BaseException] = queue.SimpleQueue()
        for shard in shards:
            waiting.put(shard)
        self._processes += [_Process(self.question) for _ in range(self.count)]
        for process in self._processes:
            threading.Thread(target=_work, args=(process, waiting, done, self._ended), daemon=True).start()
        left = len(shards)
        while left:
            found = done.get()
            if isinstance(found, BaseException):
                raise found
            left -= 1
            if isinstance(found, Answer):
                yield found
            else:
                left += len(found)
                for half in found:
                    waiting.put(half)


def _work(
    process: _Process,
    waiting: queue.SimpleQueue[Shard],
    done: queue.SimpleQueue[Answer | list[Shard] | BaseException],
    ended: threading.Event,
) -> None:
    """Judge shards until the workers end."""
    while not ended.is_set():
        try:
            done.put(process.judge(waiting.get(timeout=_PATIENCE)))
        except queue.Empty:
            continue
        except BaseException as error:  # for the thread that waits for answers
            done.put(error)


@dataclass(eq=False)
class _Process:
    """One worker process, which is started by the first shard, and again after it died."""

    question: Question
    _machine: str = ""
    _process: subprocess.Popen[str] | None = None
    printed: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    def judge(self, shard: Shard) -> Answer | list[Shard]:
        """Judge a shard; return its halves if the process died of it, or a verdict if it is one row."""
        process = self._process = self._process or self._start()
        hung = threading.Event()
        clock = threading.Timer(_START + _PER_COST * sum(r.cell.cost * r.cases for r in shard), _stop, (process, hung))
        clock.start()
        try:
            line = _ask(process, encode_rows(shard))
        finally:
            clock.cancel()
        if line:
            found = json.loads(line)
            if "refused" in found:
                raise TargetError(found["refused"])
            if "raised" in found:
                raise WorkerError(found["raised"])
            self._machine = found["machine"]
            return Answer(decode_result(found), self._machine)
        how, _, kind, words = describe_status(process.wait(), self._read_end())
        self.kill()
        if len(shard) > 1:
            return [shard[: len(shard) // 2], shard[len(shard) // 2 :]]
        how, row = ("hung" if hung.is_set() else how), shard[0]
        why = f"{how}: the process ended with {kind}; {words}"
        failed = Result(row.number, Outcome.FAILED.value, 0.0, 0.0, row.cell.setting.runtime.dtype, 0, row.seed, why)
        return Answer(ShardResult([failed]), self._machine)

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.printed,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        _write(process, vars(self.question))
        return process

    def _read_end(self) -> str:
        self.printed.seek(0)
        return self.printed.read().decode(errors="replace").strip()[-300:]

    def kill(self) -> None:
        """End the process at once; another shard starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()


def _ask(process: subprocess.Popen[str], rows: Any) -> str:
    """Return the line that answers; empty if the process died."""
    assert process.stdout is not None
    _write(process, rows)
    return process.stdout.readline()


def _write(process: subprocess.Popen[str], value: Any) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(value) + "\n")
        process.stdin.flush()


def _stop(process: subprocess.Popen[str], hung: threading.Event) -> None:
    hung.set()
    process.kill()
