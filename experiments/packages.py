"""LSTMs of packages as they stand: what is found of each class, what is judged, and what `lstm-parity verify` says.

The packages are installed beside the project, without what they themselves ask for, and are named with their versions
in requirements/packages.txt: `pip install --no-deps --target DIR -r requirements/packages.txt`, then
`PYTHONPATH=DIR python -m experiments.packages`. Each is one command, `verify --impl class:MODULE:NAME`, with nothing
declared. Packages that are named on the command line are judged alone, their lines replaced. haste_pytorch cannot be
installed without CUDA: its sdist is unpacked (`frameworks/pytorch` as `DIR/haste_pytorch`), an empty module stands in
the place of its extension, and its class computes in its own torch code. Result: packages.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
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
    "array-lstm": ("arrayLSTM.lstm:LSTM",),
    "labml-nn": ("labml_nn.lstm:LSTM", "labml_nn.lstm:LSTMCell"),
    "supar": ("supar.modules.lstm:VariationalLSTM",),
    "haste_pytorch": ("haste_pytorch:LSTM",),
    "keras": ("keras.layers:LSTM", "keras.layers:LSTMCell"),
    "torchrecurrent": ("torchrecurrent:OriginalLSTM", "torchrecurrent:PeepholeLSTM"),
}
HEAD = (
    "# LSTMs of packages as they stand",
    "",
    "Made by `python -m experiments.packages`.",
    "",
    "| package | class | agree | deviate | fail | refused | seconds | said |",
    "|---|---|---:|---:|---:|---:|---:|---|",
)


def judge(target: str) -> dict[str, Any]:
    """Verify one class; found: what is printed of it first; said: the last line, or the error."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "certificate.json")
        command = [sys.executable, "-m", "lstm_parity", "verify", "--impl", f"class:{target}", "--json", str(file)]
        start = time.perf_counter()
        Path(folder, "haste_pytorch_lib.py").touch()
        paths = os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])
        variables = {**os.environ, "COLUMNS": "400", "PYTHONPATH": paths, "KERAS_BACKEND": "torch"}
        done = subprocess.run(command, capture_output=True, text=True, env=variables)
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
    """Judge all that are installed, or those that are named, and write the table as it grows."""
    known = RESULT.read_text(encoding="utf-8").splitlines() if RESULT.exists() else []
    kept = [line for line in known if line.startswith("| ") and line.split("|")[2].strip() not in _list_asked()]
    rows = kept[1:] if sys.argv[1:] else []
    for package in sys.argv[1:] or CLASSES:
        for target in CLASSES[package]:
            found = judge(target)
            counts = " | ".join(map(str, found["counts"].values()))
            said = found["said"].replace("|", "/")[:400]
            rows.append(f"| {_find_name(package)} | {target} | {counts} | {found['seconds']:.0f} | {said} |")
            print(rows[-1], flush=True)
            RESULT.write_text("\n".join([*HEAD, *rows]) + "\n", encoding="utf-8")


def _list_asked() -> set[str]:
    return {target for package in sys.argv[1:] for target in CLASSES[package]}


def _find_name(package: str) -> str:
    """Return a package's name with its version, as far as that is known."""
    try:
        return f"{package} {version(package).partition('+')[0]}"
    except PackageNotFoundError:  # unpacked, not installed
        return package


if __name__ == "__main__":
    main()
