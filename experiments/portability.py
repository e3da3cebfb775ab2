"""The tests on processors that this one can stand for: those with as many vector instructions, and with fewer.

Each cell limits torch's own kernels (ATEN_CPU_CAPABILITY), those of oneDNN (ONEDNN_MAX_CPU_ISA) and the threads
(OMP_NUM_THREADS=1). Cells in which torch and oneDNN say that they use the same instructions are the same, and run once.
In each, plain `pytest` and the tests of the modes run: the others compute nothing whose bits depend on the processor.
Run `python -m experiments.portability [--cells N]`; with a number, as CI does, the N cells with the fewest instructions
and of their tests the most sensitive ones. Exits with 1 if a test fails in a cell. Result: portability.md.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).with_suffix(".md")
CAPABILITIES = ("default", "avx2", "avx512")  # of torch's kernels, from few instructions to many
ONEDNN = ("", "SSE41", "AVX2", "AVX512_CORE")
PROBE = """
import torch
torch.nn.LSTM(2, 2)(torch.ones(1, 1, 2))
print("capability:", torch.backends.cpu.get_cpu_capability())
"""
TESTS = ("parity_tests", "tests/audits/test_modes.py")
COLUMNS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "torch uses", "oneDNN uses", "tests", "seconds")
SENSITIVE = ("parity_tests/test_together.py", "parity_tests/test_gradients.py", "parity_tests/tutorials")


@dataclass(frozen=True)
class Cell:
    """The limits of a cell; empty for none."""

    torch: str
    onednn: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that set the limits."""
        given = {"ATEN_CPU_CAPABILITY": self.torch, "ONEDNN_MAX_CPU_ISA": self.onednn, "OMP_NUM_THREADS": "1"}
        return {**os.environ, **{name: value for name, value in given.items() if value}}


@cache
def ask_instructions(cell: Cell) -> tuple[str, str]:
    """Ask torch and oneDNN which instructions they use in a cell."""
    environment = cell.environment | {"ONEDNN_VERBOSE": "1"}
    printed = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True).stdout
    onednn = re.search(r"info,cpu,isa:(.*)", printed)
    capability = re.search(r"capability: (.*)", printed)
    return capability[1] if capability else "none", onednn[1] if onednn else "unknown"


def run_tests(cell: Cell, tests: Sequence[str]) -> tuple[int, str, float]:
    """Run the tests in a cell; return the exit status, the summary (or the last failures), and the seconds."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *tests]
    start = time.perf_counter()
    run = subprocess.run(command, cwd=ROOT, env=cell.environment, capture_output=True, text=True)
    failed = re.findall(r"^FAILED (.*)", run.stdout, re.MULTILINE)
    counted = count_dots(run.stdout)
    return run.returncode, "; ".join([counted, *failed]), time.perf_counter() - start


def count_dots(printed: str) -> str:
    """Count the dots and letters of a quiet run."""
    dots = "".join(re.findall(r"^([.sxFE]+)(?: +\[ *\d+%\])?$", printed, re.MULTILINE))
    counts = {"passed": dots.count("."), "skipped": dots.count("s"), "failed": dots.count("F") + dots.count("E")}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def list_cells() -> dict[Cell, tuple[str, str]]:
    """List the cells that this processor can stand for, with the instructions that torch and oneDNN use in each."""
    native = ask_instructions(Cell("", ""))[0].lower()
    most = CAPABILITIES.index(native) if native in CAPABILITIES else 0
    cells = [Cell(*limits) for limits in itertools.product(("", *CAPABILITIES[: most + 1]), ONEDNN)]
    return {c: (ask_instructions(Cell(c.torch, ""))[0], ask_instructions(Cell("", c.onednn))[1]) for c in cells}


def run_cells(instructions: dict[Cell, tuple[str, str]], count: int | None) -> tuple[list[list[str]], int]:
    """Run all cells, or the last `count` that differ; return the rows of the table, and how many cells fail."""
    first: dict[tuple[str, str], Cell] = {}
    for cell, used in instructions.items():
        first.setdefault(used, cell)
    chosen = list(first.values()) if count is None else list(first.values())[-count:]
    rows, failures = [], 0
    for cell, used in instructions.items():
        same = first[used]
        if same not in chosen or (same is not cell and count is not None):
            continue
        status, said, seconds = (0, f"same as {same.torch or '-'}, {same.onednn or '-'}", 0.0)
        if same is cell:
            print(f"running {used}", file=sys.stderr, flush=True)
            status, said, seconds = run_tests(cell, TESTS if count is None else SENSITIVE)
        failures += status != 0
        rows.append([cell.torch or "-", cell.onednn or "-", *used, said, f"{seconds:.0f}" if seconds else ""])
    return rows, failures


def main() -> None:
    """Run the cells, print the table, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, help="run only so many cells, those with the fewest instructions")
    given = parser.parse_args()
    rows, failures = run_cells(list_cells(), given.cells)
    table = Table(box=None)
    for word in COLUMNS:
        table.add_column(word, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    if given.cells is None:
        lines = ["# The tests on other processors", ""]
        lines += ["Made by `python -m experiments.portability`, which says what it does.", ""]
        lines += [
            f"| {' | '.join(COLUMNS)} |",
            "|---|---|---|---|---|---:|",
            *(f"| {' | '.join(row)} |" for row in rows),
        ]
        RESULT.write_text("\n".join([*lines, ""]), encoding="utf-8")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
