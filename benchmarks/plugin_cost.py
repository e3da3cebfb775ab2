"""What an installed lstm-parity costs a pytest run of somebody else: seconds and memory of one empty test.

The same command with the plugin and with `-p no:lstm_parity.plugin`, which is what a machine without the package sees,
in turns. Run `python -m benchmarks.plugin_cost [ROUNDS]`. Result: plugin_cost.md.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RESULT = Path(__file__).with_suffix(".md")
WITHOUT = ("-p", "no:lstm_parity.plugin")


def run(folder: str, *options: str) -> tuple[float, float]:
    """Seconds, and MiB at most, of a run."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    """Measure in turns, and write the page."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_empty.py").write_text("def test_nothing():\n    pass\n")
        run(folder), run(folder, *WITHOUT)
        pairs = [(run(folder), run(folder, *WITHOUT)) for _ in range(rounds)]
    seconds = [statistics.median(one[0] for one in side) for side in zip(*pairs, strict=True)]
    memory = [statistics.median(one[1] for one in side) for side in zip(*pairs, strict=True)]
    lines = ["# What the plugin costs a run that asks nothing of it", ""]
    lines += [f"Made by `python -m benchmarks.plugin_cost {rounds}`, which says what it does: medians, in turns.", ""]
    lines += ["| | seconds | MiB |", "|---|---:|---:|"]
    lines += [
        f"| {name} | {s:.3f} | {m:.1f} |" for name, s, m in zip(("with", "without"), seconds, memory, strict=True)
    ]
    lines += [f"| ratio | {seconds[0] / seconds[1]:.3f} | {memory[0] / memory[1]:.3f} |", ""]
    RESULT.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
