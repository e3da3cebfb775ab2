"""The rows of a sweep's plan and what becomes of them, as values that pass between processes as JSON.

The rounding errors of a row are summed up tensor by tensor: how many elements, their mean, square, worst and tail. An
error is `(got - exact) / noise`, with its sign. Two means are kept: of the error itself, which a constant that is
added shifts, and of the error times the sign of the exact value, which a factor shifts: rounding toward zero, say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_parity.cases.lattice import Cell
from lstm_parity.cases.setting import parse_setting
from lstm_parity.judging.verdict import GRADIENT, TensorComparison
from lstm_parity.running.evidence import WHOLE

TENSORS = ("output", "h_n", "c_n", GRADIENT)
BINS = 40  # of a tail: errors in tenths of a noise; the last holds all that are larger
PER_NOISE = 10
_HUGE = 1e150  # noises; the square of what is larger overflows


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


@dataclass
class Errors:
    """Sums over the elements of one tensor that have noise.

    elements: how many. shift: the sum of the errors. growth: of the errors times the sign of the exact value. squares:
    of their squares. worst: the largest, without its sign. lost: elements whose noise is too large to say anything.
    tail: how many errors there are of each size, up to the largest.
    """

    elements: int = 0
    shift: float = 0.0
    growth: float = 0.0
    squares: float = 0.0
    worst: float = 0.0
    lost: int = 0
    tail: list[int] = field(default_factory=list)

    def add(self, compared: TensorComparison) -> None:
        """Add the elements of a comparison."""
        used = (compared.noise > 0.0) & np.isfinite(compared.ratio)
        exact = compared.exact[used]
        error = ((compared.got[used] - exact) / compared.noise[used]).clip(-_HUGE, _HUGE)
        size = np.abs(error)
        self.elements += error.size
        self.shift += float(error.sum())
        self.growth += float((error * np.sign(exact)).sum())
        self.squares += float(np.square(error).sum())
        self.worst = max(self.worst, float(size.max(initial=0.0)))
        self.lost += int(compared.lost.sum())
        counted = np.bincount(np.minimum(size * PER_NOISE, BINS - 1).astype(int), minlength=len(self.tail))
        counted[: len(self.tail)] += np.array(self.tail, counted.dtype)
        self.tail = counted.tolist()

    @classmethod
    def of(cls, values: Sequence[Any]) -> Errors:
        """Return the errors whose fields have these values, in order."""
        return cls(*values)


ByTensor = dict[str, Errors]


def sum_up(compared: Iterable[TensorComparison]) -> ByTensor:
    """Sum up the errors of comparisons by tensor, of which all gradients are one.

    Of whole calls and gradients alone: single steps are other calls of the same.
    """
    found = ByTensor()
    with np.errstate(over="ignore"):
        for one in compared:
            if one.way in (WHOLE, GRADIENT):
                found.setdefault(GRADIENT if one.way == GRADIENT else one.tensor, Errors()).add(one)
    return found


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
