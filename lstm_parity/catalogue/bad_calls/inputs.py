"""Wrong input, wrong lengths, malformed packed sequences."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.catalogue.bad_calls.bad_call import (
    EQUAL,
    H_0,
    UNSORTED,
    VARYING,
    BadCall,
    single_cell,
    stack_weights,
    zeros,
)
from lstm_parity.reference.errors import DeviceError, DtypeError, FormError, LengthsError, ShapeError

_FIRST = {"batch_first": True}
_PRESENT: dict[str, Any] = {"device": "meta"}

INPUTS: dict[str, BadCall] = {
    "4 features": BadCall({"input": zeros(5, 2, 4)}, ShapeError, "4 features, but w_ih reads 3"),
    "4 features, no states": BadCall({"input": zeros(5, 2, 4), "hx": None}, ShapeError, "4 features, but w_ih reads 3"),
    "1 feature": BadCall({"input": zeros(5, 2, 1)}, ShapeError, "1 features, but w_ih reads 3"),
    "no features": BadCall({"input": zeros(5, 2, 0)}, ShapeError, "0 features, but w_ih reads 3"),
    "4 features, projected": BadCall(
        {"input": zeros(5, 2, 4), "weights": single_cell(), "hx": None}, ShapeError, "4 features", {"proj_size": 2}
    ),
    "rank 0": BadCall({"input": zeros(()), "hx": None}, ShapeError, r"shape \(\), but \(T, B, I\)"),
    "rank 1": BadCall({"input": zeros(3), "hx": None}, ShapeError, r"shape \(3,\), but \(T, B, I\)"),
    "rank 4": BadCall({"input": zeros(1, 5, 2, 3), "hx": None}, ShapeError, r"shape \(1, 5, 2, 3\), but \(T, B, I\)"),
    "no steps": BadCall({"input": zeros(0, 2, 3)}, ShapeError, "0 time steps, but at least 1"),
    "no steps, batch first": BadCall(
        {"input": zeros(2, 0, 3)} | _FIRST, ShapeError, "0 time steps, but at least 1", _FIRST
    ),
    "no steps, unbatched": BadCall({"input": zeros(0, 3), "hx": None}, ShapeError, "0 time steps, but at least 1"),
    "no steps, float64 and projected": BadCall(
        {"input": zeros(0, 2, 3).double(), "weights": single_cell().map(torch.Tensor.double), "hx": None},
        ShapeError,
        "0 time steps, but at least 1",
        {"proj_size": 2, "dtype": torch.float64},
    ),
    "batch first read as time first": BadCall(_FIRST, ShapeError, r"h_0 .* \(2, 5, 4\) is needed", _FIRST),
    "a list": BadCall({"input": [[[0.0] * 3] * 2] * 5}, FormError, "input was given as list of 5"),
    "None": BadCall({"input": None}, FormError, "input was given as NoneType"),
    "a tuple of steps": BadCall({"input": tuple(zeros(5, 2, 3))}, FormError, "input was given as tuple of 5"),
    "int64": BadCall({"input": zeros(5, 2, 3).long()}, DtypeError, r"input was given as .*int64, but one of .*float64"),
    "int64, no states": BadCall({"input": zeros(5, 2, 3).long(), "hx": None}, DtypeError, "input was given as .*int64"),
    "complex64": BadCall({"input": zeros(5, 2, 3) * 1j}, DtypeError, "input was given as .*complex64"),
    "float64": BadCall({"input": zeros(5, 2, 3).double()}, DtypeError, "h_0 is .*float32, but input is .*float64"),
    "float64, no states": BadCall(
        {"input": zeros(5, 2, 3).double(), "hx": None}, DtypeError, "weight_ih_l0 is .*float32, but input is .*float64"
    ),
    "float16, no states": BadCall(
        {"input": zeros(5, 2, 3).half(), "hx": None}, DtypeError, "input (is|was given as) .*float16"
    ),
}

DEVICES: dict[str, BadCall] = {
    "input": BadCall({"input": zeros(5, 2, 3, **_PRESENT)}, DeviceError, "h_0 is on cpu, but input is on meta"),
    "input, no states": BadCall(
        {"input": zeros(5, 2, 3, **_PRESENT), "hx": None}, DeviceError, "weight_ih_l0 is on cpu"
    ),
    "h": BadCall({"hx": (zeros(2, 2, 4, **_PRESENT), H_0)}, DeviceError, "h_0 is on meta, but input is on cpu"),
    "c": BadCall({"hx": (H_0, zeros(2, 2, 4, **_PRESENT))}, DeviceError, "c_0 is on meta, but input is on cpu"),
    "c, packed": BadCall(
        {"input": VARYING, "hx": (H_0, zeros(2, 2, 4, **_PRESENT))}, DeviceError, "c_0 is on meta, but input is on cpu"
    ),
    "one weight": BadCall(
        {"weights": stack_weights(w_hh=zeros(16, 4, **_PRESENT))}, DeviceError, "weight_hh_l0 is on meta"
    ),
    "a mask": BadCall(
        {"dropout_masks": [zeros(5, 2, 4, **_PRESENT)]}, DeviceError, r"dropout_masks\[0\] is on meta", None
    ),
}


def _make_lengths(value: Any, needed: str = "2 whole numbers from 1 to 5", **changes: Any) -> BadCall:
    """Wrong lengths; nn.LSTM is given them by pack_padded_sequence."""
    module = {"batch_first": True} if changes.get("batch_first") else {}
    return BadCall({"lengths": value, "hx": None} | changes, LengthsError, needed, module)


LENGTHS: dict[str, BadCall] = {
    "a length of 0": _make_lengths([5, 0], r"\[5, 0\], but 2 whole numbers from 1 to 5"),
    "all lengths 0": _make_lengths([0, 0]),
    "a negative length": _make_lengths([5, -1]),
    "a length beyond T": _make_lengths([5, 6]),
    "a length too many": _make_lengths([5, 5, 5]),
    "a length too few": _make_lengths([5]),
    "no lengths": _make_lengths([]),
    "one length as a number": _make_lengths(5),
    "a fraction of a step": _make_lengths([5, 2.5]),
    "truth values": _make_lengths([True, True]),
    "lengths of rank 2": _make_lengths(torch.tensor([[5], [5]])),
    "float lengths": _make_lengths(torch.tensor([5.0, 5.0])),
    "beyond a batch-first T": _make_lengths([5, 6], input=zeros(2, 5, 3), batch_first=True),
    "without a batch": _make_lengths([5], "an unbatched input", input=zeros(5, 3)),
}

_NO_SIZES = torch.tensor([], dtype=torch.int64)


def _make_packed(input: PackedSequence, kind: Any, words: str, **changes: Any) -> BadCall:
    """A wrong packed sequence."""
    return BadCall({"input": input} | changes, kind, words, {"proj_size": 2} if "weights" in changes else {})


def _with_sizes(sizes: list[int], rows: int) -> PackedSequence:
    """A packed sequence with these batch sizes and that many rows."""
    return PackedSequence(zeros(rows, 3), torch.tensor(sizes), None, None)


PACKED: dict[str, BadCall] = {
    "4 features, equal lengths": _make_packed(
        EQUAL._replace(data=zeros(10, 4)), ShapeError, "4 features, but w_ih reads 3"
    ),
    "4 features, varying lengths": _make_packed(
        VARYING._replace(data=zeros(7, 4)), ShapeError, "4 features, but w_ih reads 3"
    ),
    "1 feature, equal lengths": _make_packed(
        EQUAL._replace(data=zeros(10, 1)), ShapeError, "1 features, but w_ih reads 3"
    ),
    "1 feature, varying lengths": _make_packed(
        VARYING._replace(data=zeros(7, 1)), ShapeError, "1 features, but w_ih reads 3"
    ),
    "4 features, projected": _make_packed(
        EQUAL._replace(data=zeros(10, 4)), ShapeError, "4 features, but w_ih reads 3", weights=single_cell(), hx=None
    ),
    "int64, equal lengths": _make_packed(
        EQUAL._replace(data=zeros(10, 3).long()), DtypeError, "input was given as torch.int64"
    ),
    "int64, varying lengths": _make_packed(
        VARYING._replace(data=zeros(7, 3).long()), DtypeError, "given as torch.int64"
    ),
    "float64, equal lengths": _make_packed(
        EQUAL._replace(data=zeros(10, 3).double()), DtypeError, "but input is torch.float64"
    ),
    "float64, varying lengths": _make_packed(
        VARYING._replace(data=zeros(7, 3).double()), DtypeError, "input is torch.float64"
    ),
    "data of rank 1": _make_packed(EQUAL._replace(data=zeros(10)), ShapeError, r"but \(rows, I\)"),
    "data of rank 3, equal lengths": _make_packed(EQUAL._replace(data=zeros(10, 1, 3)), ShapeError, r"but \(rows, I\)"),
    "data of rank 3, varying lengths": _make_packed(
        VARYING._replace(data=zeros(7, 1, 3)), ShapeError, r"but \(rows, I\)"
    ),
    "a row missing": _make_packed(VARYING._replace(data=zeros(6, 3)), LengthsError, "for 6 rows"),
    "a row too many": _make_packed(VARYING._replace(data=zeros(8, 3)), LengthsError, "for 8 rows"),
    "a row missing, equal lengths": _make_packed(EQUAL._replace(data=zeros(9, 3)), LengthsError, "for 9 rows"),
    "a row too many, equal lengths": _make_packed(EQUAL._replace(data=zeros(11, 3)), LengthsError, "for 11 rows"),
    "a growing batch": _make_packed(_with_sizes([1, 2, 2, 2, 3], 10), LengthsError, "never grow"),
    "a batch that shrinks and grows": _make_packed(_with_sizes([2, 1, 2], 5), LengthsError, "never grow"),
    "an empty last step": _make_packed(_with_sizes([2, 2, 0], 4), LengthsError, "positive numbers"),
    "a negative step": _make_packed(_with_sizes([2, 2, -1], 3), LengthsError, "positive numbers"),
    "empty steps only": _make_packed(_with_sizes([0, 0], 0), LengthsError, "positive numbers", hx=None),
    "no steps": _make_packed(
        PackedSequence(zeros(0, 3), _NO_SIZES, None, None), LengthsError, "positive numbers", hx=None
    ),
    "batch_sizes of rank 2": _make_packed(
        PackedSequence(zeros(10, 3), torch.full((5, 1), 2), None, None), LengthsError, "a vector of torch.int64"
    ),
    "batch_sizes of float32": _make_packed(
        PackedSequence(zeros(10, 3), torch.full((5,), 2.0), None, None), LengthsError, "a vector of torch.int64"
    ),
    "batch_sizes of int32": _make_packed(
        PackedSequence(zeros(10, 3), torch.full((5,), 2, dtype=torch.int32), None, None),
        LengthsError,
        "a vector of torch.int64",
    ),
    "indices that do not match": _make_packed(
        UNSORTED._replace(unsorted_indices=torch.tensor([0, 1])), LengthsError, "do not undo one another"
    ),
    "an index too large": _make_packed(
        UNSORTED._replace(sorted_indices=torch.tensor([0, 2])), LengthsError, "do not undo one another"
    ),
    "an index twice": _make_packed(
        UNSORTED._replace(sorted_indices=torch.tensor([1, 1]), unsorted_indices=torch.tensor([1, 1])),
        LengthsError,
        "do not undo one another",
    ),
    "an index too few": _make_packed(
        UNSORTED._replace(sorted_indices=torch.tensor([0]), unsorted_indices=torch.tensor([0])),
        LengthsError,
        "do not undo one another",
    ),
    "lengths beside it": BadCall(
        {"input": VARYING, "lengths": [5, 2]}, LengthsError, "carries its own: leave lengths out", None
    ),
}
