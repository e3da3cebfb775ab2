"""Wrong calls of a cell and of one layer; their wrong states are in states.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from lstm_parity.catalogue.bad_calls.bad_call import CELL, GOOD, PROJECTED, BadCall, zeros
from lstm_parity.reference.errors import DeviceError, DtypeError, FormError, LengthsError, ShapeError
from lstm_parity.reference.weights import CellWeights

_STACK = GOOD["lstm_forward"]["weights"]
_NO_CHANGE: dict[str, Any] = {}


def cell(changes: dict[str, Any], kind: Any, words: str, module: dict[str, Any] | None = _NO_CHANGE) -> BadCall:
    """A bad call of a cell."""
    return BadCall(changes, kind, words, module, "lstm_cell")


def layer(changes: dict[str, Any], kind: Any, words: str) -> BadCall:
    """A bad call of one layer."""
    return BadCall(changes, kind, words, None, "lstm_layer")


CELLS: dict[str, BadCall] = {
    "weights of a stack": cell({"weights": _STACK}, FormError, "given as lstm_parity.reference.LSTMWeights", None),
    "4 features": cell({"x": zeros(2, 4)}, ShapeError, "4 features, but w_ih reads 3"),
    "4 features, no states": cell({"x": zeros(2, 4), "state": None}, ShapeError, "4 features, but w_ih reads 3"),
    "4 features, unbatched": cell({"x": zeros(4), "state": None}, ShapeError, "4 features, but w_ih reads 3"),
    "1 feature": cell({"x": zeros(2, 1)}, ShapeError, "1 features, but w_ih reads 3"),
    "rank 0": cell({"x": zeros(()), "state": None}, ShapeError, r"but \(B, I\) or \(I,\)"),
    "rank 3": cell({"x": zeros(5, 2, 3)}, ShapeError, r"but \(B, I\) or \(I,\)"),
    "rank 4": cell({"x": zeros(1, 5, 2, 3)}, ShapeError, r"but \(B, I\) or \(I,\)"),
    "a list": cell({"x": [[0.0] * 3] * 2}, FormError, "x was given as list of 2"),
    "None": cell({"x": None}, FormError, "x was given as NoneType"),
    "int64": cell({"x": zeros(2, 3).long()}, DtypeError, "x was given as .*int64"),
    "float64": cell({"x": zeros(2, 3).double()}, DtypeError, "h is .*float32, but x is .*float64"),
    "float64, no states": cell({"x": zeros(2, 3).double(), "state": None}, DtypeError, "w_ih is .*float32, but x is"),
    "complex64": cell({"x": zeros(2, 3) * 1j}, DtypeError, "x was given as .*complex64"),
    "c on another device": cell(
        {"state": (zeros(2, 4), zeros(2, 4, device="meta"))}, DeviceError, "c is on meta, but x is"
    ),
    "h on another device": cell(
        {"state": (zeros(2, 4, device="meta"), zeros(2, 4))}, DeviceError, "h is on meta, but x is"
    ),
    "hidden_size=0": cell(
        {"weights": CellWeights(zeros(0, 3), zeros(0, 0)), "state": None},
        ShapeError,
        r"but \(4H, I\)",
        {"hidden_size": 0},
    ),
    "input_size=0": cell(
        {"x": zeros(2, 0), "weights": CellWeights(zeros(16, 0), zeros(16, 4)), "state": None},
        ShapeError,
        r"but \(4H, I\)",
        {"input_size": 0},
    ),
    "dtype=int64": cell(
        {"weights": CELL.map(torch.Tensor.long), "state": None}, DtypeError, "w_ih was given as", {"dtype": torch.int64}
    ),
    "a projection as large as H": cell(
        {"weights": replace(PROJECTED, w_hh=zeros(16, 4), w_hr=zeros(4, 4))}, ShapeError, "P=4, but P < H=4", None
    ),
    "w_hh of other rows": cell({"weights": replace(CELL, w_hh=zeros(12, 4))}, ShapeError, r"w_hh .* but \(16, 4\)"),
    "w_hh of more columns": cell({"weights": replace(CELL, w_hh=zeros(16, 5))}, ShapeError, r"w_hh .* but \(16, 4\)"),
    "fewer gates": cell(
        {"weights": replace(CELL, w_ih=zeros(12, 3), w_hh=zeros(12, 4), b_ih=zeros(12), b_hh=zeros(12))},
        ShapeError,
        r"\(12, 3\)",
    ),
    "a short bias": cell({"weights": replace(CELL, b_ih=zeros(4))}, ShapeError, r"b_ih .* but \(16,\)"),
    "a bias of 1": cell({"weights": replace(CELL, b_ih=zeros(1))}, ShapeError, r"b_ih .* but \(16,\)"),
    "a long bias": cell({"weights": replace(CELL, b_ih=zeros(20))}, ShapeError, r"b_ih .* but \(16,\)"),
    "one float64 bias": cell({"weights": replace(CELL, b_hh=zeros(16).double())}, DtypeError, "b_hh is .*float64"),
    "one bias": cell({"weights": replace(CELL, b_hh=None)}, FormError, "b_ih and b_hh was given alone", None),
}

LAYERS: dict[str, BadCall] = {
    "weights of a stack": layer({"weights": _STACK}, FormError, "given as lstm_parity.reference.LSTMWeights"),
    "4 features": layer({"x": zeros(5, 2, 4)}, ShapeError, "4 features, but w_ih reads 3"),
    "rank 2": layer({"x": zeros(5, 3)}, ShapeError, r"but \(T, B, I\)"),
    "no steps": layer({"x": zeros(0, 2, 3)}, ShapeError, "0 time steps"),
    "states of a stack": layer({"state": (zeros(1, 2, 4), zeros(1, 2, 4))}, ShapeError, r"h was .* but \(2, 4\)"),
    "h of batch 1": layer({"state": (zeros(1, 4), zeros(2, 4))}, ShapeError, r"h was .* but \(2, 4\)"),
    "c of batch 1": layer({"state": (zeros(2, 4), zeros(1, 4))}, ShapeError, r"c was .* but \(2, 4\)"),
    "states stacked": layer({"state": zeros(2, 2, 4)}, FormError, r"but a pair \(h, c\)"),
    "float64 c": layer({"state": (zeros(2, 4), zeros(2, 4).double())}, DtypeError, "c is .*float64"),
    "a length of 0": layer({"lengths": [5, 0]}, LengthsError, "2 whole numbers from 1 to 5"),
    "one bias": layer({"weights": replace(CELL, b_hh=None)}, FormError, "b_ih and b_hh was given alone"),
}
