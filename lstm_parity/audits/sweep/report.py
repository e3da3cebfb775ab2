"""What a store holds, summed up as values: counts, where the wrong cells sit, means with confidence, biases, drift."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lstm_parity.audits.sweep.cluster.machines import MachineShare, find_shares
from lstm_parity.audits.sweep.corners import COLUMNS, Corner, find_corners
from lstm_parity.audits.sweep.errors import BINS, TENSORS
from lstm_parity.audits.sweep.statistics import Bias, Drift, ErrorTable, Pooled, find_biases, find_drift
from lstm_parity.audits.sweep.store import Store
from lstm_parity.cases.setting import DTYPES
from lstm_parity.judging.verdict import Outcome

AXES = (  # whose values have a row each in a report
    *("dtype", "form", "num_layers", "bidirectional", "projection", "bias", "batch_first", "states", "strided"),
    *("grad_mode", "mkldnn", "threads", "deterministic", "profile", "question"),
)
_PAIRED = (
    "dtype",
    "form",
    "num_layers",
    "bidirectional",
    "projection",
    "bias",
    "states",
    "mkldnn",
    "grad_mode",
    "profile",
)
_BIASED = ("profile", "mkldnn", "num_layers", "bidirectional", "projection", "states")  # that a bias may depend on
_OCTAVE = "hidden_size up to"
_WRONG = (Outcome.DEVIATES.value, Outcome.FAILED.value)
_SHOWN = 5
_OUTPUT = TENSORS[0]


@dataclass(frozen=True)
class WrongCell:
    """A cell that is wrong: the id of its case, the outcome, and why."""

    id: str
    question: str
    outcome: str
    worst: float
    detail: str


@dataclass(frozen=True)
class AxisValue:
    """The cells with one value of an axis: how many were judged and are wrong; the worst, in noises; output pooled."""

    axis: str
    value: str
    judged: int
    wrong: int
    worst: float
    pooled: Pooled | None


@dataclass(frozen=True)
class SweepReport:
    """A whole sweep.

    head: of the store. counts: cells by outcome; left: not judged yet. cases: of all judged cells. computations: how
    many of them are distinct. machines: what was judged where, with how many cells. reasons: why cells were refused or
    not judged. worst: the cell farthest from the exact answer. pooled: by dtype and tensor.
    """

    head: Mapping[str, Any]
    counts: Mapping[str, int]
    left: int
    cases: int
    computations: int
    machines: tuple[MachineShare, ...]
    reasons: Mapping[str, int]
    corners: tuple[Corner, ...]
    wrong: tuple[WrongCell, ...]
    worst: WrongCell | None
    pooled: Mapping[tuple[str, str], Pooled]
    axes: tuple[AxisValue, ...]
    biases: tuple[Bias, ...]
    tails: Mapping[str, list[int]]

    @property
    def outcome(self) -> Outcome:
        """DEVIATES if a cell is wrong or the mean of many is; NOT ENOUGH if cells are left, or none was judged."""
        for one in (Outcome.FAILED, Outcome.DEVIATES):
            if self.counts.get(one.value):
                return one
        if self.biases:
            return Outcome.DEVIATES
        return Outcome.NOT_ENOUGH if self.left or not self.counts.get(Outcome.PARITY.value) else Outcome.PARITY

    @property
    def exit_code(self) -> int:
        """What a command exits with."""
        return 1 if self.outcome.is_wrong else 0 if self.outcome is Outcome.PARITY else 3


def sum_up_store(store: Store, where: str = "") -> SweepReport:
    """Sum up a store, or the cells of it that satisfy a condition. Raises StoreError."""
    head = store.head
    names = (
        "setting",
        *COLUMNS,
        "numbers",
        "seed",
        "cases",
        "outcome",
        "worst",
        "computation",
        "failing_seed",
        "detail",
        "machine",
    )
    rows = [dict(zip(names, values, strict=True)) for values in store.select(names, where)]
    judged = [row for row in rows if row["outcome"] is not None]
    compared = [row for row in judged if row["outcome"] in (Outcome.PARITY.value, *_WRONG)]
    wrong = sorted((row for row in compared if row["outcome"] in _WRONG), key=lambda row: -row["worst"])
    tables = _make_tables(store, judged)
    parts = _pool_tensors(tables)
    return SweepReport(
        head,
        Counter(row["outcome"] for row in judged),
        len(rows) - len(judged),
        sum(row["cases"] for row in judged),
        len({row["computation"] for row in judged}),
        find_shares(store, judged),
        Counter(row["detail"] for row in judged if row["outcome"] in (Outcome.REFUSED.value, Outcome.NOT_JUDGED.value)),
        tuple(
            find_corners({n: [row[n] for row in compared] for n in COLUMNS}, [r["outcome"] in _WRONG for r in compared])
        ),
        tuple(_make_wrong(row) for row in _choose_shown(wrong)),
        max(map(_make_wrong, compared), key=lambda cell: cell.worst, default=None),
        parts,
        _sum_up_axes(compared, tables.get(_OUTPUT)),
        tuple(find_biases({**parts, **_pool_parts(tables)})),
        _add_tails(store, {row["computation"]: row["dtype"] for row in judged}),
    )


def _make_tables(store: Store, judged: Sequence[Mapping[str, Any]]) -> dict[str, ErrorTable]:
    """Return the errors of these cells by tensor; a computation that several cells share has the axes of the first."""
    first: dict[int, Mapping[str, Any]] = {}
    for row in judged:
        first.setdefault(row["computation"], row)
    kept = {id: errors for id, errors in store.errors().items() if id in first}
    groups: dict[Any, int] = {}
    tables = dict[str, ErrorTable]()
    for tensor in TENSORS:
        rows = [(first[id], errors[tensor]) for id, errors in kept.items() if tensor in errors]
        axes = [{name: row[name] for name in COLUMNS} | {_OCTAVE: _octave(row["hidden_size"])} for row, _ in rows]
        numbers = [groups.setdefault((row["numbers"], row["seed"]), len(groups)) for row, _ in rows]
        if rows:
            tables[tensor] = ErrorTable.of(axes, numbers, [errors for _, errors in rows])
    return tables


def _octave(size: int) -> int:
    return int(2 ** math.ceil(math.log2(size)))


def _pool_tensors(tables: Mapping[str, ErrorTable]) -> dict[tuple[str, str], Pooled]:
    """Pool errors by dtype and tensor."""
    found = {tensor: table.pool_axes(("dtype",)) for tensor, table in tables.items()}
    order = [f"dtype = {dtype}" for dtype in DTYPES]
    return {(words, tensor): found[tensor][words] for words in order for tensor in tables if words in found[tensor]}


def _pool_parts(tables: Mapping[str, ErrorTable]) -> dict[tuple[str, str], Pooled]:
    """Pool errors by dtype with each value of a few axes, one of them the next power of 2 of the hidden size."""
    return {
        (words, tensor): pooled
        for tensor, table in tables.items()
        for axis in (*_BIASED, _OCTAVE)
        for words, pooled in table.pool_axes(("dtype", axis), 2).items()
    }


def _choose_shown(wrong: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Choose a few wrong cells: of each detail's first words one, the simplest by its number."""
    chosen: dict[str, Mapping[str, Any]] = {}
    for row in sorted(wrong, key=lambda row: len(row["setting"])):
        chosen.setdefault(row["detail"].split("[")[0][:40], row)
    return list(chosen.values())[:_SHOWN]


def _make_wrong(row: Mapping[str, Any]) -> WrongCell:
    id = f"{row['setting']}-{row['profile']}-{row['failing_seed']}"
    return WrongCell(id, row["question"], row["outcome"], row["worst"], row["detail"])


def _sum_up_axes(compared: Sequence[Mapping[str, Any]], table: ErrorTable | None) -> tuple[AxisValue, ...]:
    found = list[AxisValue]()
    for axis in AXES:
        pooled = table.pool_axes((axis,)) if table is not None else {}
        parts: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
        for row in compared:
            parts[row[axis]].append(row)
        for value, cells in parts.items():
            wrong = sum(row["outcome"] in _WRONG for row in cells)
            worst = max(row["worst"] for row in cells)
            found.append(AxisValue(axis, str(value), len(cells), wrong, worst, pooled.get(f"{axis} = {value}")))
    return tuple(found)


def _add_tails(store: Store, dtypes: Mapping[int, str]) -> dict[str, list[int]]:
    """Add up how many errors there are of each size, by "DTYPE TENSOR"; dtypes: of the computations that count."""
    found: dict[str, list[int]] = {}
    for id, by_tensor in store.errors().items():
        for tensor, errors in by_tensor.items() if id in dtypes else ():
            before = found.setdefault(f"{dtypes[id]} {tensor}", [0] * BINS)
            for k, n in enumerate(errors.tail):
                before[k] += n
    return found


@dataclass(frozen=True)
class Change:
    """A cell that two sweeps judged otherwise."""

    id: str
    question: str
    old: str
    new: str
    detail: str


@dataclass(frozen=True)
class SweepComparison:
    """Two sweeps of the same lattice.

    common: cells that both judged. changed: those with another outcome; worse: how many of these are wrong in the new
    one only. drift: means that differ. only: cells that one of the two judged, by "old" and "new".
    """

    old: Mapping[str, Any]
    new: Mapping[str, Any]
    common: int
    only: Mapping[str, int]
    worse: int
    changed: tuple[Change, ...]
    drift: tuple[Drift, ...]

    @property
    def exit_code(self) -> int:
        """1 if something is worse or drifts, 3 if nothing is common, else 0."""
        return 1 if self.worse or self.drift else 0 if self.common else 3


def compare_stores(old: Store, new: Store) -> SweepComparison:
    """Compare two stores cell by cell, and the means of all axis values and pairs of them. Raises StoreError."""
    outcomes = [_read_outcomes(store) for store in (old, new)]
    common = outcomes[0].keys() & outcomes[1].keys()
    changed = [
        Change(f"{setting}-{profile}-{seed}", question, before, outcomes[1][key][0], outcomes[1][key][1])
        for key in sorted(common)
        for setting, profile, question, seed in [key]
        for before in [outcomes[0][key][0]]
        if before != outcomes[1][key][0]
    ]
    worse = sum(one.new in _WRONG and one.old not in _WRONG for one in changed)
    only = {"old": len(outcomes[0]) - len(common), "new": len(outcomes[1]) - len(common)}
    drift = find_drift(*(_pool_all(store, common) for store in (old, new)))
    return SweepComparison(old.head, new.head, len(common), only, worse, tuple(changed), tuple(drift))


_Key = tuple[str, str, str, int]


def _read_outcomes(store: Store) -> dict[_Key, tuple[str, str]]:
    query = "SELECT setting, profile, question, seed, outcome, detail FROM cell WHERE outcome IS NOT NULL"
    return {(*key,): (outcome, detail) for *key, outcome, detail in store.ask(query)}


def _pool_all(store: Store, common: set[_Key]) -> dict[tuple[str, str], Pooled]:
    """Pool the errors of common cells by every axis value and every pair of them, for each tensor."""
    names = ("setting", *COLUMNS, "numbers", "seed", "outcome", "computation")
    rows = [dict(zip(names, values, strict=True)) for values in store.select(names, "outcome IS NOT NULL")]
    kept = [row for row in rows if (row["setting"], row["profile"], row["question"], row["seed"]) in common]
    return {
        (words, tensor): pooled
        for tensor, table in _make_tables(store, kept).items()
        for together in (1, 2)
        for words, pooled in table.pool_axes(_PAIRED, together).items()
    }
