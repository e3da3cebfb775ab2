"""What it takes to answer a large bug report: two layers of 512 units in both directions, 200 steps.

One right report, wrong ones whose fault has a name, and one whose fault nobody knows, each answered by the command
`lstm-parity judge`, imports included: wall-clock seconds, and those of all processors, which other work on the machine
changes less. Then the functions that take the most time of one report, by cProfile. Run `python -m
benchmarks.report_speed [NAME ...]`. Result: report_speed.md.
"""

from __future__ import annotations

import cProfile
import io
import os
import pstats
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from lstm_parity.cli import main as judge_command
from specimens.bug_reports.lstm import Array, Weights, run_torch
from specimens.bug_reports.making import draw, draw_input, reorder
from specimens.bug_reports.writing import write_npy, write_pt

RESULT = Path(__file__).with_suffix(".md")
HIDDEN, INPUTS, STEPS, ROWS = 512, 512, 200, 1
PROFILED = "nobody knows the fault"
_TIMES = 3
_MOST_FUNCTIONS = 15
Change = Callable[[Weights], Weights]


def _each(part: str, change: Callable[[Array], Array]) -> Change:
    """Change the arrays in whose name something stands."""
    return lambda weights: {name: change(value) if part in name else value for name, value in weights.items()}


def _transpose_blocks(w: Array) -> Array:
    return np.concatenate([block.T for block in np.split(w, 4)])


def _weaken_one_column(w: Array) -> Array:
    changed = w.copy()
    changed[:, HIDDEN + 17] *= 0.97
    return changed


CHANGES: dict[str, tuple[Change, str]] = {  # name: what is done to the weights, and a word that names it
    "right": (lambda weights: weights, "PARITY"),
    "gates swapped": (_each("_l", lambda w: reorder(w, "ifog")), "gate"),
    "one bias missing": (_each("bias_hh", lambda w: 0 * w), "bias"),
    "forget bias + 1": (_each("bias_ih", lambda w: reorder(w, "ifgo", 1.0)), "forget"),
    "layer 2's w_hh transposed": (_each("weight_hh_l1", _transpose_blocks), "transposed"),
    PROFILED: (_each("weight_ih_l1", _weaken_one_column), "none of"),
}
OTHERS = {  # name: what is done to the call or the results, and a word that names it
    "reverse direction not reversed": "order|revers",
    "h_n and c_n swapped": "exchanged",
    "state slots swapped": "states-direction-major|directions before layers",
}
NAMES = (*CHANGES, *OTHERS)


def write_report(folder: Path, name: str) -> None:
    """Write the report into a folder: weights, input, states and results."""
    rng = np.random.default_rng(19)
    weights = draw(rng, INPUTS, HIDDEN, layers=2, directions=2)
    x, h_0, c_0 = draw_input(rng, STEPS, ROWS, INPUTS), *(0.5 * draw_input(rng, 4, ROWS, HIDDEN) for _ in range(2))
    change = CHANGES.get(name, CHANGES["right"])[0]
    slots = [0, 2, 1, 3] if name == "state slots swapped" else [0, 1, 2, 3]
    if name == "reverse direction not reversed":
        results = _run_without_reversing(weights, x, h_0, c_0)
    else:
        results = list(run_torch(change(weights), x, h_0[slots], c_0[slots]))
    names = ("output", "c_n", "h_n") if name == "h_n and c_n swapped" else ("output", "h_n", "c_n")
    write_pt(folder / "weights.pt", weights)
    write_npy(folder, input=x, h_0=h_0, c_0=c_0, **dict(zip(names, results, strict=True)))


def _run_without_reversing(weights: Weights, x: Array, h_0: Array, c_0: Array) -> list[Array]:
    """Run the reverse direction of each layer from the first step to the last."""
    h_n, c_n = [], []
    for layer in range(2):
        halves = []
        for k, end in ((2 * layer, f"_l{layer}"), (2 * layer + 1, f"_l{layer}_reverse")):
            own = {n.removesuffix(end) + "_l0": w for n, w in weights.items() if re.fullmatch(r"[a-z_]+" + end, n)}
            done = run_torch(own, x, h_0[k : k + 1], c_0[k : k + 1])
            halves.append(done.output)
            h_n.append(done.h_n)
            c_n.append(done.c_n)
        x = np.concatenate(halves, -1)
    return [x, np.concatenate(h_n), np.concatenate(c_n)]


def time_report(folder: Path) -> tuple[float, float, str]:
    """Return the seconds that the command takes, by the clock and of all processors, and what it prints."""
    start, before = time.perf_counter(), _count_seconds()
    command = [sys.executable, "-m", "lstm_parity", "judge", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return time.perf_counter() - start, _count_seconds() - before, done.stdout + done.stderr


def _count_seconds() -> float:
    """Return the processor seconds of all commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def profile_report(folder: Path) -> str:
    """Return the table of cProfile, by the time in each function itself."""
    profile = cProfile.Profile()
    profile.runcall(CliRunner().invoke, judge_command, ["judge", str(folder)])
    written = io.StringIO()
    pstats.Stats(profile, stream=written).strip_dirs().sort_stats("tottime").print_stats(_MOST_FUNCTIONS)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines() if line.strip())


def find_cause(text: str, name: str) -> str:
    """Return the line that names the cause, and whether it is the true one."""
    lines = [line.strip() for line in text.splitlines()]
    answers = (r"behaves like|what is wrong|PARITY", "DEVIATES")  # the second, if the verdict itself names it
    found = next((line for words in answers for line in lines if re.match(words, line)), "no answer")
    wanted = CHANGES[name][1] if name in CHANGES else OTHERS[name]
    return ("" if re.search(wanted, text) else "NOT NAMED: ") + found.split(", to ")[0]


def main(names: list[str]) -> None:
    """Measure all reports, or print the answers to those that are named."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for k, name in enumerate(names or NAMES):
            folder = Path(place) / str(k)
            folder.mkdir()
            write_report(folder, name)
            times = [time_report(folder) for _ in range(1 if names else _TIMES)]
            wall, used = statistics.median(w for w, _, _ in times), statistics.median(u for _, u, _ in times)
            text = times[0][2]
            rows.append(f"| {name} | {find_cause(text, name)} | {wall:.1f} | {used:.1f} |")
            print(rows[-1], flush=True)
            if names:
                print(text)
                print(profile_report(folder))
            elif name == PROFILED:
                table = profile_report(folder)
    if not names:
        RESULT.write_text(_write_page(rows, table))


def _write_page(rows: list[str], table: str) -> str:
    lines = [
        "# How long a large report takes",
        "",
        "Written by `python -m benchmarks.report_speed`. The median of three runs of `lstm-parity judge`, imports",
        f"included: H={HIDDEN}, bidirectional, 2 layers, T={STEPS}, B={ROWS}, I={INPUTS}, on two cores.",
        "",
        f"The mean load of the machine in the last 15 minutes was {os.getloadavg()[2]:.0f}:",
        "beside other work, if that is above 2.",
        "",
        "| report | answer | s | s of all processors |",
        "|---|---|---:|---:|",
        *rows,
        "",
        f'The profile of "{PROFILED}", by the time in each function itself:',
        "",
        "```",
        table,
        "```",
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main(sys.argv[1:])
