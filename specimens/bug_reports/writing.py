"""Files of bug reports: arrays in any format, setting.json, printed tensors, ONNX and Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from specimens.bug_reports.lstm import Array, Weights, suffixes
from specimens.bug_reports.making import reorder


def write_setting(folder: Path, **fields: Any) -> None:
    """Write setting.json."""
    said = {"format": "lstm-parity folder, format 1"} | fields
    (folder / "setting.json").write_text(json.dumps(said, indent=2))


def write_npy(folder: Path, **arrays: Array) -> None:
    """Write each array into a file of its own."""
    folder.mkdir(exist_ok=True)
    for name, value in arrays.items():
        np.save(folder / f"{name}.npy", value)


def write_npz(path: Path, arrays: Weights) -> None:
    """Write arrays into one .npz, whose names may have slashes."""
    saved: Any = np.savez
    saved(path, **arrays)


def write_pt(path: Path, arrays: Weights) -> None:
    """Write a state_dict."""
    torch.save({name: torch.tensor(value) for name, value in arrays.items()}, path)


def write_csv(path: Path, values: Array) -> None:
    """Write a matrix or a vector with as many digits as float32 has."""
    np.savetxt(path, values, fmt="%.9g", delimiter=",")


def paste(name: str, values: Array, decimals: int = 4, end: str = ")") -> str:
    """Write an array as torch prints it, with a name before it."""
    shown = np.array2string(values, separator=", ", threshold=10**6, formatter={"float": lambda v: f"{v:.{decimals}f}"})
    return f"{name} = tensor({shown}{end}\n"


def protobuf(*fields: tuple[int, int | float | str | bytes]) -> bytes:
    """Encode a message of protocol buffers, of which ONNX is made: numbers, and strings or messages inside."""

    def varint(number: int) -> bytes:
        if number < 128:
            return bytes([number])
        return bytes([number % 128 + 128]) + varint(number // 128)

    message = b""
    for tag, value in fields:
        if isinstance(value, int):
            message += varint(8 * tag) + varint(value)
        elif isinstance(value, float):
            message += varint(8 * tag + 5) + np.array(value, "<f4").tobytes()
        else:
            content = value.encode() if isinstance(value, str) else value
            message += varint(8 * tag + 2) + varint(len(content)) + content
    return message


def onnx_model(arrays: Weights, hidden: int, direction: str, clip: float | None = None) -> bytes:
    """Write an ONNX model with one LSTM, whose weights are initializers in the order of `arrays`."""
    tensors = []
    for name, value in arrays.items():
        raw = value.astype("<f4").tobytes()
        tensors.append((5, protobuf(*((1, size) for size in value.shape), (2, 1), (8, name), (9, raw))))
    attributes = [
        (5, protobuf((1, "hidden_size"), (3, hidden), (20, 2))),
        (5, protobuf((1, "direction"), (4, direction), (20, 3))),
    ]
    if clip is not None:
        attributes.append((5, protobuf((1, "clip"), (2, float(clip)), (20, 1))))
    ends: list[tuple[int, int | float | str | bytes]] = [(1, name) for name in ("x", *arrays)]
    node = protobuf(*ends, (2, "y"), (2, "y_h"), (2, "y_c"), (3, "lstm"), (4, "LSTM"), *attributes)
    declared = []
    for tag, name, rank in ((11, "x", 3), (12, "y", 4)):
        shape = protobuf(*[(1, b"")] * rank)
        declared.append((tag, protobuf((1, name), (2, protobuf((1, protobuf((1, 1), (2, shape))))))))
    graph = protobuf((1, node), (2, "main_graph"), *tensors, *declared)
    return protobuf((1, 8), (7, graph), (8, protobuf((1, ""), (2, 14))))


def to_onnx(weights: Weights) -> Weights:
    """Convert one layer into ONNX's W, R and B, with the gates i, o, f, c and the directions stacked."""
    ends = suffixes(weights)
    stacked = {
        short: np.stack([reorder(weights[name + end], "iofg") for end in ends])
        for short, name in (("W", "weight_ih"), ("R", "weight_hh"))
    }
    biases = [[reorder(weights[name + end], "iofg") for name in ("bias_ih", "bias_hh")] for end in ends]
    return stacked | {"B": np.stack([np.concatenate(pair) for pair in biases])}


def to_keras(weights: Weights) -> Weights:
    """Convert one layer into the three arrays of Keras, whose one bias is the sum of the two of torch."""
    return {
        "kernel": weights["weight_ih_l0"].T,
        "recurrent_kernel": weights["weight_hh_l0"].T,
        "bias": weights["bias_ih_l0"] + weights["bias_hh_l0"],
    }
