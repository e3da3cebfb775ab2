"""LSTMs of packages as they stand: what is found of each class, what is judged, and what `lstm-parity verify` says.

The packages are installed beside the project, without what they themselves ask for, and are named with their versions
in requirements/packages.txt: `pip install --no-deps --target DIR -r requirements/packages.txt`, then
`PYTHONPATH=DIR python -m experiments.packages`. Each is one command, `verify --impl class:MODULE:NAME`, with nothing
declared. Result: packages.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULT = Path(__file__).with_suffix(".md")
CLASSES = {  # by distribution
    "torch": (
        "torch.nn:LSTM",
        "torch.nn:LSTMCell",
        "torch.ao.nn.quantizable:LSTM",
        "torch.ao.nn.quantizable:LSTMCell",
    ),
    "opacus": ("opacus.layers.dp_rnn:DPLSTM", "opacus.layers.dp_rnn:DPLSTMCell"),
    "torchrl": ("torchrl.modules.tensordict_module.rnn:LSTM", "torchrl.modules.tensordict_module.rnn:LSTMCell"),
    "ncps": ("ncps.torch.lstm:LSTMCell",),
    "neuralhydrology": ("neuralhydrology.modelzoo.customlstm:_LSTMCell",),
    "pytorch-nlp": ("torchnlp.nn.weight_drop:WeightDropLSTM",),
    "brevitas": ("brevitas.nn:QuantLSTM",),
    "torchrecurrent": ("torchrecurrent:OriginalLSTM", "torchrecurrent:PeepholeLSTM"),
}


def judge(target: str) -> dict[str, Any]:
    """Verify one class; found: what is printed of it first; said: the last line, or the error."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "certificate.json")
        command = [sys.executable, "-m", "lstm_parity", "verify", "--impl", f"class:{target}", "--json", str(file)]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "400"})
        seconds = time.perf_counter() - start
        rows = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.exists() else []
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    named = next((line for line in lines if line.startswith(("behaves like", "Error:"))), "")
    ending = next((line for line in reversed(lines) if line.startswith(("PARITY", "NO PARITY", "NOT ENOUGH"))), "")
    counts = {
        name: sum(row["counts"].get(name, 0) for row in rows) for name in ("PARITY", "DEVIATES", "FAILED", "REFUSED")
    }
    return {"code": done.returncode, "said": " ".join([ending, named]).strip(), "counts": counts, "seconds": seconds}


def main() -> None:
    """Judge all that are installed, and write the table as it grows."""
    lines = ["# LSTMs of packages as they stand", "", "Made by `python -m experiments.packages`.", ""]
    lines += [
        "| package | class | agree | deviate | fail | refused | seconds | said |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for package, targets in CLASSES.items():
        for target in targets:
            found = judge(target)
            counts = " | ".join(map(str, found["counts"].values()))
            said = found["said"].replace("|", "/")[:400]
            name = f"{package} {version(package).partition('+')[0]}"
            lines.append(f"| {name} | {target} | {counts} | {found['seconds']:.0f} | {said} |")
            print(lines[-1], flush=True)
            RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
