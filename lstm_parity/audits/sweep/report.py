"""What a store holds, summed up as values: counts, where the wrong cells sit, means with confidence, biases, drift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_parity.audits.sweep.cluster.machines import MachineShare, find_shares
from lstm_parity.audits.sweep.corners import COLUMNS, Corner, find_corners
from lstm_parity.audits.sweep.rows import TENSORS
from lstm_parity.audits.sweep.statistics import Bias, ErrorTable, Pooled, find_biases
from lstm_parity.audits.sweep.store import ErrorColumns, Store
from lstm_parity.cases.setting import DTYPES
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reference.noise.model import Array

AXES = (  # whose values have a row each in a report
    *("dtype", "form", "num_layers", "bidirectional", "projection", "bias", "batch_first", "states", "strided"),
    *("grad_mode", "mkldnn", "threads", "deterministic", "profile", "question"),
)
_BIASED = ("profile", "mkldnn", "num_layers", "bidirectional", "projection", "states")  # that a bias may depend on
_OCTAVE = "hidden_size up to"
WRONG = (Outcome.DEVIATES.value, Outcome.FAILED.value)
_SHOWN = 5
_OUTPUT = TENSORS[0]
_RESULTS = ("outcome", "worst", "computation", "failing_seed", "detail", "machine")
_NAMES = ("number", *COLUMNS, "numbers", "seed", "cases", *_RESULTS)


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
    head, cells = store.head, store.columns(_NAMES, where)
    has_outcome = cells["outcome"].astype(bool)
    judged = choose_rows(cells, has_outcome)
    outcomes = judged["outcome"].astype(str)
    compared = choose_rows(judged, np.isin(outcomes, (Outcome.PARITY.value, *WRONG)))
    wrong = np.isin(compared["outcome"].astype(str), WRONG)
    errors, first = store.errors(), find_first(judged)
    tables = make_tables(errors, judged, first)
    parts = _pool_tensors(tables)
    unjudged = np.isin(outcomes, (Outcome.REFUSED.value, Outcome.NOT_JUDGED.value))
    return SweepReport(
        head,
        Counter(judged["outcome"]),
        len(has_outcome) - len(outcomes),
        int(judged["cases"].sum()),
        len(first),
        find_shares(store, judged),
        Counter(judged["detail"][unjudged]),
        tuple(find_corners(compared, wrong)),
        _choose_shown(store, choose_rows(compared, wrong)),
        _make_wrong(store, compared, int(compared["worst"].argmax())) if len(wrong) else None,
        parts,
        _sum_up_axes(compared, wrong, tables.get(_OUTPUT)),
        tuple(find_biases({**parts, **_pool_parts(tables)})),
        _add_tails(errors, judged, first),
    )


def choose_rows(cells: Mapping[str, Array], chosen: Array) -> dict[str, Array]:
    """Return the rows of columns that are chosen, by places or flags."""
    return {name: values[chosen] for name, values in cells.items()}


def find_first(judged: Mapping[str, Array]) -> dict[int, int]:
    """Return the place of the first cell of each computation, whose axes stand for all cells that share it."""
    ids, places = np.unique(judged["computation"].astype(int), return_index=True)
    return dict(zip(ids.tolist(), places.tolist(), strict=True))


def make_tables(
    errors: Mapping[str, ErrorColumns], judged: Mapping[str, Array], first: Mapping[int, int]
) -> dict[str, ErrorTable]:
    """Return the errors of these cells by tensor."""
    groups: dict[Any, int] = {}
    keys = zip(judged["numbers"].tolist(), judged["seed"].tolist(), strict=True)
    group = np.array([groups.setdefault(key, len(groups)) for key in keys], int)
    axes = {name: judged[name] for name in COLUMNS} | {_OCTAVE: _octave(judged["hidden_size"])}
    tables = dict[str, ErrorTable]()
    for tensor, columns in errors.items():
        rows, places = _find_rows(columns, first)
        if len(rows):
            sums = {name: values[rows] for name, values in columns.sums.items()}
            tables[tensor] = ErrorTable.of(choose_rows(axes, places), group[places], sums)
    return tables


def _find_rows(columns: ErrorColumns, first: Mapping[int, int]) -> tuple[Array, Array]:
    """Return the rows of errors that belong to the cells, and the places of these."""
    rows = [(row, first[id]) for row, id in enumerate(columns.id.tolist()) if id in first]
    found = np.array(rows, int).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _octave(sizes: Array) -> Array:
    octaves: Array = 2 ** np.ceil(np.log2(sizes.astype(float)))
    return octaves.astype(int)


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


def _choose_shown(store: Store, wrong: Mapping[str, Array]) -> tuple[WrongCell, ...]:
    """Choose a few wrong cells: of each detail's first words one, the first of the sweep, which are the simplest."""
    chosen: dict[str, int] = {}
    for place, detail in enumerate(wrong["detail"]):
        chosen.setdefault(detail.split("[")[0][:40], place)
    return tuple(_make_wrong(store, wrong, place) for place in [*chosen.values()][:_SHOWN])


def _make_wrong(store: Store, cells: Mapping[str, Array], place: int) -> WrongCell:
    [(setting,)] = store.ask("SELECT setting FROM cell WHERE number = ?", (int(cells["number"][place]),))
    names = ("question", "outcome", "worst", "detail")
    id = f"{setting}-{cells['profile'][place]}-{cells['failing_seed'][place]}"
    return WrongCell(id, *(cells[name][place] for name in names))


def _sum_up_axes(compared: Mapping[str, Array], wrong: Array, table: ErrorTable | None) -> tuple[AxisValue, ...]:
    found, worst = list[AxisValue](), compared["worst"].astype(float)
    for axis in AXES:
        pooled = table.pool_axes((axis,)) if table is not None else {}
        values, first, place = np.unique(compared[axis], return_index=True, return_inverse=True)
        for k in np.argsort(first):
            its, value = place == k, str(values[k])
            numbers = int(its.sum()), int((its & wrong).sum()), float(worst[its].max())
            found.append(AxisValue(axis, value, *numbers, pooled.get(f"{axis} = {value}")))
    return tuple(found)


def _add_tails(
    errors: Mapping[str, ErrorColumns], judged: Mapping[str, Array], first: Mapping[int, int]
) -> dict[str, list[int]]:
    """Add up how many errors there are of each size, by "DTYPE TENSOR"."""
    found: dict[str, list[int]] = {}
    for tensor, columns in errors.items():
        rows, places = _find_rows(columns, first)
        of = judged["dtype"][places]
        for dtype in np.unique(of):
            found[f"{dtype} {tensor}"] = columns.tails[rows[of == dtype]].sum(0).tolist()
    return found
