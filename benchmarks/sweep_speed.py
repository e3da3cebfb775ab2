"""What a sweep costs beside nn.LSTM alone on the same cells, and what a second process brings.

Run `python -m benchmarks.sweep_speed` on a quiet machine. Result: sweep_speed.md. The cells are every so-many-th shard
of the forward lattice; both sides of a ratio are measured in turns.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from lstm_parity.audits.sweep.run import Plan, cut_shards, plan_rows
from lstm_parity.audits.sweep.shard import draw_alike, judge_shard
from lstm_parity.audits.sweep.workers import LocalWorkers, Question, Shard
from lstm_parity.cases.lattice import build_lattice
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.running.calls import call_arguments, runtime_flags, weight_tensors
from lstm_parity.running.threads import share_cores

EVERY, ROUNDS = 24, 3
RESULT = Path(__file__).with_suffix(".md")


def run_alone(shards: Sequence[Shard]) -> None:
    """Construct nn.LSTM for each cell, as a test of that cell has to, and call it once with new tensors."""
    lstm = TorchLSTM()
    for shard in shards:
        for row in shard:
            [(cell, case)] = draw_alike([row.cell], row.seed)
            with runtime_flags(cell.setting.runtime):
                lstm.load(cell.setting, weight_tensors(case))(
                    *call_arguments(cell.setting, case.input, case.h_0, case.c_0)
                )


def judge_here(shards: Sequence[Shard]) -> None:
    """Judge the cells in this process."""
    for shard in shards:
        judge_shard(TorchLSTM(), shard)


def judge_in(count: int, shards: Sequence[Shard]) -> float:
    """Judge the cells in so many processes, which are started before; return the seconds."""
    with LocalWorkers(Question(None), count) as workers:
        first = [shards[0][:1]] * count
        for _ in workers.judge(first):
            pass
        start = time.perf_counter()
        for _ in workers.judge(shards):
            pass
        return time.perf_counter() - start


def measure(work: Callable[[Sequence[Shard]], None], shards: Sequence[Shard]) -> float:
    """Return the seconds that work takes."""
    start = time.perf_counter()
    work(shards)
    return time.perf_counter() - start


def main() -> None:
    """Measure, and write the page."""
    torch.set_num_threads(1)
    lattice = build_lattice("forward")
    shards = [*cut_shards(row for row, _ in plan_rows(lattice.cells, Plan()))][::EVERY]
    cells = sum(map(len, shards))
    times: dict[str, list[float]] = {"nn.LSTM alone": [], "judged": [], "one process": [], "two processes": []}
    for _ in range(ROUNDS):
        times["nn.LSTM alone"].append(measure(run_alone, shards))
        times["judged"].append(measure(judge_here, shards))
        times["one process"].append(judge_in(1, shards))
        times["two processes"].append(judge_in(2, shards))
    median = {name: statistics.median(some) for name, some in times.items()}
    lines = ["# Speed of a sweep", "", "Made by `python -m benchmarks.sweep_speed`.", f"torch {torch.__version__}, "]
    lines[-1] += f"{cells:,} of {len(lattice.cells):,} cells of the forward lattice, {ROUNDS} rounds in turns."
    lines += ["", "| | cells per second |", "|---|---:|"]
    lines += [f"| {name} | {cells / seconds:,.0f} |" for name, seconds in median.items()]
    ratio, gain = median["judged"] / median["nn.LSTM alone"], median["one process"] / median["two processes"]
    lines += ["", f"A judged cell takes {ratio:.2f} times as long as nn.LSTM constructed and called for it alone; two"]
    lines += [f"processes are {gain:.2f} times as fast as one.", ""]
    RESULT.write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    share_cores()
    main()
