"""Workers on the nodes of a Ray cluster: for each core an actor, which has a worker process of its own.

Code under judgement runs in that process, so a crash of it is a verdict, as on one machine. An actor is lost to
something else: its node is gone, it was killed, memory ran out. Its shard is tried again. What passes between the sweep
and its actors are plain values, as between processes.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from lstm_parity.audits.sweep.cluster.shipping import LEFT_OUT, find_folder, make_absolute, make_relative
from lstm_parity.audits.sweep.rows import encode_rows
from lstm_parity.audits.sweep.workers import (
    Answer,
    ClusterError,
    Question,
    Shard,
    WorkerError,
    WorkerProcess,
    conclude,
    find_limit,
)
from lstm_parity.running.threads import count_cores, share_cores
from lstm_parity.version import find_version

_LOCAL = "local"  # the address of a cluster that is started, and ends with the sweep
_PATIENCE = 2.0  # seconds, after which the nodes are listed again
_ANSWER = 5.0  # seconds that a node may take to answer
_TRIES = 2  # of a shard whose actor was lost, and of a node on which no actor starts
_MEMORY = 100 * 2**20  # bytes of shared memory of a local cluster: what passes is small


class Judge:
    """An actor: it answers with the values of `WorkerProcess`."""

    def __init__(self, fields: dict[str, Any] | None, device: str, strict: bool) -> None:
        share_cores()  # as the command does on one machine
        self._process = WorkerProcess(Question(make_absolute(fields), device, strict))

    def start(self) -> dict[str, Any]:
        """Start the process; return its machine."""
        return self._process.start()

    def ask(self, rows: list[list[Any]], limit: float) -> dict[str, Any]:
        """Judge encoded rows."""
        return self._process.ask(rows, limit)


@dataclass(eq=False)
class _Seat:
    """One core of a node, with its actor; shard: what it judges; machine: where, once its process has started."""

    node: str
    actor: Any
    shard: Shard = ()
    machine: str = ""


@dataclass(frozen=True)
class RefusedNode:
    """A node that cannot judge, and why."""

    address: str
    reason: str


@dataclass(eq=False)
class RayWorkers:
    """An actor for each core, or for each GPU if one is judged, of all nodes; they end with the `with` block.

    address: of a cluster, as `ray.init` takes it. count: the most actors, None for all cores. refused: by its id, a
    node that has another lstm-parity, or where no actor starts. Each actor has one shard at a time, so no more is
    lost with it.
    """

    question: Question
    address: str = _LOCAL
    count: int | None = None
    refused: dict[str, RefusedNode] = field(default_factory=dict)
    _nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    _looked: float = -_PATIENCE
    _seats: list[_Seat] = field(default_factory=list)
    _under_way: dict[Any, _Seat] = field(default_factory=dict)
    _losses: Counter[Any] = field(default_factory=Counter)
    _fields: dict[str, Any] | None = None

    def __enter__(self) -> RayWorkers:
        """Start a cluster, or join one. Raises ClusterError."""
        _require_answer(self.address)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        if self.address == _LOCAL:
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # or Ray keeps one in the user's home
        folder = find_folder(self.question.fields)
        self._fields = make_relative(self.question.fields, folder)
        copied = {"working_dir": str(folder), "excludes": list(LEFT_OUT)} if folder else {}
        own = {"num_cpus": self.count or count_cores(), "include_dashboard": False, "object_store_memory": _MEMORY}
        more = own if self.address == _LOCAL else {}
        try:
            ray.init(self.address, log_to_driver=False, logging_level="ERROR", runtime_env=copied, **more)
        except (ConnectionError, RuntimeError, ValueError, RayError) as error:
            words = str(error).strip().splitlines()[-1]
            raise ClusterError(f"--ray {self.address} was given, but it cannot be used: {words}") from error
        return self

    def __exit__(self, *_: object) -> None:
        for seat in self._seats:
            ray.kill(seat.actor)
        ray.shutdown()

    def judge(self, shards: Iterable[Shard]) -> Iterator[Answer]:
        """Yield what becomes of the shards, in the order in which they end.

        Raises TargetError if a target is none, WorkerError for an error of ours, ClusterError if no node is left.
        """
        waiting = deque(shards)
        while waiting or any(seat.shard for seat in self._seats):
            self._look_at_nodes()
            for seat in self._seats:
                if waiting and seat.machine and not seat.shard:
                    seat.shard = waiting.popleft()
                    self._under_way[seat.actor.ask.remote(encode_rows(seat.shard), find_limit(seat.shard))] = seat
            if not self._under_way:
                time.sleep(_PATIENCE)
                continue
            for reference in ray.wait([*self._under_way], timeout=_PATIENCE)[0]:
                found = self._take(self._under_way.pop(reference), reference)
                if isinstance(found, Answer):
                    yield found
                else:
                    waiting.extendleft(reversed(found))

    def _look_at_nodes(self) -> None:
        """Fill the cores of all nodes with actors: of those that joined, and where one was lost."""
        if time.monotonic() - self._looked < _PATIENCE:
            return
        self._looked = time.monotonic()
        kind = "CPU" if self.question.device == "cpu" else "GPU"
        self._nodes = {node["NodeID"]: node for node in ray.nodes() if node["Alive"] and node["Resources"].get(kind)}
        self.refused = {id: node for id, node in self.refused.items() if id in self._nodes}
        usable = self._nodes.keys() - self.refused.keys()
        if not usable and not self._seats:
            words = [f"{node.address}: {node.reason}" for node in self.refused.values()] or ["there is none"]
            raise ClusterError(f"the cluster has no node with a {kind} that can judge ({'; '.join(words)})")
        for id in sorted(usable):
            free = int(self._nodes[id]["Resources"][kind]) - sum(seat.node == id for seat in self._seats)
            for _ in range(min(free, (self.count or sys.maxsize) - len(self._seats))):
                self._start_actor(id, 0 if kind == "CPU" else 1)

    def _start_actor(self, node: str, gpus: int) -> None:
        where = NodeAffinitySchedulingStrategy(node, soft=False)
        make = ray.remote(Judge).options(num_cpus=1, num_gpus=gpus, max_restarts=0, scheduling_strategy=where)
        seat = _Seat(node, make.remote(self._fields, self.question.device, self.question.strict))
        self._seats.append(seat)
        self._under_way[seat.actor.start.remote()] = seat

    def _take(self, seat: _Seat, reference: Any) -> Answer | list[Shard]:
        """Return what became of a seat's shard: its answer, or what is still to be judged of it."""
        shard, seat.shard = seat.shard, ()
        try:
            found = ray.get(reference)
        except RayTaskError as error:
            raise WorkerError(str(error)) from error
        except RayError as error:
            self._seats.remove(seat)
            return self._after_loss(seat, shard, str(error).strip().splitlines()[-1])
        if shard:
            return conclude(found, shard)
        if reason := _find_reason(found):
            self._seats.remove(seat)
            ray.kill(seat.actor)
            self._refuse(seat.node, reason)
        else:
            seat.machine = found["machine"]
        return []

    def _refuse(self, node: str, reason: str) -> None:
        """Start no more actors on a node."""
        self.refused[node] = RefusedNode(self._nodes[node]["NodeManagerAddress"] if node in self._nodes else "", reason)
        self._looked = -_PATIENCE

    def _after_loss(self, seat: _Seat, shard: Shard, words: str) -> list[Shard] | Answer:
        """Return what is tried again: the shard; if it was lost before, its halves, or a verdict if it is one row."""
        key = (shard[0].number, len(shard)) if shard else seat.node
        self._losses[key] += 1
        if not shard and self._losses[key] >= _TRIES:
            self._refuse(seat.node, words)
        if not shard or self._losses[key] < _TRIES:
            return [shard] if shard else []
        return conclude({"died": f"lost {_TRIES} times with its worker: {words}", "machine": seat.machine}, shard)


def _require_answer(address: str) -> None:
    """Raise ClusterError if nothing listens at HOST:PORT, which Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if not port.isdigit() or "/" in host:
        return
    try:
        socket.create_connection((host, int(port)), timeout=_ANSWER).close()
    except OSError as error:
        raise ClusterError(
            f"--ray {address} was given, but nothing answers there ({error}): start a cluster by `ray start --head`, "
            "or give --ray without an address"
        ) from error


def _find_reason(started: dict[str, Any]) -> str:
    """Return why an actor cannot judge: its process does not start, or its lstm-parity is another; empty if it can."""
    if "raised" in started:
        return str(started["raised"]).strip().splitlines()[-1]
    version = json.loads(started["machine"])["lstm-parity"]
    return "" if version == find_version() else f"it has lstm-parity {version}, and this is {find_version()}"
