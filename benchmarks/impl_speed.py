"""What `--impl` costs: isolation against the same cases in process, and the time until a mistake is named.

Isolation: the cases of the widest property test, observed and judged in one process and through a child process, one
case here, the same there, in turns, so that the machine's other work falls on both; and whole runs of `pytest --impl`
beside `--lstm-in-process`, of those tests that both ask. Verdict: the command `pytest --impl mistake:NAME`, imports
included, until it says what deviates, and until the diagnosis is told too, for every so-many-th of the known mistakes;
beside it, in the same run, what it takes to import torch and hypothesis.
Run `python -m benchmarks.impl_speed [STEP]`. Result: impl_speed.md.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

from lstm_parity.cases.case import Case
from lstm_parity.catalogue.mistakes import MISTAKES
from lstm_parity.implementations.load import load_target
from lstm_parity.implementations.remote.client import RemoteImplementation
from lstm_parity.implementations.target import parse_target
from lstm_parity.judging.forward import judge
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation
from lstm_parity.running.threads import share_cores
from specimens.property_runs import examples_of, widest

ROOT = Path(__file__).parents[1]
TARGETS = ("module:torch.nn:LSTM", "layer:examples/layer.py:lstm_forward")
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # with it, all is compiled anew
BOTH = "not second_derivatives and not replac and not frozen"
IMPORTS = "import torch, numpy, hypothesis, pytest"


def spent(implementation: Implementation, case: Case) -> float:
    """Seconds for one case, observed and judged."""
    start = time.perf_counter()
    judge(observe(implementation, case))
    return time.perf_counter() - start


def isolation(text: str) -> tuple[float, float]:
    """Seconds for all cases here and there."""
    cases, target = examples_of(widest()), parse_target(text)
    with RemoteImplementation(target) as elsewhere:
        local = load_target(target)
        for one in (local, elsewhere):
            spent(one, cases[0])
        both = [(spent(local, case), spent(elsewhere, case)) for case in cases]
    here, there = zip(*both, strict=True)
    return sum(here), sum(there)


def command(*words: str) -> float:
    """Seconds that a command of this Python takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, env=ENVIRONMENT)
    return time.perf_counter() - start


def told(name: str) -> tuple[float, float]:
    """Seconds until a run of pytest says that a mistake deviates, and until it is over."""
    start, verdict = time.perf_counter(), None
    words = [sys.executable, "-m", "pytest", "--impl", f"mistake:{name}"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as run:
        for line in run.stdout or ():
            if verdict is None and line.endswith("looking for what explains it\n"):
                verdict = time.perf_counter() - start
    over = time.perf_counter() - start
    return over if verdict is None else verdict, over


def verdicts(step: int) -> list[tuple[str, float, float, float]]:
    """For some mistakes: name, seconds until the verdict and the end of the run, seconds for the imports alone.

    Of two runs the faster.
    """
    return [
        (known.name, *min(told(known.name) for _ in range(2)), min(command("-c", IMPORTS) for _ in range(2)))
        for known in MISTAKES[::step]
    ]


def runs(text: str) -> tuple[float, float]:
    """Seconds for a whole run here and there, in turns, the medians of three: the machine's speed changes meanwhile."""
    words = ("-m", "pytest", "--impl", text, "-k", BOTH)
    both = [(command(*words, "--lstm-in-process"), command(*words)) for _ in range(3)]
    here, there = zip(*both, strict=True)
    return statistics.median(here), statistics.median(there)


def costs() -> list[str]:
    """The rows on isolation."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:  # one that sees what share_cores says
        found = [(f"cases, {text}", *times) for text, times in zip(TARGETS, pool.map(isolation, TARGETS), strict=True)]
    found += [(f"whole run, {text}", *runs(text)) for text in TARGETS]
    return [f"| {what} | {here:.2f} s | {there:.2f} s | {there / here:.2f} |" for what, here, there in found]


def table(step: int) -> str:
    """The whole result."""
    lines = [
        "# What --impl costs",
        "",
        "Made by `python -m benchmarks.impl_speed`; what it does stands at its top.",
        "",
    ]
    lines += ["| what | in process | in a process of its own | ratio |", "|---|---:|---:|---:|", *costs()]
    timed = verdicts(step)
    firsts, totals, imports = zip(*(row[1:] for row in timed), strict=True)
    slowest = max(timed, key=lambda row: row[1])
    lines += [
        "",
        f"From `pytest --impl` to the verdict on {len(timed)} mistakes: median {statistics.median(firsts):.1f} s, "
        f"largest {slowest[1]:.1f} s ({slowest[0]}); to the end of the run, diagnosis included: median "
        f"{statistics.median(totals):.1f} s; importing torch, hypothesis and pytest alone, between them: median "
        f"{statistics.median(imports):.1f} s.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    warnings.simplefilter("ignore")
    share_cores()
    result = table(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    print(result)
    Path(__file__).with_suffix(".md").write_text(result)


if __name__ == "__main__":
    main()
