"""What can be read of a damaged store, in a new one with the same plan: rows that cannot are judged again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from lstm_parity.audits.sweep.rows import Errors, Result, ShardResult
from lstm_parity.audits.sweep.run import Plan, create_store
from lstm_parity.audits.sweep.store import SUMS, Store, StoreError

_RESULTS = "number, outcome, worst, rms, arithmetic, computation, failing_seed, detail, machine"
_AT_ONCE = 1024


def rescue_store(old: Path, new: Path) -> tuple[int, int]:
    """Return how many judged rows were saved, and how many cells the plan has.

    Raises StoreError if the new file exists, or if the old one's plan cannot be read: nothing can be saved then.
    """
    if new.exists():
        raise StoreError(f"{new} was given, but it exists: give the name of a new file")
    try:
        with closing(sqlite3.connect(f"{old.resolve().as_uri()}?mode=ro", uri=True)) as db:
            head = {key: json.loads(value) for key, value in db.execute("SELECT key, value FROM head")}
            create_store(new, Plan.of(head), torch=head["torch"])
            with Store(new) as store:
                [(total,)] = store.ask("SELECT COUNT(*) FROM cell")
                return _copy(db, store, total), total
    except (sqlite3.DatabaseError, KeyError, ValueError) as error:
        raise StoreError(f"nothing of {old} can be saved: its plan cannot be read ({error})") from error


def _copy(db: sqlite3.Connection, store: Store, total: int) -> int:
    """Copy the results that can be read, with the errors of their computations."""
    machines = dict[int, str](_read(db, "SELECT id, description FROM machine WHERE id", 64))
    sums: dict[int, dict[str, Errors]] = {}
    columns = f"id, tensor, {', '.join(SUMS)}, tail"
    for id, tensor, *values, tail in _read(db, f"SELECT {columns} FROM computation WHERE id", total):
        sums.setdefault(id, {})[tensor] = Errors.of([*values, json.loads(tail)])
    saved, shards = 0, dict[str, list[tuple[Any, ...]]]()
    for row in _read(db, f"SELECT {_RESULTS} FROM cell WHERE outcome IS NOT NULL AND number", total):
        if row[-1] in machines:
            shards.setdefault(machines[row[-1]], []).append(row)
    for machine, rows in shards.items():
        places = {id: k for k, id in enumerate(dict.fromkeys(row[5] for row in rows))}
        results = [Result.of([*row[:5], places[row[5]], *row[6:8]]) for row in rows]
        store.write(ShardResult(results, [sums.get(id, {}) for id in places]), machine)
        saved += len(results)
    return saved


def _read(db: sqlite3.Connection, query: str, last: int) -> Iterator[tuple[Any, ...]]:
    """Yield rows by number, in halves around what is damaged; query: ends with the name of the number."""
    parts = [(first, min(first + _AT_ONCE, last + 1)) for first in range(0, last + 1, _AT_ONCE)]
    while parts:
        first, end = parts.pop()
        try:
            yield from db.execute(f"{query} BETWEEN ? AND ?", (first, end - 1)).fetchall()
        except sqlite3.DatabaseError:
            if end - first > 1:
                parts += [(first, (first + end) // 2), ((first + end) // 2, end)]
