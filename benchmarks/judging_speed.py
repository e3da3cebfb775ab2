"""What judging costs: small cases per second, and the cost of judging a large layer beside running it.

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

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lstm_parity.cases.case import draw_case
from lstm_parity.cases.setting import Architecture, Call, Setting
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import judge_all
from lstm_parity.running.observe import observe_all

SMALL = Setting(Architecture(5, 7), Call(4, 3))
CASES = 200


def seconds(work: Callable[[], object], repeats: int) -> float:
    """The median time of a piece of work."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def judged_cases() -> None:
    """Drawn, run and judged."""
    judge_all(observe_all(TorchLSTM(), [draw_case(SMALL, "normal", seed) for seed in range(CASES)]))


def modules_alone() -> None:
    """nn.LSTM constructed and called, nothing else."""
    with torch.no_grad():
        for _ in range(CASES):
            nn.LSTM(5, 7)(torch.randn(4, 3, 5))


@settings(max_examples=CASES, deadline=None, database=None)
@given(seed=st.integers(0, 2**32), time=st.integers(1, 6), batch=st.integers(1, 5), hidden=st.integers(1, 9))
def hypothesis_with_assert_close(seed: int, time: int, batch: int, hidden: int) -> None:
    """A typical property test: nn.LSTM against a loop over nn.LSTMCell, by torch.testing.assert_close."""
    torch.manual_seed(seed)
    lstm, cell = nn.LSTM(5, hidden), nn.LSTMCell(5, hidden)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in lstm.state_dict().items()})
    x = torch.randn(time, batch, 5)
    with torch.no_grad():
        output, _ = lstm(x)
        state, outputs = (torch.zeros(batch, hidden), torch.zeros(batch, hidden)), []
        for t in range(time):
            state = cell(x[t], state)
            outputs.append(state[0])
        torch.testing.assert_close(torch.stack(outputs), output)


def large(batch: int) -> tuple[float, float]:
    """Seconds of nn.LSTM in float32 at H = I = 512, T = 128, and of judging its run, in turns."""
    case = draw_case(Setting(Architecture(512, 512), Call(128, batch)), "normal", 0)
    observation = observe_all(TorchLSTM(), [case])
    module, x = nn.LSTM(512, 512), torch.randn(128, batch, 512)
    runs, judgings = [], []
    with torch.no_grad():
        for _ in range(7):
            runs.append(seconds(lambda: module(x), 3))
            judgings.append(seconds(lambda: judge_all(observation), 1))
    return statistics.median(runs), statistics.median(judgings)


def large_with(batch: int, threads: int) -> tuple[float, float]:
    """The same in a child process where torch and NumPy have so many threads."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    script = f"from benchmarks.judging_speed import large; print(*large({batch}))"
    command = [sys.executable, "-c", script]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    return float(printed[0]), float(printed[1])


def main() -> None:
    """Measure everything and write the table."""
    torch.set_num_threads(1)
    work = (judged_cases, modules_alone, hypothesis_with_assert_close)
    for function in work:
        function()
    rates = {function.__name__: CASES / seconds(function, 5) for function in work}
    lines = ["# Speed of judging", "", "Made by `python -m benchmarks.judging_speed`."]
    lines += [f"torch {torch.__version__}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.", ""]
    lines += ["Small cases (float32, I=5, H=7, T=4, B=3), one thread:", "", "| | per second |", "|---|---:|"]
    lines += [f"| {name.replace('_', ' ')} | {rate:,.0f} |" for name, rate in rates.items()]
    lines += ["", "A large layer (float32, I=H=512, T=128), output, h_n and c_n judged step by step:", ""]
    lines += ["| B | threads | nn.LSTM, ms | judging, ms | ratio |", "|---:|---:|---:|---:|---:|"]
    for batch in (1, 8, 32):
        for threads in (1, 2):
            run, judging = large_with(batch, threads)
            lines.append(f"| {batch} | {threads} | {1e3 * run:.1f} | {1e3 * judging:.1f} | {judging / run:.1f} |")
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
