"""Two sweeps of the same lattice compared: cells that are judged otherwise, and means that drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_parity.audits.sweep.report import WRONG, choose_rows, find_first, make_tables
from lstm_parity.audits.sweep.statistics import Drift, Pooled, find_drift
from lstm_parity.audits.sweep.store import Store
from lstm_parity.cases.lattice import COLUMNS

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


@dataclass(frozen=True)
class Change:
    """A cell that two sweeps judged otherwise."""

    id: str
    question: str
    old: str
    new: str
    detail: str

    @property
    def is_worse(self) -> bool:
        """Whether the cell is wrong in the new sweep only."""
        return self.new in WRONG and self.old not in WRONG


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
    worse = sum(one.is_worse for one in changed)
    only = {"old": len(outcomes[0]) - len(common), "new": len(outcomes[1]) - len(common)}
    drift = find_drift(*(_pool_all(store, common) for store in (old, new)))
    return SweepComparison(old.head, new.head, len(common), only, worse, tuple(changed), tuple(drift))


_Key = tuple[str, str, str, int]


def _read_outcomes(store: Store) -> dict[_Key, tuple[str, str]]:
    query = "SELECT setting, profile, question, seed, outcome, detail FROM cell WHERE outcome IS NOT NULL"
    return {(*key,): (outcome, detail) for *key, outcome, detail in store.ask(query)}


def _pool_all(store: Store, common: set[_Key]) -> dict[tuple[str, str], Pooled]:
    """Pool the errors of common cells by every axis value and every pair of them, for each tensor."""
    cells = store.columns(("setting", *COLUMNS, "numbers", "seed", "outcome", "computation"), "outcome IS NOT NULL")
    keys = zip(*(cells[name].tolist() for name in ("setting", "profile", "question", "seed")), strict=True)
    kept = choose_rows(cells, np.array([key in common for key in keys], bool))
    return {
        (words, tensor): pooled
        for tensor, table in make_tables(store.errors(), kept, find_first(kept)).items()
        for together in (1, 2)
        for words, pooled in table.pool_axes(_PAIRED, together).items()
    }
