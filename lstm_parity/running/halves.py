"""A search in two processes: a forked one tries every other item, this one the rest.

Where Python threads share one interpreter, small operations wait for one another; a fork has all that this process
knows at once. Without a second core or a safe fork (Windows, macOS), or if the fork dies, this process tries all.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

import torch

from lstm_parity.running.threads import count_cores

_PATIENCE = 20.0  # seconds that a fork may take longer than this process
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Found:
    """Which items were selected, by their places in order; is_complete: whether all were tried that had to be."""

    places: list[int] = field(default_factory=list)
    is_complete: bool = True


def select_items(
    items: Sequence[_Item],
    holds: Callable[[_Item], bool],
    *,
    most: int | None = None,
    seconds: float | None = None,
    may_fork: Callable[[_Item], bool] = lambda one: True,
) -> Found:
    """Select the items for which something holds, the first `most` of them.

    holds: prints nothing, and changes nothing that is needed later. seconds: of processor time that each of both
    processes may take, or this one alone. may_fork: whether an item can be tried with one thread, as a fork must.
    """
    theirs = [place for place, one in enumerate(items) if may_fork(one)][1::2] if can_fork() else []
    ours = sorted({*range(len(items))} - {*theirs})
    if not theirs:
        return _select(items, ours, holds, most, seconds)
    with _Fork.start(lambda: _select(items, theirs, holds, most, seconds)) as fork:
        start = time.monotonic()
        one = _select(items, ours, holds, most, seconds)
        other = fork.wait(_PATIENCE + time.monotonic() - start) or _select(items, theirs, holds, most, seconds)
    return Found(sorted((*one.places, *other.places))[:most], one.is_complete and other.is_complete)


def can_fork() -> bool:
    """Whether a second process can share the work."""
    return sys.platform == "linux" and count_cores() > 1


def _select(
    items: Sequence[_Item],
    places: Sequence[int],
    holds: Callable[[_Item], bool],
    most: int | None,
    seconds: float | None,
) -> Found:
    """Try the items at some places until enough are found or the time is over."""
    end = None if seconds is None else time.thread_time() + seconds
    found = list[int]()
    for place in places:
        if end is not None and time.thread_time() > end:
            return Found(found, is_complete=False)
        if holds(items[place]):
            found.append(place)
        if len(found) == most:
            break
    return Found(found)


@dataclass(frozen=True)
class _Fork:
    """A forked process and the pipe on which its answer comes."""

    child: int
    answers: int

    @classmethod
    def start(cls, work: Callable[[], Found]) -> _Fork:
        """Fork, and let the child do some work."""
        read, write = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of other threads: the child waits for none of them
            child = os.fork()
        if child == 0:
            os.close(read)
            _run_as_child(work, write)
        os.close(write)
        return cls(child, read)

    def wait(self, seconds: float) -> Found | None:
        """Return the answer; None if none comes in time or if the child dies."""
        told = b"".join(self._read(time.monotonic() + seconds))
        return Found(*json.loads(told)) if told.endswith(b"\n") else None

    def __enter__(self) -> _Fork:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.answers)
        with suppress(ProcessLookupError):
            os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)

    def _read(self, deadline: float) -> Iterator[bytes]:
        while select.select([self.answers], [], [], max(0.0, deadline - time.monotonic()))[0]:
            if not (part := os.read(self.answers, 1 << 16)):
                return
            yield part
            if part.endswith(b"\n"):
                return


def _run_as_child(work: Callable[[], Found], write: int) -> NoReturn:
    """Do the work and end without what a process does at its end, which is the parent's."""
    try:
        torch.set_num_threads(1)  # those of the parent are not here
        with open(os.devnull, "rb") as nothing, open(os.devnull, "wb") as nowhere:
            for stream, file in enumerate((nothing, nowhere, nowhere)):
                os.dup2(file.fileno(), stream)
        found = work()
        os.write(write, (json.dumps([found.places, found.is_complete]) + "\n").encode())
    finally:
        os._exit(0)
