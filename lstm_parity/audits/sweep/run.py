"""A sweep from its plan to its store: cells are judged in shards, the simplest first, and written as they come."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from lstm_parity.audits.progress import Progress
from lstm_parity.audits.sweep.rows import PlannedRow
from lstm_parity.audits.sweep.store import Store, StoreError, choose_cells
from lstm_parity.audits.sweep.workers import Answer, Shard
from lstm_parity.cases.lattice import Cell, build_lattice

_MAX_CASES = 64  # of a row: more are further rows
_ROWS = 16  # of a cell, if it has so many cases: a mean has confidence from rows with different numbers
_SHARD = 1500.0  # units of cost: about a second


@dataclass(frozen=True)
class Plan:
    """What a sweep is of: everything that decides which cells it has, and who is judged.

    target: the fields of a target, None for the installed nn.LSTM; name: of that. profile: of `build_lattice`. sizes:
    the first and the last, or None. where: a condition. cases: how many there are at least, 0 for one of each cell.
    """

    target: dict[str, Any] | None = None
    name: str = "torch.nn.LSTM"
    profile: str = "forward"
    sizes: tuple[int, int] | None = None
    where: str = ""
    seed: int = 1
    cases: int = 0
    device: str = "cpu"
    strict: bool = False

    @classmethod
    def of(cls, head: dict[str, Any]) -> Plan:
        """Return the plan that a store holds."""
        fields = {name: head[name] for name in cls.__dataclass_fields__}
        return cls(**fields | {"sizes": tuple(fields["sizes"]) if fields["sizes"] else None})


class Workers(Protocol):
    """What judges shards: processes of this machine, or a cluster."""

    def judge(self, shards: Iterable[Shard]) -> Iterator[Answer]:
        """Yield what becomes of the shards, in any order."""


def create_store(path: Path, plan: Plan, *, torch: str) -> None:
    """Write the plan of a sweep as a new store. Raises StoreError if the condition is none, or no cell satisfies it."""
    with _without_collection():
        lattice = build_lattice(plan.profile, plan.sizes, plan.device)
        cells = choose_cells(lattice.cells, plan.where)
        if not cells:
            raise StoreError(f"--where {plan.where!r} was given, but none of {len(lattice.cells):,} cells satisfies it")
        head = {**asdict(plan), "torch": torch, "lattice": lattice.description, "left_out": dict(lattice.left_out)}
        with Store(path) as store:
            store.create(head | {"started": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())}, plan_rows(cells, plan))


@contextmanager
def _without_collection() -> Iterator[None]:
    """Look for no cycles while many objects are made that have none: a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def plan_rows(cells: Sequence[Cell], plan: Plan) -> Iterator[tuple[PlannedRow, int]]:
    """Yield rows: one for each cell; or, if more cases are wanted, several, with further seeds."""
    each = max(1, -(-plan.cases // len(cells)))
    groups, number = dict[tuple[Any, ...], int](), 0
    together = min(_MAX_CASES, max(1, each // _ROWS))
    for first in range(0, each, together):
        for cell in cells:
            group = groups.setdefault(cell.numbers, len(groups))
            yield PlannedRow(number, cell, plan.seed + first, min(together, each - first)), group
            number += 1


def run_sweep(store: Store, workers: Workers, progress: Progress, budget: float | None = None) -> bool:
    """Judge the rows that have no outcome yet; return whether all have one at the end.

    budget: seconds after which no more answers are waited for. An interruption loses what is under way, no more.
    """
    start, worst = time.monotonic(), 0.0
    [(total, progress.done)] = store.ask("SELECT COUNT(*), COUNT(outcome) FROM cell")
    progress.expect(total)
    for answer in workers.judge(cut_shards(store.left())):
        store.write(answer.result, answer.machine)
        worst = max([worst, *(result.worst for result in answer.result.results)])
        progress.text = f"cells, worst so far {worst:.2f} noises"
        progress.advance(len(answer.result.results))
        if budget is not None and time.monotonic() - start > budget:
            break
    return not store.ask("SELECT 1 FROM cell WHERE outcome IS NULL LIMIT 1")


def cut_shards(rows: Iterable[PlannedRow]) -> Iterator[Shard]:
    """Cut a plan into shards of about equal cost; cells with the same numbers stay together."""
    shard, cost, before = list[PlannedRow](), 0.0, object()
    for row in rows:
        key = row.cell.numbers, row.seed, row.cell.question
        if cost >= _SHARD and key != before:
            yield shard
            shard, cost = [], 0.0
        shard.append(row)
        cost += row.cell.cost * row.cases
        before = key
    if shard:
        yield shard


@contextmanager
def lock_store(path: Path) -> Iterator[None]:
    """Hold a store for one run. Raises StoreError if another run has it."""
    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StoreError(f"{path} is written by another sweep now: wait for it, or give another --store") from None
    try:
        yield
    finally:
        lock.release()


def read_plan(path: Path) -> Plan:
    """Return the plan of a store."""
    with Store(path, read_only=True) as store:
        return Plan.of(store.head)
