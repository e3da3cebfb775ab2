"""Wrong weights, constructor arguments that make no LSTM, wrong dropout masks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from lstm_parity.catalogue.bad_calls.bad_call import CELL, NEXT, PROJECTED, BadCall, single_cell, stack_weights, zeros
from lstm_parity.reference.errors import DtypeError, FormError, ShapeError
from lstm_parity.reference.weights import CellWeights, LSTMWeights

_ONE = {"num_layers": 1}
_PROJECTION = {"num_layers": 1, "proj_size": 2}


def _make_cells(*layers: Any, hx: Any = None) -> dict[str, Any]:
    """A call with weights of these layers, one direction each."""
    return {"weights": LSTMWeights(tuple((layer,) for layer in layers)), "hx": hx}


def _projected_weights(**changes: Any) -> dict[str, Any]:
    """A call with one projected layer with some weights changed."""
    return {"weights": single_cell(**changes), "hx": None}


# given to nn.LSTM by replacing its parameters
WEIGHTS: dict[str, BadCall] = {
    "of one cell": BadCall({"weights": CELL}, FormError, "given as lstm_parity.reference.CellWeights", None),
    "None": BadCall({"weights": None}, FormError, "weights was given as NoneType", None),
    "a layer without its reverse": BadCall(
        {"weights": LSTMWeights(((PROJECTED, PROJECTED), (replace(PROJECTED, w_ih=zeros(16, 4)),))), "hx": None},
        ShapeError,
        r"\[2, 1\] directions",
        None,
    ),
    "one bias": BadCall(
        {"weights": stack_weights(b_ih=None)}, FormError, "of layer 0, direction 0 was given alone", None
    ),
    "biases in one layer": BadCall(
        {"weights": stack_weights(b_ih=None, b_hh=None)}, FormError, "give all layers the same", None
    ),
    "rows that are no gates": BadCall(
        _make_cells(CellWeights(zeros(15, 3), zeros(15, 4))), ShapeError, r"but \(4H, I\)", _ONE
    ),
    "w_ih of rank 1": BadCall(
        {"weights": stack_weights(w_ih=zeros(16))}, ShapeError, "w_ih of layer 0.* stack the gates"
    ),
    "w_ih transposed": BadCall(
        {"weights": stack_weights(w_ih=zeros(3, 16))}, ShapeError, r"w_ih of layer 0.* but \(4H, I\)"
    ),
    "w_ih of other columns": BadCall(
        {"weights": stack_weights(w_ih=zeros(16, 2))}, ShapeError, "3 features, but w_ih reads 2"
    ),
    "w_ih of one number": BadCall(
        {"weights": stack_weights(w_ih=zeros(1, 1))}, ShapeError, r"w_ih of layer 0.* but \(4H, I\)"
    ),
    "w_hh transposed": BadCall({"weights": stack_weights(w_hh=zeros(4, 16))}, ShapeError, r"w_hh of .* but \(16, 4\)"),
    "w_hh of one number": BadCall(
        {"weights": stack_weights(w_hh=zeros(1, 1))}, ShapeError, r"w_hh of .* but \(16, 4\)"
    ),
    "w_hh of other rows": BadCall(
        {"weights": stack_weights(w_hh=zeros(12, 4))}, ShapeError, r"w_hh of .* but \(16, 4\)"
    ),
    "w_hh of other columns": BadCall(
        {"weights": stack_weights(w_hh=zeros(16, 3))}, ShapeError, r"w_hh of .* but \(16, 4\)"
    ),
    "w_hh of more columns": BadCall(
        {"weights": stack_weights(w_hh=zeros(16, 5))}, ShapeError, r"w_hh of .* but \(16, 4\)"
    ),
    "a short bias": BadCall({"weights": stack_weights(b_ih=zeros(4))}, ShapeError, r"b_ih of .* but \(16,\)"),
    "a bias of 1": BadCall({"weights": stack_weights(b_hh=zeros(1))}, ShapeError, r"b_hh of .* but \(16,\)"),
    "a long bias": BadCall({"weights": stack_weights(b_hh=zeros(20))}, ShapeError, r"b_hh of .* but \(16,\)"),
    "a bias of rank 2": BadCall({"weights": stack_weights(b_hh=zeros(1, 16))}, ShapeError, r"b_hh of .* but \(16,\)"),
    "a second layer that reads too much": BadCall(
        {"weights": LSTMWeights(((CELL,), (replace(NEXT, w_ih=zeros(16, 8)),)))},
        ShapeError,
        "read all of the layer below",
    ),
    "a second layer of another size": BadCall(
        {"weights": LSTMWeights(((CELL,), (CellWeights(zeros(8, 4), zeros(8, 2), zeros(8), zeros(8)),)))},
        ShapeError,
        "the same sizes",
    ),
    "a projection transposed": BadCall(
        _projected_weights(w_hr=zeros(4, 2)), ShapeError, r"w_hr of .* but \(2, 4\)", _PROJECTION
    ),
    "a projection of other columns": BadCall(
        _projected_weights(w_hr=zeros(2, 3)), ShapeError, r"w_hr of .* but \(2, 4\)", _PROJECTION
    ),
    "a projection in one layer": BadCall(
        _make_cells(PROJECTED, replace(CELL, w_ih=zeros(16, 2))), FormError, "all layers", None
    ),
    "one float64 bias": BadCall(
        {"weights": stack_weights(b_hh=zeros(16).double())}, DtypeError, "bias_hh_l0 is .*float64"
    ),
    "one float64 matrix": BadCall(
        {"weights": stack_weights(w_hh=zeros(16, 4).double())}, DtypeError, "weight_hh_l0 is .*float64"
    ),
    "one float16 matrix": BadCall(
        {"weights": stack_weights(w_hh=zeros(16, 4).half())}, DtypeError, "weight_hh_l0 (is|was given as) .*float16"
    ),
    "one float64 projection": BadCall(
        _projected_weights(w_hr=zeros(2, 4).double()), DtypeError, "weight_hr_l0 is .*float64", _PROJECTION
    ),
    "one int64 matrix": BadCall(
        {"weights": stack_weights(w_hh=zeros(16, 4).long())}, DtypeError, "weight_hh_l0 was given as"
    ),
}


def _bad_sizes(hidden_size: int, input_size: int = 3) -> dict[str, Any]:
    """A call with one layer of these sizes."""
    return _make_cells(CellWeights(zeros(4 * hidden_size, input_size), zeros(4 * hidden_size, hidden_size)))


def _bad_construction(call: dict[str, Any], words: str, **module: Any) -> BadCall:
    """Arguments of the constructor that make no LSTM; the references are given the weights of their shapes."""
    return BadCall(call, ShapeError, words, module)


_SIZED = r"but \(4H, I\)"
CONSTRUCTION: dict[str, BadCall] = {
    "num_layers=0": _bad_construction(_make_cells(), "layers were given with", num_layers=0),
    "hidden_size=0": _bad_construction(_bad_sizes(0), _SIZED, hidden_size=0, num_layers=1),
    "input_size=0": _bad_construction(_bad_sizes(4, 0) | {"input": zeros(5, 2, 0)}, _SIZED, input_size=0, num_layers=1),
    "proj_size=H": _bad_construction(
        _projected_weights(w_hh=zeros(16, 4), w_hr=zeros(4, 4)), "P=4, but P < H=4", proj_size=4, num_layers=1
    ),
    "proj_size>H": _bad_construction(
        _projected_weights(w_hh=zeros(16, 5), w_hr=zeros(5, 4)), "P=5, but P < H=4", proj_size=5, num_layers=1
    ),
    "dtype=int64": BadCall(
        _make_cells(CELL.map(torch.Tensor.long)),
        DtypeError,
        "is .*int64, but|given as .*int64",
        {"dtype": torch.int64} | _ONE,
    ),
    "dtype=bool": BadCall(
        _make_cells(CELL.map(torch.Tensor.bool)), DtypeError, "given as .*bool", {"dtype": torch.bool} | _ONE
    ),
    "dtype=complex64": BadCall(
        _make_cells(CELL.map(lambda w: w * 1j)) | {"input": zeros(5, 2, 3) * 1j},
        DtypeError,
        "given as .*complex64",
        {"dtype": torch.complex64} | _ONE,
    ),
}
# what has no counterpart in weights: nn.LSTM's and nn.LSTMCell's arguments alone
CONSTRUCTORS: dict[str, dict[str, Any]] = {
    "num_layers=-1": {"num_layers": -1},
    "num_layers=1.5": {"num_layers": 1.5},
    "hidden_size=-1": {"hidden_size": -1},
    "hidden_size=4.0": {"hidden_size": 4.0},
    "hidden_size=None": {"hidden_size": None},
    "input_size=-1": {"input_size": -1},
    "input_size=3.0": {"input_size": 3.0},
    "proj_size=-1": {"proj_size": -1},
    "proj_size=2.0": {"proj_size": 2.0},
    "bias=None": {"bias": None},
    "bias='yes'": {"bias": "yes"},
    "batch_first=1": {"batch_first": 1},
    "bidirectional='no'": {"bidirectional": "no"},
    "dropout=-0.1": {"dropout": -0.1},
    "dropout=1.5": {"dropout": 1.5},
    "dropout=nan": {"dropout": float("nan")},
    "dropout=True": {"dropout": True},
}

MASKS: dict[str, BadCall] = {
    "none": BadCall({"dropout_masks": []}, ShapeError, "0 dropout masks were given, but 1 are needed", None),
    "one for the last layer": BadCall({"dropout_masks": [zeros(5, 2, 4)] * 2}, ShapeError, "2 dropout masks", None),
    "as an array": BadCall({"dropout_masks": zeros(1, 5, 2, 4)}, FormError, "but a list is needed", None),
    "for all steps": BadCall(
        {"dropout_masks": [zeros(1, 2, 4)]}, ShapeError, r"dropout_masks\[0\] .* but \(5, 2, 4\)", None
    ),
    "batch first": BadCall(
        {"dropout_masks": [zeros(2, 5, 4)]}, ShapeError, r"dropout_masks\[0\] .* but \(5, 2, 4\)", None
    ),
    "of truth values": BadCall(
        {"dropout_masks": [zeros(5, 2, 4).bool()]}, DtypeError, r"dropout_masks\[0\] .*bool", None
    ),
    "unbatched": BadCall(
        {"input": zeros(5, 3), "hx": None, "dropout_masks": [zeros(5, 4)]},
        ShapeError,
        r"dropout_masks\[0\] .* but \(5, 1, 4\)",
        None,
    ),
}
