"""What the sweep finds in other LSTMs: cells, frameworks, ways in which torch runs nn.LSTM, every size to 256.

`make frameworks-installed FRAMEWORKS="paddle onnxruntime keras"`, then
`.venv-frameworks/bin/python -m experiments.other_sweeps [NAME ...]`. Result: other_sweeps.md, from other_sweeps.jsonl,
which has a line for each sweep; a sweep that has its line is not made again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

RESULT = Path(__file__).with_suffix(".md")
LINES = Path(__file__).with_suffix(".jsonl")
_USUAL = "dtype in ('float64', 'float32')"
_QUICK = ("--profile", "quick")
_RIGHT = (  # LSTMs that are right in a manner of their own
    *("WithoutProjection", "SortedOnly", "FewCombinations", "Unhurried", "OtherOrderWhenWide"),
    *("AlternatingOrders", "HalvesOfTheBatch", "BlocksOfTime", "DoubleInside", "RowByRow"),
)
SWEEPS: dict[str, tuple[str, ...]] = {
    "nn.LSTM, forward lattice": (),
    "nn.LSTM, gradients": ("--profile", "full", "--where", "question = 'gradients'"),
    "nn.LSTM, sizes to 256": ("--sizes", "1:256"),
    "nn.LSTMCell": (*_QUICK, "--impl", "class:torch.nn:LSTMCell"),
    "quantizable.LSTM": (*_QUICK, "--impl", "mode:quantizable.LSTM, constructed"),
    "ONNX Runtime": (*_QUICK, "--impl", "framework:onnxruntime", "--where", _USUAL),
    "Paddle": (*_QUICK, "--impl", "framework:paddle", "--where", _USUAL),
    "Keras on torch": (*_QUICK, "--impl", "framework:keras-torch-lstm", "--where", _USUAL),
} | {f"right: {name}": (*_QUICK, "--impl", f"module:specimens/rare_right.py:{name}") for name in _RIGHT}
_FIELDS = ("error", "counts", "left", "reasons", "corners", "wrong", "worst", "biases")
_MOST = 3  # wrong cells that are shown of a sweep


def run_sweep(name: str, options: Sequence[str]) -> dict[str, Any]:
    """Run a sweep by the command; return its report, the seconds, and what a refused command printed."""
    with tempfile.TemporaryDirectory() as folder:
        store, result = Path(folder, "a.sweep"), Path(folder, "a.json")
        command = [sys.executable, "-m", "lstm_parity", "sweep", "--store", str(store), "--json", str(result), *options]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        seconds = time.perf_counter() - start
        report = json.loads(result.read_text()) if result.exists() else {"error": done.stderr[-300:]}
    command = ["lstm-parity sweep", *map(_quote, options)]
    kept = {field: report[field] for field in _FIELDS if field in report}
    return {"name": name, "command": " ".join(command), "torch": torch.__version__, "seconds": seconds} | kept


def _quote(word: str) -> str:
    return f'"{word}"' if " " in word else word


def write_page(found: Sequence[dict[str, Any]]) -> str:
    """Write the page."""
    lines = ["# Sweeps of other LSTMs", "", "Made by `python -m experiments.other_sweeps`.", ""]
    lines += ["| LSTM | cells | parity | wrong | refused or not judged | worst noise | seconds |"]
    lines += ["|---|---:|---:|---:|---:|---:|---:|"]
    details = list[str]()
    for one in found:
        if "error" in one:
            lines.append(f"| {one['name']} | {one['error']} | | | | | {one['seconds']:.0f} |")
            continue
        counts = one["counts"]
        wrong = sum(counts.get(outcome, 0) for outcome in ("DEVIATES", "FAILED"))
        other = sum(counts.values()) - wrong - counts.get("PARITY", 0)
        worst = one["worst"]["worst"] if one["worst"] else 0.0
        worst = f"{worst:.2f}" if isinstance(worst, float) else worst
        row = [one["name"], f"{sum(counts.values()):,}", f"{counts.get('PARITY', 0):,}", f"{wrong:,}", f"{other:,}"]
        lines.append(f"| {' | '.join(row)} | {worst} | {one['seconds']:.0f} |")
        details += ["", f"## {one['name']}", "", f"`{one['command']}`, torch {one['torch']}", ""]
        details += [f"* {n:,} cells: {reason}" for reason, n in one["reasons"].items()]
        for corner in one["corners"]:
            where = " and ".join(corner["conditions"])
            details.append(f"* wrong where {where}: {corner['wrong']:,} of {corner['cells']:,} cells")
        details += [f"* {cell['outcome']} `{cell['id']}`: {cell['detail']}" for cell in one["wrong"][:_MOST]]
        for bias in one["biases"]:
            mean = f"{bias['mean']['value']:+.3f} ± {1.96 * bias['mean']['error']:.3f} noises"
            details.append(f"* biased: {bias['kind']} of {bias['tensor']} where {bias['words']}, {mean}")
    return "\n".join([*lines, *details, ""])


def main() -> None:
    """Make the sweeps that are named, or all, and write the page."""
    lines = LINES.read_text().splitlines() if LINES.exists() else []
    found = {line["name"]: line for line in map(json.loads, lines)}
    for name in sys.argv[1:] or SWEEPS:
        if name not in found:
            print(name, flush=True)
            found[name] = run_sweep(name, SWEEPS[name])
            kept = [found[one] for one in SWEEPS if one in found]
            LINES.write_text("".join(json.dumps(one) + "\n" for one in kept))
            RESULT.write_text(write_page(kept))


if __name__ == "__main__":
    main()
