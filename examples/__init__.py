"""Implementations to be judged, one for each kind of target. `lstm-parity example NAME` copies one."""

from __future__ import annotations

import shutil
from pathlib import Path

EXAMPLES = {  # name: the file, and the command that judges a copy of it
    "layer": ("layer.py", "lstm-parity verify --impl layer:layer.py:lstm_forward"),
    "cell": ("cell.py", "lstm-parity verify --impl cell:cell.py:lstm_cell"),
    "module": ("module.py", "lstm-parity verify --impl module:module.py:MyLSTM"),
    "function": ("function.py", "lstm-parity verify --impl function:function.py:lstm"),
    "numpy": ("layer_numpy.py", "lstm-parity verify --impl layer:layer_numpy.py:lstm_forward --arrays numpy"),
    "c": (
        "c/lstm.c",
        "lstm-parity cases export cases --dtype float32 && cc -std=c99 -O2 -o lstm lstm.c -lm && ./lstm cases/* && "
        "lstm-parity judge cases",
    ),
}


def write_example(name: str, folder: Path) -> Path:
    """Copy an example into a folder; returns the file. Raises FileExistsError if there is one already."""
    source = Path(__file__).parent / EXAMPLES[name][0]
    target = folder / source.name
    if target.exists():
        raise FileExistsError(f"{target} is already there: move it away, or run this in another folder")
    shutil.copyfile(source, target)
    return target
