"""TensorFlow Lite: a matrix for each gate and side, `input_to_forget_weights`, and a bias for each gate."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from lstm_parity.files.lstms.directions import pair_directions
from lstm_parity.files.lstms.found import Arrays, FoundLSTM, take_values
from lstm_parity.reference.conventions.gates import TORCH
from lstm_parity.reference.weights import CellWeights

_GATES = {"input": "i", "forget": "f", "cell": "g", "output": "o"}
_WEIGHTS = re.compile(r"(?P<side>input|recurrent)_to_(?P<gate>input|forget|cell|output)_weights(?::0)?$")
_BIAS = re.compile(r"(?P<gate>input|forget|cell|output)(?:_gate)?_bias(?::0)?$")
_PROJECTION = re.compile(r"(?P<part>projection_weights)(?::0)?$")
_OTHER = re.compile(r"(?:cell_to_\w+_weights|\w+_layer_norm_coefficients|projection_bias)(?::0)?$")
_NEEDED = {f"{side}{gate}" for side in ("input ", "recurrent ") for gate in TORCH}
_Group = dict[str, str]  # names of arrays by what they are of a cell


def find_tflite(arrays: Arrays) -> list[FoundLSTM]:
    """Find LSTMs by the names of the tensors of TensorFlow Lite's kernel; peepholes and norms are noted."""
    groups = {key: group for key, group in _group(arrays).items() if group.keys() >= _NEEDED}
    others = [name for name in arrays if _OTHER.search(name)]
    note = (f"nn.LSTM has nothing for {', '.join(others)}: left out",) * bool(others)
    return pair_directions(arrays, groups, "TensorFlow Lite, found by its names", _convert, note)


def _group(arrays: Iterable[str]) -> dict[str, _Group]:
    groups: dict[str, _Group] = {}
    for name in arrays:
        if found := _WEIGHTS.search(name):
            part = f"{found['side']} {_GATES[found['gate']]}"
        elif found := _BIAS.search(name):
            part = f"bias {_GATES[found['gate']]}"
        elif found := _PROJECTION.search(name):
            part = "projection"
        else:
            continue
        groups.setdefault(name[: found.start()], {})[part] = name
    return groups


def _convert(arrays: Arrays, group: _Group) -> CellWeights:
    given = {part: take_values(arrays, name) for part, name in group.items()}
    w_ih, w_hh = (np.concatenate([given[f"{side} {gate}"] for gate in TORCH]) for side in ("input", "recurrent"))
    parts = [given.get(f"bias {gate}") for gate in TORCH]
    bias = [part.ravel() for part in parts if part is not None]
    b_ih = np.concatenate(bias) if len(bias) == len(TORCH) else None
    b_hh = None if b_ih is None else np.zeros_like(b_ih)
    return CellWeights(w_ih, w_hh, b_ih, b_hh, given.get("projection"))
