"""Stores of sweeps whose results are made up: every outcome, markup in names and details, as many cells as needed."""

from __future__ import annotations

import math
from dataclasses import asdict
from functools import cache
from pathlib import Path

from lstm_parity.audits.sweep.rows import Errors, PlannedRow, Result, ShardResult
from lstm_parity.audits.sweep.run import Plan, plan_rows
from lstm_parity.audits.sweep.store import Store, choose_cells
from lstm_parity.cases.lattice import Cell, build_lattice
from specimens.awkward_certificates import CLOSING, SCRIPT

MACHINE = '{"torch": "2.13.0", "processor": "x86_64", "device": "cpu"}'
_SHARD = 5000  # rows that are written at once
_OTHERS = {  # outcome and detail of one row in so many
    211: ("FAILED", f"RuntimeError: {CLOSING}"),
    53: ("REFUSED", "no projection"),
    101: ("NOT JUDGED", "lost in the noise of hidden states"),
}


def make_sweep(path: Path, where: str = "", *, cases: int = 0, shift: float = 0.0, whole: bool = True) -> Path:
    """Write a store and return its path.

    where: which cells of the quick lattice it has; cases: so many rows at least, with further seeds. shift: what is
    added to errors, in noises. Unidirectional packed cells deviate if it is zero; the last tenth is left unless whole.
    """
    plan = Plan(name=SCRIPT, profile="quick", where=where, cases=cases)
    head = {**asdict(plan), "torch": "2.13.0", "lattice": "made up", "left_out": {}, "started": "2026-01-01 00:00 UTC"}
    with Store(path) as store:
        store.create(head, plan_rows(_choose(where), plan))
        rows = list(store.left())
        rows = rows if whole else rows[: len(rows) - len(rows) // 10]
        for first in range(0, len(rows), _SHARD):
            store.write(_make_up(rows[first : first + _SHARD], shift), MACHINE)
    return path


@cache
def _choose(where: str) -> list[Cell]:
    return choose_cells(build_lattice("quick").cells, where)


def _make_up(rows: list[PlannedRow], shift: float) -> ShardResult:
    done = ShardResult()
    for row in rows:
        call, k = row.cell.setting.call, row.number
        wrong = shift == 0.0 and call.lengths is not None and not row.cell.setting.architecture.bidirectional
        outcome, detail = next((found for each, found in _OTHERS.items() if k % each == 7), ("PARITY", ""))
        if wrong and outcome == "PARITY":
            outcome, detail = "DEVIATES", f"output[0, 0, 0] is 25 noises from the exact value {SCRIPT}"
        worst = {"DEVIATES": 25.0, "PARITY": 1.0 + k % 97 / 100}.get(outcome, 0.0)
        dtype = row.cell.setting.runtime.dtype
        done.results.append(Result(k, outcome, worst, 0.2, dtype, len(done.computations), row.seed, detail))
        errors = Errors(100, 100 * (shift + math.sin(k) / 20), 100 * math.cos(k) / 20, 9.0, worst, 0, [60, 30, 10])
        done.computations.append({"output": errors} if worst else {})
    return done
