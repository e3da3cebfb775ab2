"""The rows of a sweep's plan and what becomes of them, as values that pass between processes as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lstm_parity.audits.sweep.errors import ByTensor, Errors
from lstm_parity.cases.lattice import Cell
from lstm_parity.cases.setting import parse_setting


@dataclass(frozen=True)
class PlannedRow:
    """A cell to be judged: with so many cases, whose seeds follow one another from the first; number: of the row."""

    number: int
    cell: Cell
    seed: int
    cases: int = 1


@dataclass(frozen=True)
class Result:
    """What became of a row: the worst of its cases.

    worst, rms: in noises of the arithmetic. computation: the index of its errors in the shard. seed: of the case that
    the outcome and the detail are of.
    """

    number: int
    outcome: str
    worst: float
    rms: float
    arithmetic: str
    computation: int
    seed: int
    detail: str = ""

    @classmethod
    def of(cls, values: Sequence[Any]) -> Result:
        """Return the result whose fields have these values, in order."""
        return cls(*values)


@dataclass(eq=False)
class ShardResult:
    """What became of the rows of a shard, and the errors of their distinct computations."""

    results: list[Result] = field(default_factory=list)
    computations: list[ByTensor] = field(default_factory=list)


def encode_rows(rows: Sequence[PlannedRow]) -> list[list[Any]]:
    """Return rows as JSON holds them."""
    return [[r.number, r.cell.setting.name, r.cell.profile, r.cell.question, r.seed, r.cases] for r in rows]


def decode_rows(rows: Sequence[Sequence[Any]]) -> list[PlannedRow]:
    """Read back what `encode_rows` wrote."""
    return [
        PlannedRow(number, Cell(parse_setting(setting), profile, question), seed, cases)
        for number, setting, profile, question, seed, cases in rows
    ]


def encode_result(done: ShardResult) -> dict[str, Any]:
    """Return a shard's result as JSON holds it."""
    return {
        "results": [list(vars(result).values()) for result in done.results],
        "computations": [{name: list(vars(e).values()) for name, e in one.items()} for one in done.computations],
    }


def decode_result(done: dict[str, Any]) -> ShardResult:
    """Read back what `encode_result` wrote."""
    return ShardResult(
        [Result.of(result) for result in done["results"]],
        [{name: Errors.of(sums) for name, sums in one.items()} for one in done["computations"]],
    )
