"""Ways to write the right case of a small LSTM into a folder, but for one thing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from specimens.hostile_files.encoding import Array, npy

Write = Callable[[Path], object]
FORMAT = {"format": "lstm-parity folder, format 1"}


def small_case() -> dict[str, Array]:
    """Compute a right case: I 3, H 4, T 5, B 2."""
    torch.manual_seed(0)
    module, x = torch.nn.LSTM(3, 4), torch.randn(5, 2, 3)
    with torch.no_grad():
        output, (h_n, c_n) = module(x)
    tensors = {**module.state_dict(), "input": x, "output": output, "h_n": h_n, "c_n": c_n}
    return {name: tensor.numpy() for name, tensor in tensors.items()}


def put(folder: Path, without: str = "-", other: dict[str, Array] | None = None) -> None:
    """Write the right case as .npy files, but for names that begin with `without` and with other arrays."""
    for name, value in (small_case() | (other or {})).items():
        if not name.startswith(without):
            np.save(folder / f"{name}.npy", value)


def setting(**fields: Any) -> Write:
    """Write the right case with fields of setting.json."""
    return setting_text(json.dumps(FORMAT | fields))


def setting_text(text: str | bytes) -> Write:
    """Write the right case with a setting.json of this text."""
    return with_file("setting.json", text.encode() if isinstance(text, str) else text)


def with_file(file: str, content: bytes, without: str = "-") -> Write:
    """Write the right case without some arrays, and a file of this content."""

    def write(folder: Path) -> None:
        put(folder, without)
        (folder / file).write_bytes(content)

    return write


def with_special(file: str, make: Write, without: str) -> Write:
    """Write the right case without some arrays, and something at the path of a file."""

    def write(folder: Path) -> None:
        put(folder, without)
        make(folder / file)

    return write


def changed(**arrays: Array) -> Write:
    """Write the right case with other arrays."""
    return lambda folder: put(folder, other=arrays)


def json_weights(text: str) -> Write:
    """Write the right case with weight_ih_l0 as a piece of JSON."""
    return with_file("more.json", f'{{"weight_ih_l0": {text}}}'.encode(), "weight_ih")


def weight_file(ending: str, content: bytes) -> Write:
    """Write the right case with all its weights in one file, which is no good."""

    # `bias` and `weight` both go: what is left are the input and the results.
    def write(folder: Path) -> None:
        for name, value in small_case().items():
            if not name.startswith(("weight", "bias")):
                np.save(folder / f"{name}.npy", value)
        (folder / f"weights.{ending}").write_bytes(content)

    return write


def non_utf8(folder: Path) -> None:
    """Write the right case with weight_ih_l0 in a file whose name is not UTF-8."""
    put(folder, "weight_ih")
    Path(os.fsdecode(os.fsencode(folder) + b"/weight_ih_l0\xff.npy")).write_bytes(npy(np.zeros((16, 3), np.float32)))


def weight(content: bytes) -> Write:
    """Write the right case with this content of weight_ih_l0.npy."""
    return with_file("weight_ih_l0.npy", content)


def special(make: Write) -> Write:
    """Write the right case with something else at the path of weight_ih_l0.npy."""
    return with_special("weight_ih_l0.npy", make, "weight_ih")


def npz(content: bytes) -> Write:
    """Write the right case with all its weights in a .npz of this content."""
    return weight_file("npz", content)


def pt(content: bytes) -> Write:
    """Write the right case with all its weights in a .pt of this content."""
    return weight_file("pt", content)


def tensors(content: bytes) -> Write:
    """Write the right case with all its weights in a .safetensors of this content."""
    return weight_file("safetensors", content)


def nothing(folder: Path) -> None:
    """Write nothing."""
