"""What judging costs: cases per second beside nn.LSTM and the tests of others, and a large layer beside running it.

Run `python -m benchmarks.judging_speed` on a quiet machine. Result: judging_speed.md.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import torch
from torch import nn

from benchmarks.other_tests import CASES, Work, available
from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.covering import cover_pairs, setting_at
from lstm_parity.cases.setting import DTYPES, Architecture, Call, Setting
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import judge_all
from lstm_parity.reference.noise import known_steps
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.calls import call_arguments, runtime_flags, weight_tensors
from lstm_parity.running.observe import observe_all

OTHERS = ["(other_tests.py says what; their cases are as small):"]
SMALL = Setting(Architecture(5, 7), Call(4, 3))


def seconds(work: Callable[[], object]) -> float:
    """The processor time of a piece of work: on a busy machine, wall time includes the work of others."""
    start = time.process_time()
    work()
    return time.process_time() - start


def judged_cases() -> None:
    """Drawn, run and judged."""
    judge_all(observe_all(TorchLSTM(), [draw_case(SMALL, "normal", seed) for seed in range(CASES)]))


def modules_alone() -> None:
    """nn.LSTM constructed and called, nothing else."""
    with torch.no_grad():
        for _ in range(CASES):
            nn.LSTM(5, 7)(torch.randn(4, 3, 5))


def draw_mix() -> list[Case]:
    """One case of every point of the covering design, in every dtype, on one thread."""
    points = [point for dtype in DTYPES for point in cover_pairs(dtype=dtype, threads=1)]
    return [draw_case(setting_at(point), point["profile"], 0) for point in points]


def mixed_work() -> dict[str, Work]:
    """What is done with the cases of the mix, from nothing but the calls to everything; each returns how many."""
    cases, implementation = draw_mix(), TorchLSTM()
    observations = observe_all(implementation, cases)
    modules = [(c, implementation.load(c.setting, weight_tensors(c)), call_arguments(*_parts(c))) for c in cases]

    def call() -> int:
        for case, module, arguments in modules:
            with runtime_flags(case.setting.runtime):
                module(*arguments)
        return len(cases)

    def load_and_call() -> int:
        for case in cases:
            with runtime_flags(case.setting.runtime):
                implementation.load(case.setting, weight_tensors(case))(*call_arguments(*_parts(case)))
        return len(cases)

    return {
        "nn.LSTM called, nothing else": call,
        "nn.LSTM made, filled and called": load_and_call,
        "run as it is judged, the steps of stacks too": lambda: len(observe_all(implementation, cases)),
        "judged alone": lambda: len(judge_all(observations)),
        "drawn, run and judged": lambda: len(judge_all(observe_all(implementation, draw_mix()))),
    }


def _parts(case: Case) -> tuple[Setting, Array, Array, Array]:
    return case.setting, case.input, case.h_0, case.c_0


def small_work() -> dict[str, Work]:
    """What is done with small cases, and the tests of others."""

    def judged() -> int:
        judged_cases()
        return CASES

    def alone() -> int:
        modules_alone()
        return CASES

    return {"nn.LSTM made and called": alone, "drawn, run and judged": judged, **available()}


def table(works: dict[str, Work], rounds: int = 5) -> list[str]:
    """Cases per second of a core of each, in turns, beside those of the first: medians, of the ratios too."""
    rates: dict[str, list[float]] = {name: [] for name in works}
    for k in range(rounds + 1):
        for name, work in works.items():
            start = time.process_time()
            cases = work()
            rates[name] += [cases / (time.process_time() - start)] * (k > 0)
    (first, *_), lines = rates.values(), ["| | cases a second of a core | of the first |", "|---|---:|---:|"]
    for name, found in rates.items():
        part = statistics.median(one / limit for one, limit in zip(found, first, strict=True))
        lines.append(f"| {name} | {statistics.median(found):,.0f} | {part:.3f} |")
    return lines


def large(batch: int) -> tuple[float, ...]:
    """Seconds of nn.LSTM in float32 at H = I = 512, T = 128, of judging it, and of judging by rules alone, in turns."""
    case = draw_case(Setting(Architecture(512, 512), Call(128, batch)), "normal", 0)
    observation = observe_all(TorchLSTM(), [case])
    module, x = nn.LSTM(512, 512), torch.randn(128, batch, 512)
    turns = []
    with torch.no_grad():
        for _ in range(9):
            run, judged = seconds(lambda: module(x)), seconds(lambda: judge_all(observation))
            with patch.object(known_steps, "SMALLEST", 2**62):
                turns.append((run, judged, seconds(lambda: judge_all(observation))))
    return tuple(statistics.median(times) for times in zip(*turns[1:], strict=True))


def large_alone(batch: int) -> tuple[float, ...]:
    """The same in a child process where torch and NumPy have one thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    script = f"from benchmarks.judging_speed import large; print(*large({batch}))"
    command = [sys.executable, "-c", script]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    return tuple(map(float, printed))


def main() -> None:
    """Measure everything and write the table."""
    torch.set_num_threads(1)
    lines = ["# Speed of judging", "", "Made by `python -m benchmarks.judging_speed`, everything in turns in one run."]
    lines += [f"torch {torch.__version__}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.", ""]
    lines += ["The covering design of every dtype, one thread, forward:", "", *table(mixed_work()), ""]
    lines += ["Small cases (float32, I=5, H=7, T=4, B=3), one thread, and what others test LSTMs by", *OTHERS, ""]
    lines += table(small_work())
    lines += [
        "",
        "A large layer (float32, I=H=512, T=128, one thread), output, h_n and c_n judged step by step; *rules* is",
    ]
    lines += ["without `reference/noise/known_steps.py`. Medians of processor time, in turns:", ""]
    lines += ["| B | nn.LSTM, ms | judging, ms | ratio | rules, ms | ratio |", "|---:|---:|---:|---:|---:|---:|"]
    for batch in (1, 8, 32):
        run, judging, rules = large_alone(batch)
        times = f"{1e3 * run:.1f} | {1e3 * judging:.1f} | {judging / run:.1f} | {1e3 * rules:.1f} | {rules / run:.1f}"
        lines.append(f"| {batch} | {times} |")
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
