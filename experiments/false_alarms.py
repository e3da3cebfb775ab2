"""How far correct implementations stray, in units of noise: the limits are fixed on one half, and counted on the other.

A cell of the experiment is an implementation, a dtype, a kernel and a value profile. Every second cell, chessboard
fashion, belongs to the half that fixes the limits; the cells of the other half have other seeds too. Each cell runs on
random settings of three sizes: small, wide (H >= 256) and long (T >= 500). The limits are `MARGIN` times the largest
distance of the first half.

Run `python -m experiments.false_alarms [SCALE]`: it writes as it goes (false_alarms.jsonl in --work) and resumes.
Result: false_alarms.md, false_alarms.json, false_alarms.png.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.resumed import ask_all, read_answers

HERE = Path(__file__).parent
MARGIN = 1.5
QUOTAS = {"small": 656, "wide": 16, "long": 16}  # cases of each size in each cell
TOGETHER = {"small": 41, "wide": 8, "long": 8}  # cases that share a setting
EDGES = np.linspace(0.0, 4.0, 161)


@dataclass(frozen=True)
class Cell:
    """One field of the chessboard, and the size that is run on it."""

    implementation: str
    dtype: str
    kernel: str
    profile: str
    size: str
    half: str

    @property
    def key(self) -> str:
        """A name for it."""
        return "/".join((self.half, self.implementation, self.dtype, self.kernel, self.profile, self.size))


def implementations() -> dict[str, Any]:
    """Everything that is known to be correct in its dtype's own arithmetic."""
    from lstm_parity.implementations.references import NumpyReference, TorchReference
    from lstm_parity.implementations.stack import FromCell
    from lstm_parity.implementations.torch_modules import TorchLSTM, TorchLSTMCell
    from lstm_parity.running.protocol import Implementation
    from specimens import correct_cells as lstms

    plain: list[Implementation] = [TorchLSTM(), TorchLSTMCell(), TorchReference(), NumpyReference()]
    cells: dict[str, Any] = {
        "per gate": lstms.per_gate,
        "fused": lstms.fused,
        "column sums": lstms.Written(matmul=lstms.column_sums),
        "column sums backwards": lstms.Written(matmul=lstms.column_sums_backwards),
    }
    return {i.name: i for i in plain} | {name: FromCell(name, cell) for name, cell in cells.items()}


def cells() -> Iterator[Cell]:
    """The chessboard."""
    from lstm_parity.cases.profiles import PROFILES
    from lstm_parity.cases.setting import DTYPES

    for a, name in enumerate(implementations()):
        for b, dtype in enumerate(DTYPES):
            if (name == "reference in NumPy" or "column" in name) and dtype in ("bfloat16", "float16"):
                continue  # NumPy has no such types; a sum in them, column by column, is no correct arithmetic
            for c, kernel in enumerate(("oneDNN", "native") if name == "torch.nn.LSTM" else ("native",)):
                for d, profile in enumerate(PROFILES):
                    half = ("fixing", "counting")[(a + b + c + d) % 2]
                    for size in QUOTAS:
                        yield Cell(name, dtype, kernel, profile, size, half)


def setting(cell: Cell, rng: np.random.Generator) -> Any:
    """A random setting of the cell's size."""
    from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting

    small, wide = cell.size == "small", cell.size == "wide"
    hidden = int(rng.integers(256, 513)) if wide else int(rng.integers(1, 17 if small else 7))
    projects = hidden > 1 and cell.implementation != "torch.nn.LSTMCell" and rng.random() < 0.3
    architecture = Architecture(
        int(rng.integers(1, 65 if wide else 13)),
        hidden,
        int(rng.integers(1, 4)) if small else int(rng.integers(1, 3)),
        bool(rng.random() < 0.8),
        bool(rng.random() < 0.3),
        bool(rng.random() < 0.4),
        int(rng.integers(1, hidden)) if projects else 0,
    )
    time = int(rng.integers(500, 701)) if cell.size == "long" else int(rng.integers(1, 4 if wide else 9))
    batch = None if rng.random() < 0.1 else int(rng.integers(1, 7 if small else 3))
    lengths = None
    if batch is not None and rng.random() < 0.35:
        drawn = rng.integers(1, time + 1, batch)
        drawn[rng.integers(batch)] = time
        lengths = tuple(int(length) for length in drawn)
    call = Call(time, batch, lengths, False, bool(rng.random() < 0.75))
    grad_mode = ("no_grad", "grad", "inference")[int(rng.integers(3))]
    return Setting(architecture, call, Runtime(cell.dtype, "cpu", grad_mode, cell.kernel == "oneDNN"))


def run(job: tuple[Cell, float]) -> dict[str, Any]:
    """One cell: how many cases, and the distances, per case: worst and, where elements differ, root mean square."""
    import torch

    torch.set_num_threads(1)
    from lstm_parity.cases.case import draw_case
    from lstm_parity.judging.forward import judge_all
    from lstm_parity.running.observe import observe_all

    cell, scale = job
    implementation = implementations()[cell.implementation]
    seed = zlib.crc32(cell.key.encode())
    rng = np.random.default_rng(seed)
    together, quota = TOGETHER[cell.size], max(1, int(QUOTAS[cell.size] * scale))
    outcomes: Counter[str] = Counter()
    found: list[tuple[float, float, str]] = []
    while sum(outcomes.values()) < quota:
        point = setting(cell, rng)
        chain = True if cell.size == "small" and rng.random() < 0.2 else (False if cell.size == "long" else None)
        start = seed + 1000 * sum(outcomes.values())
        drawn = [draw_case(point, cell.profile, start + k) for k in range(together)]
        for verdict in judge_all(observe_all(implementation, drawn, chain=chain)):
            known = verdict.outcome.value in ("PARITY", "DEVIATES") and not verdict.faults
            outcomes["judged" if known else verdict.outcome.value] += 1
            rms = max((m.rms for m in verdict.measured if m.rms_is_meaningful), default=0.0)
            found.append((verdict.worst, rms, verdict.case.id))
            if verdict.faults or verdict.outcome.value == "FAILED":
                raise AssertionError(f"{verdict.case.id}: {verdict.faults} {verdict.reason}")
    return {**vars(cell), "outcomes": outcomes, **summary(found)}


def summary(found: list[tuple[float, float, str]]) -> dict[str, Any]:
    """The largest distances with their cases, and how the distances are distributed."""
    worst, rms = max(found), max(found, key=lambda entry: entry[1])
    return {
        "worst": worst[0],
        "worst_case": worst[2],
        "rms": rms[1],
        "rms_case": rms[2],
        "worst_counts": np.histogram([w for w, _, _ in found], EDGES)[0].tolist(),
        "rms_counts": np.histogram([r for _, r, _ in found if r > 0.0], EDGES)[0].tolist(),
    }


def main() -> None:
    """Run what has not been run, then write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scale", nargs="?", type=float, default=1.0)
    parser.add_argument("--work", type=Path, default=Path("/tmp/false_alarms.jsonl"))
    arguments = parser.parse_args()
    done = read_answers(arguments.work)
    keys = {Cell(**{name: row[name] for name in Cell.__annotations__}).key for row in done}
    jobs = [(cell, arguments.scale) for cell in cells() if cell.key not in keys]
    for k, row in enumerate(ask_all(run, jobs, arguments.work)):
        done.append(row)
        if k % 50 == 0:
            print(f"{k} of {len(jobs)} cells", flush=True)
    report(done)


def report(rows: list[dict[str, Any]]) -> None:
    """The limits from one half, the count on the other, the quotas, and the distribution as a plot."""
    halves = {half: [row for row in rows if row["half"] == half] for half in ("fixing", "counting")}
    largest = {half: (max(r["worst"] for r in part), max(r["rms"] for r in part)) for half, part in halves.items()}
    limits = tuple(round(MARGIN * value, 2) for value in largest["fixing"])
    counting = halves["counting"]
    beyond = [row for row in counting if row["worst"] > limits[0] or row["rms"] > limits[1]]
    lines = [
        "# False alarms",
        "",
        "Made by `python -m experiments.false_alarms`; what it does stands at the top of that file.",
        "",
        f"Limits from the first half ({judged(halves['fixing']):,} judged cases, "
        f"largest worst {largest['fixing'][0]:.2f}, "
        f"largest RMS {largest['fixing'][1]:.2f}, times {MARGIN}): **worst {limits[0]}, RMS {limits[1]}**.",
        "",
        f"Second half: **{judged(counting):,} judged cases, {len(beyond)} cells beyond the limits**; largest worst "
        f"{largest['counting'][0]:.2f}, largest RMS {largest['counting'][1]:.2f}.",
        "",
        "![distribution](false_alarms.png)",
        "",
        "The second half, by axis (RMS: only tensors that are not mostly copies of one number; not judged: a partial",
        "sum may overflow, or the noise of hidden layers grows beyond meaning):",
        "",
        *by_axis(counting),
    ]
    (HERE / "false_alarms.md").write_text("\n".join(lines) + "\n")
    numbers = {"limits": limits, "largest": largest, "judged": {half: judged(part) for half, part in halves.items()}}
    (HERE / "false_alarms.json").write_text(json.dumps(numbers, indent=1) + "\n")
    plot(halves, limits)
    print("\n".join(lines))


def by_axis(rows: list[dict[str, Any]]) -> list[str]:
    """A table of what was judged, and how far it strayed, at each value of each axis."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        for axis in ("implementation", "dtype", "kernel", "profile", "size"):
            groups[axis, row[axis]].append(row)
    lines = ["| axis | value | judged | not judged | worst | RMS |", "|---|---|---:|---:|---:|---:|"]
    for (axis, value), part in sorted(groups.items()):
        other = sum(sum(row["outcomes"].values()) for row in part) - judged(part)
        worst, rms = max(row["worst"] for row in part), max(row["rms"] for row in part)
        lines.append(f"| {axis} | {value} | {judged(part):,} | {other:,} | {worst:.2f} | {rms:.2f} |")
    return lines


def judged(rows: list[dict[str, Any]]) -> int:
    """How many cases were judged."""
    return sum(row["outcomes"].get("judged", 0) for row in rows)


def plot(halves: dict[str, list[dict[str, Any]]], limits: tuple[float, ...]) -> None:
    """Histograms of both numbers, per case, on a logarithmic scale."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 3.5), layout="constrained")
    for axis, name, limit in zip(axes, ("worst", "rms"), limits, strict=True):
        for half, part in halves.items():
            counts = np.sum([row[f"{name}_counts"] for row in part], axis=0)
            axis.stairs(counts, EDGES, label=f"{half} half", fill=half == "counting", alpha=0.6)
        axis.axvline(limit, color="black", linestyle="--", label=f"limit {limit}")
        axis.set(yscale="log", xlim=(0, 1.15 * limit), xlabel=f"{name} of a case, in rounding noises", ylabel="cases")
        axis.legend()
    figure.savefig(HERE / "false_alarms.png", dpi=110)


if __name__ == "__main__":
    main()
