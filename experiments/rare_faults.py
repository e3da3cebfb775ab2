"""Whether a sweep finds LSTMs that are wrong in one rare corner of the lattice, and names the corner.

`python -m experiments.rare_faults [NAME ...]` writes experiments/rare_faults.md and .jsonl; a fault whose line is there
is not run again. The classes are nn.LSTM bit for bit outside their corners (`specimens/rare_faults.py`), so that of the
full lattice only the cells in a fault's corner are judged, at most CELLS of them spread over the corner, and the others
count as right. Biases, which no single cell has to show, are swept: BIASED says of which cells, with how many cases.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from lstm_parity.audits.progress import Progress
from lstm_parity.audits.sweep.corners import COLUMNS, find_corners
from lstm_parity.audits.sweep.report import sum_up_store
from lstm_parity.audits.sweep.rows import PlannedRow
from lstm_parity.audits.sweep.run import Plan, create_store, run_sweep
from lstm_parity.audits.sweep.shard import judge_shard
from lstm_parity.audits.sweep.store import Store
from lstm_parity.audits.sweep.workers import LocalWorkers, Question
from lstm_parity.cases.lattice import GRADIENTS, Cell, build_lattice
from lstm_parity.implementations.target import parse_target
from lstm_parity.implementations.torch_modules import FromModule
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.threads import count_cores, share_cores
from specimens import rare_faults, rare_faults_of_calls
from specimens.rare_layers import RareFault

CELLS = 150
BIASED = {"BiasedTanh": ("hidden_size = 512", 300)}
FIRST = """\
The first time, before the lattice had every other axis at every size, projections of every size and sizes that are
related, 35 of 43 were seen; the faults were written by somebody who had not seen it. The figures below are of faults
that were known."""
RESULT, LINES = Path(__file__).with_suffix(".md"), Path(__file__).with_suffix(".jsonl")
FAULTS = {fault.name: (fault, room) for room in (rare_faults, rare_faults_of_calls) for fault in room.FAULTS}
_WRONG = (Outcome.DEVIATES.value, Outcome.FAILED.value)


def cells_in(fault: RareFault, cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells that a fault acts in: of gradients, if it is one of gradients."""
    asked = [cell for cell in cells if fault.kind != "gradients" or cell.question == GRADIENTS]
    return [cell for cell in asked if fault.where(cell.setting, cell.profile)]


def judge_fault(name: str, cells: Sequence[Cell]) -> dict[str, Any]:
    """Judge a fault's corner of the lattice."""
    fault, room = FAULTS[name]
    inside = cells_in(fault, cells)
    some = inside[:: max(1, len(inside) // CELLS)]
    if fault.kind == "bias":
        return _sweep_bias(fault, len(inside))
    results = judge_shard(
        FromModule(name, room.CLASSES[name]), [PlannedRow(k, c, 1) for k, c in enumerate(some)]
    ).results
    wrong = {some[r.number] for r in results if r.outcome in _WRONG}
    return {"name": name, "kind": fault.kind, "inside": len(inside), "judged": len(some), "wrong": len(wrong)} | {
        "corners": [corner.where for corner in _name_corners(cells, set(inside) - set(some), wrong)],
        "truth": " and ".join(f"{key} {value}" for key, value in fault.corner.items()),
    }


def _sweep_bias(fault: RareFault, inside: int) -> dict[str, Any]:
    """Sweep some float32 cells, as the command does; wrong: the cells that are, and whether the mean of all is."""
    where, cases = BIASED.get(fault.name, ("hidden_size < 64", 0))
    target = parse_target(f"module:specimens/rare_faults.py:{fault.name}")
    plan = Plan(target.fields, fault.name, "quick", where=f"dtype = 'float32' and {where}", cases=cases)
    with TemporaryDirectory() as folder:
        path = Path(folder, "bias.sweep")
        create_store(path, plan, torch=torch.__version__)
        with Store(path) as store, LocalWorkers(Question(target.fields), count_cores()) as workers:
            run_sweep(store, workers, Progress())
            report = sum_up_store(store)
    wrong = sum(report.counts[outcome] for outcome in _WRONG)
    words = [f"{b.words}: {b.kind} of {b.tensor} {b.mean.value:+.3f} noises" for b in report.biases]
    return {"name": fault.name, "kind": "bias", "inside": inside, "judged": sum(report.counts.values())} | {
        "wrong": wrong + len(words),
        "corners": words,
        "truth": f"{fault.sentence}",
    }


def _name_corners(cells: Sequence[Cell], unknown: set[Cell], wrong: set[Cell]) -> list[Any]:
    """Find where the wrong cells sit, among all cells but those of the corner that were not judged."""
    known = [cell for cell in cells if cell not in unknown]
    columns = map(np.array, zip(*(_columns(cell) for cell in known), strict=True))
    return find_corners(dict(zip(COLUMNS, columns, strict=True)), np.array([cell in wrong for cell in known]))


@cache
def _columns(cell: Cell) -> tuple[Any, ...]:
    columns = cell.columns()
    return tuple(columns[name] for name in COLUMNS)


def run(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield a line for each fault, those that are there first."""
    lines = [json.loads(line) for line in LINES.read_text().splitlines()] if LINES.exists() else []
    yield from (line for line in lines if line["name"] not in names)
    cells = build_lattice("full").cells
    for name in names or sorted(set(FAULTS) - {line["name"] for line in lines}):
        yield judge_fault(name, cells)


def main(names: Sequence[str]) -> None:
    """Run, and write the lines and the page."""
    lines = list[dict[str, Any]]()
    for line in run(names):
        lines.append(line)
        print(line, flush=True)
        LINES.write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    found = [line for line in lines if line["wrong"]]
    page = ["# Rare faults found by a sweep", "", "Made by `python -m experiments.rare_faults`.", ""]
    page += [f"**{len(found)} of {len(lines)}** are seen in the full lattice.", "", FIRST, ""]
    page += [
        "| fault | kind | cells in its corner | judged | wrong | the truth | what the report says |",
        "|---|---|---:|---:|---:|---|---|",
    ]
    page += [
        f"| {one['name']} | {one['kind']} | {one['inside']:,} | {one['judged']} | {one['wrong']} | {one['truth']} "
        f"| {'; '.join(f'`{corner}`' for corner in one['corners'])} |"
        for one in lines
    ]
    RESULT.write_text("\n".join(page) + "\n")


if __name__ == "__main__":
    share_cores()
    main(sys.argv[1:])
