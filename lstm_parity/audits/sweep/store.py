"""The store of a sweep: one SQLite file with the plan, a row for each cell, filled in as the cells are judged.

What a shard found is written in one transaction. A run that is killed leaves a store whose rows without an outcome are
still to be judged. Any program that reads SQLite reads it: table `cell` has the axes as columns.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from lstm_parity.audits.sweep.rows import BINS, TENSORS, ByTensor, PlannedRow, Result, ShardResult
from lstm_parity.cases.lattice import COLUMNS, Cell
from lstm_parity.cases.setting import parse_setting
from lstm_parity.reference.noise.model import Array

_FORMAT = 1
_TEXT = ("form", "lengths", "dtype", "device", "grad_mode", "profile", "question")
_AXES = ", ".join(f"{name} {'TEXT' if name in _TEXT else 'INTEGER'} NOT NULL" for name in COLUMNS)
SUMS = ("elements", "shift", "growth", "squares", "worst", "lost")
_SCHEMA = f"""
CREATE TABLE head (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE machine (id INTEGER PRIMARY KEY, description TEXT UNIQUE NOT NULL);
CREATE TABLE cell (
  number INTEGER PRIMARY KEY, setting TEXT NOT NULL, {_AXES}, numbers INTEGER NOT NULL, seed INTEGER NOT NULL,
  cases INTEGER NOT NULL, outcome TEXT, worst REAL, rms REAL, arithmetic TEXT, computation INTEGER,
  failing_seed INTEGER, detail TEXT, machine INTEGER
);
CREATE TABLE computation (id INTEGER, tensor TEXT, {", ".join(SUMS)}, tail TEXT, PRIMARY KEY (id, tensor));
"""
_PLANNED = ("number", "setting", *COLUMNS, "numbers", "seed", "cases")
_OPTIONAL = ("outcome", "detail", "worst", "failing_seed", "computation", "machine")  # of a cell that is not judged yet
_T = TypeVar("_T")


class StoreError(ValueError):
    """A file that is no store of a sweep, or a damaged one, or a condition that it does not understand."""


class Store:
    """An open store. Raises StoreError for all that SQLite cannot do with the file."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._next = 0  # number of the next computation, once it is known
        with self._explained():
            address = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}"
            self._db = sqlite3.connect(address, uri=True, timeout=30.0)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{self.path} was given, but it cannot be read as the store of a sweep ({error}): "
                f"`lstm-parity sweep rescue {self.path} NEW` saves the rows that can be read"
            ) from error

    def create(self, head: Mapping[str, Any], rows: Iterator[tuple[PlannedRow, int]]) -> None:
        """Write a plan; rows: with the number of the group of cells that have the same numbers."""
        places = ", ".join("?" * len(_PLANNED))
        with self._explained(), self._db:
            self._db.executescript(_SCHEMA)
            self._db.executemany(
                "INSERT INTO head VALUES (?, ?)",
                [(key, json.dumps(value)) for key, value in {"format": _FORMAT, **head}.items()],
            )
            self._db.executemany(
                f"INSERT INTO cell ({', '.join(_PLANNED)}) VALUES ({places})",
                (
                    (r.number, r.cell.setting.name, *r.cell.columns().values(), group, r.seed, r.cases)
                    for r, group in rows
                ),
            )

    @property
    def head(self) -> dict[str, Any]:
        """The plan, and the torch that it is of. Raises StoreError for another format."""
        with self._explained():
            found = {key: json.loads(value) for key, value in self._db.execute("SELECT key, value FROM head")}
        if found.get("format") != _FORMAT:
            raise StoreError(
                f"{self.path} is a store of format {found.get('format')}, but this lstm-parity reads {_FORMAT}"
            )
        return found

    def left(self) -> Iterator[PlannedRow]:
        """Yield the rows that are still to be judged when it is called first, in order."""
        for number, setting, profile, question, seed, cases in self.ask(
            "SELECT number, setting, profile, question, seed, cases FROM cell WHERE outcome IS NULL ORDER BY number"
        ):
            yield PlannedRow(number, Cell(parse_setting(setting), profile, question), seed, cases)

    def ask(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query of ours."""
        with self._explained():
            return self._db.execute(query, values).fetchall()

    def select(self, columns: Sequence[str], where: str = "") -> list[tuple[Any, ...]]:
        """Return columns of the cells that satisfy a user's condition, an expression of SQL over the columns.

        Raises StoreError if it is none, or does more than compare.
        """
        query = f"SELECT {', '.join(columns)} FROM cell WHERE ({{}}) ORDER BY number"
        if not where:
            return self.ask(query.format(1))
        with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            _allow_reading_only(db)
            return _check_condition(where, lambda condition: db.execute(query.format(condition)).fetchall())

    def write(self, done: ShardResult, machine: str) -> None:
        """Write what a shard found, all of it or nothing; a shard that was written before is not written again."""
        with self._explained(), self._db:
            numbers = [result.number for result in done.results]
            between = min(numbers), max(numbers)
            query = "SELECT number FROM cell WHERE outcome IS NOT NULL AND number BETWEEN ? AND ?"
            if {number for (number,) in self._db.execute(query, between)} & set(numbers):
                return
            self._db.execute("INSERT OR IGNORE INTO machine (description) VALUES (?)", (machine,))
            [(place,)] = self._db.execute("SELECT id FROM machine WHERE description = ?", (machine,))
            first = self._next = self._next or self._find_next()
            self._write_results(done.results, first, place)
            self._write_errors(done.computations, first)
        self._next += len(done.computations)

    def _find_next(self) -> int:
        """Return a number that no computation has, not even one without errors."""
        columns = (("id", "computation"), ("computation", "cell"))
        query = " UNION ALL ".join(f"SELECT MAX({name}) FROM {table}" for name, table in columns)
        return 1 + max(number or 0 for (number,) in self._db.execute(query))

    def _write_results(self, results: Sequence[Result], first: int, machine: int) -> None:
        self._db.executemany(
            "UPDATE cell SET outcome = ?, worst = ?, rms = ?, arithmetic = ?, computation = ?, failing_seed = ?, "
            "detail = ?, machine = ? WHERE number = ?",
            [
                (r.outcome, r.worst, r.rms, r.arithmetic, first + r.computation, r.seed, r.detail, machine, r.number)
                for r in results
            ],
        )

    def _write_errors(self, computations: Sequence[ByTensor], first: int) -> None:
        places = ", ".join("?" * (3 + len(SUMS)))
        self._db.executemany(
            f"INSERT INTO computation VALUES ({places})",
            [
                (first + k, tensor, *(getattr(errors, name) for name in SUMS), json.dumps(errors.tail))
                for k, one in enumerate(computations)
                for tensor, errors in one.items()
            ],
        )

    def columns(self, names: Sequence[str], where: str = "") -> dict[str, Array]:
        """Return columns of the cells that satisfy a condition, by name: arrays of one length. Raises StoreError."""
        rows = self.select(names, where)
        columns = zip(*rows, strict=True) if rows else ((),) * len(names)
        return {
            name: np.array(values, object if name in _OPTIONAL else None)
            for name, values in zip(names, columns, strict=True)
        }

    def errors(self) -> dict[str, ErrorColumns]:
        """Return the errors of every distinct computation, by tensor."""
        query = f"SELECT id, {', '.join(SUMS)}, tail FROM computation WHERE tensor = ?"
        found = {tensor: self.ask(query, (tensor,)) for tensor in TENSORS}
        return {tensor: ErrorColumns.of(rows) for tensor, rows in found.items() if rows}


@dataclass(frozen=True, eq=False)
class ErrorColumns:
    """The errors of one tensor, a row for each computation: its id; the sums of `errors.Errors`, by name; tails.

    tails: (rows, BINS), how many errors there are of each size.
    """

    id: Array
    sums: Mapping[str, Array]
    tails: Array

    @classmethod
    def of(cls, rows: Sequence[tuple[Any, ...]]) -> ErrorColumns:
        """Make columns of rows of the table `computation`."""
        id, *sums, tails = zip(*rows, strict=True)
        found = np.zeros((len(rows), BINS), np.int64)
        for row, tail in zip(found, json.loads(f"[{','.join(tails)}]"), strict=True):
            row[: len(tail)] = tail
        return cls(np.array(id), dict(zip(SUMS, map(np.array, sums), strict=True)), found)


def _check_condition(where: str, run: Callable[[str], _T]) -> _T:
    """Return what is found with a user's condition. Raises StoreError, with the columns, if SQLite refuses it."""
    try:
        return run(where)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise StoreError(
            f"--where {where!r} was given, but {error}: write a condition over {', '.join(COLUMNS)}, as in "
            '"bidirectional and packed" or "hidden_size between 30 and 60 and dtype = \'bfloat16\'"'
        ) from error


def choose_cells(cells: Sequence[Cell], where: str) -> list[Cell]:
    """Return the cells that satisfy a condition over their columns, an expression of SQL that can only compare."""
    if not where:
        return list(cells)
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(f"CREATE TABLE cell ({', '.join(COLUMNS)})")
        places = ", ".join("?" * len(COLUMNS))
        db.executemany(f"INSERT INTO cell VALUES ({places})", (tuple(cell.columns().values()) for cell in cells))
        _allow_reading_only(db)
        query = "SELECT rowid FROM cell WHERE "
        chosen = _check_condition(where, lambda condition: db.execute(f"{query}({condition})").fetchall())
    return [cells[row - 1] for (row,) in chosen]


def _allow_reading_only(db: sqlite3.Connection) -> None:
    allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)
    db.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY)
