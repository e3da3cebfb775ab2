"""Worker processes of this machine: shards are handed to them, and what a crash or a hang leaves is tried in halves."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
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
_MEMORY = {
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",  # of 1024: each of the many sizes of a sweep has its own primitives
    "MALLOC_MMAP_THRESHOLD_": str(2**26),  # for glibc: what is freed is kept, and used again
    "MALLOC_TRIM_THRESHOLD_": str(2**26),
}
_PATIENCE = 0.2  # seconds, between two looks at whether the workers end
_START, _PER_COST = 120.0, 0.05  # seconds that a shard may take: at first, and for each unit of its cost


class WorkerError(Exception):
    """A worker process raised outside the calls that it judges; the message is its traceback."""


class ClusterError(Exception):
    """A cluster that cannot be used, or no longer; the message says what to do."""


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
    _processes: list[WorkerProcess] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> LocalWorkers:
        self._processes += [WorkerProcess(self.question) for _ in range(self.count)]
        for process in self._processes:
            process.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for process in self._processes:
            process.kill()
            process.printed.close()

    def judge(self, shards: Iterable[Shard]) -> Iterator[Answer]:
        """Yield what becomes of the shards, in the order in which they end. Raises TargetError if a target is none."""
        waiting: queue.SimpleQueue[Shard] = queue.SimpleQueue()
        done: queue.SimpleQueue[Answer | list[Shard] | BaseException] = queue.SimpleQueue()
        for process in self._processes:
            threading.Thread(target=_work, args=(process, waiting, done, self._ended), daemon=True).start()
        left = 0
        for shard in shards:
            waiting.put(shard)
            left += 1
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
    process: WorkerProcess,
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
class WorkerProcess:
    """One worker process, which is started by the first question, and again after it died."""

    question: Question
    printed: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    _machine: str = ""
    _process: subprocess.Popen[str] | None = None

    def judge(self, shard: Shard) -> Answer | list[Shard]:
        """Judge a shard; return its halves if the process died of it, or a verdict if it is one row."""
        return conclude(self.ask(encode_rows(shard), find_limit(shard)), shard)

    def ask(self, rows: Sequence[Sequence[Any]], limit: float) -> dict[str, Any]:
        """Return what the process answers to encoded rows, or how it died; limit: seconds that it may take.

        A row that the process did not survive by itself, killed from outside, is tried again.
        """
        found = self._ask_once(rows, limit)
        return self._ask_once(rows, limit) if found.get("killed") and len(rows) == 1 else found

    def _ask_once(self, rows: Sequence[Sequence[Any]], limit: float) -> dict[str, Any]:
        started, process = self.start(), self._process
        if process is None:
            return started
        hung = threading.Event()
        clock = threading.Timer(limit, _stop, (process, hung))
        clock.start()
        try:
            line = _ask(process, rows)
        finally:
            clock.cancel()
        return {**started, **(json.loads(line) if line else self._find_death(process, hung=hung.is_set()))}

    def start(self) -> dict[str, Any]:
        """Start the process if there is none; return its machine, or why there is none."""
        process = self.open()
        if not self._machine:
            line = _read(process)
            found = json.loads(line) if line else {"raised": self._find_death(process, hung=False)["died"]}
            if "raised" in found:
                self.kill()
                return dict(found)
            self._machine = found["machine"]
        return {"machine": self._machine}

    def open(self) -> subprocess.Popen[str]:
        """Start the process if there is none, and do not wait for it; return it."""
        if self._process is None:
            self._machine, self._process = "", self._open()
            _write(self._process, vars(self.question))
        return self._process

    def _open(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.printed,
            env=_MEMORY | os.environ,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def _find_death(self, process: subprocess.Popen[str], *, hung: bool) -> dict[str, Any]:
        ours = hung or process is not self._process
        how, _, kind, words = describe_status(process.wait(), self._read_end())
        self.kill()
        why = f"{'hung' if hung else how}: the process ended with {kind}; {words}"
        return {"died": why, "killed": kind == "SIGKILL" and not ours}

    def _read_end(self) -> str:
        self.printed.seek(0)
        return self.printed.read().decode(errors="replace").strip()[-300:]

    def kill(self) -> None:
        """End the process at once; another question starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()


def find_limit(shard: Shard) -> float:
    """Return the seconds that a shard may take."""
    return _START + _PER_COST * sum(row.cell.cost * row.cases for row in shard)


def conclude(found: dict[str, Any], shard: Shard) -> Answer | list[Shard]:
    """Return what became of a shard: the answer of its worker; its halves, or a verdict on one row, if that died.

    Raises TargetError if the target is none, and WorkerError for an error of ours.
    """
    if "refused" in found:
        raise TargetError(found["refused"])
    if "raised" in found:
        raise WorkerError(found["raised"])
    if "died" not in found:
        return Answer(decode_result(found), found["machine"])
    if len(shard) > 1:
        return [shard[: len(shard) // 2], shard[len(shard) // 2 :]]
    row, dtype = shard[0], shard[0].cell.setting.runtime.dtype
    failed = Result(row.number, Outcome.FAILED.value, 0.0, 0.0, dtype, 0, row.seed, found["died"])
    return Answer(ShardResult([failed], [{}]), found["machine"])


def _ask(process: subprocess.Popen[str], rows: Any) -> str:
    """Return the line that answers; empty if the process died."""
    _write(process, rows)
    return _read(process)


def _read(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _write(process: subprocess.Popen[str], value: Any) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(value) + "\n")
        process.stdin.flush()


def _stop(process: subprocess.Popen[str], hung: threading.Event) -> None:
    hung.set()
    process.kill()
