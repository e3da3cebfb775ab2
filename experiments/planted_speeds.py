"""What `compare` says of speeds that were changed, on this machine: planted, in two releases of torch, and not at all.

Every row is two torches measured in turns, as `lstm-parity upgrade` does it, six rounds of each, and three times anew.
The first rows are one torch whose layers, matrix products or both are run twice (planted_torch/slowed), and the same
without. "busy" is with another process that multiplies matrices on every core. Calls are those of measure/speeds.py,
`no_grad` alone where the change is planted, for the planted layer is not run twice backward.

Run `python -m experiments.planted_speeds [PYTHON_OLD PYTHON_NEW]`: half an hour; with two interpreters, whose torches
are 1.13.1 and 2.0.1, a row for those. Result: planted_speeds.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lstm_parity.audits.upgrade.compare.finding import Kind
from lstm_parity.audits.upgrade.compare.speeds import compare_speeds
from lstm_parity.audits.upgrade.measure.conditions import record_conditions
from lstm_parity.audits.upgrade.record import ITSELF, PRODUCT, Record, Speeds
from lstm_parity.audits.upgrade.turns import measure_in_turns

HERE = Path(__file__).parent
THIS, SLOWED = Path(sys.executable), str(HERE / "planted_torch" / "slowed")
TIMES = 3
ROWS = {  # what runs twice before and after, whether the machine is busy, and the right answer
    "nothing": ("", "", False, ""),
    "nothing, busy": ("", "", True, ""),
    "layer slower": ("", "layer", False, "slower"),
    "layer slower, busy": ("", "layer", True, "slower"),
    "layer and product slower": ("", "layer product", False, "slower"),
    "product slower": ("", "product", False, ""),
    "layer and product faster": ("layer product", "", False, "faster"),
}
BUSY = "import numpy as np\na = np.ones((900, 900))\nwhile True:\n    a @ a"


@contextmanager
def other_work(busy: bool) -> Iterator[None]:
    """Multiply matrices on every core meanwhile, if wanted."""
    workers = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(busy * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for worker in workers:
            worker.kill()


def named(planted: str) -> dict[str, str]:
    """The variables that plant a change."""
    return {"PYTHONPATH": SLOWED, "PLANTED_SLOWNESS": planted}


def without_plain(speeds: Speeds) -> Speeds:
    """Speeds as the first records had them."""
    return {PRODUCT: speeds[PRODUCT]}


def count(old: Speeds, new: Speeds, words: str) -> str:
    """How many of the calls are slower and faster."""
    conditions = record_conditions()
    found = compare_speeds(Record(conditions, speeds=old), Record(conditions, speeds=new))
    kinds = Counter(one.kind for one in found if words in one.where)
    calls = sum(words in call for call in new[PRODUCT] if call != ITSELF)
    parts = [f"{kinds[kind]} {kind.value}" for kind in (Kind.SLOWER, Kind.FASTER) if kinds[kind]]
    return f"{', '.join(parts) or 'none'} of {calls}"


def row(name: str, right: str, measured: list[tuple[Speeds, Speeds]], words: str) -> str:
    """A row of the table: with the two plain units, and as it was before."""
    now = "; ".join(count(*pair, words) for pair in measured)
    without = [(without_plain(one), without_plain(other)) for one, other in measured]
    old = "; ".join(count(*pair, words) for pair in without)
    return f"| {name} | {right or 'none'} | {now} | {old} |"


def rows(pythons: list[Path]) -> Iterator[str]:
    """All rows, measured one after the other."""
    for name, (was, now, busy, right) in ROWS.items():
        with other_work(busy):
            pairs = [measure_in_turns(THIS, THIS, environments=(named(was), named(now))) for _ in range(TIMES)]
        yield row(name, right, pairs, "no_grad")
    if pythons:
        before, after = pythons
        pairs = [measure_in_turns(before, after) for _ in range(TIMES)]
        yield row("torch 1.13.1 to 2.0.1", "faster", pairs, "")
        yield row("torch 2.0.1 to 1.13.1", "slower", [(new, old) for old, new in pairs], "")


def main(pythons: list[Path]) -> None:
    """Measure all rows, and write the page."""
    about = record_conditions()
    lines = ["# Planted changes of speed", "", (__doc__ or "").strip(), ""]
    lines += [f"torch {about['torch']}, NumPy {about['numpy']}, Python {about['python']}, {about['processor']} "]
    lines[-1] += f"({about['model']}, {about['capability']}); load average {os.getloadavg()[0]:.1f} at the start."
    lines += ["", "| planted | right | found, three times | in products and seconds alone |", "|---|---|---|---|"]
    for line in rows(pythons):
        print(line, flush=True)
        lines.append(line)
    (HERE / "planted_speeds.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main([Path(given) for given in sys.argv[1:]])
