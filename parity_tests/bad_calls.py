"""Calls that no LSTM answers: what is changed in a good call, the exception, and the words, as tables.

The good call is an input (5, 2, 3) and both states for two layers with I=3 and H=4, without a projection.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from reference.refusals import DtypeError, FormError, LengthsError, ShapeError
from reference.weights import CellWeights, LSTMWeights

z = torch.zeros
CELL, NEXT = CellWeights(z(16, 3), z(16, 4), z(16), z(16)), CellWeights(z(16, 4), z(16, 4), z(16), z(16))
PROJECTED = CellWeights(z(16, 3), z(16, 2), z(16), z(16), z(2, 4))
GOOD = {"input": z(5, 2, 3), "hx": (z(2, 2, 4), z(2, 2, 4)), "weights": LSTMWeights(((CELL,), (NEXT,)))}
H_0 = C_0 = z(2, 2, 4)


def stack(**changes: Any) -> LSTMWeights:
    """Two layers, the first of them with some weights changed."""
    return LSTMWeights(((replace(CELL, **changes),), (NEXT,)))


def single(**changes: Any) -> LSTMWeights:
    """One projected layer with some weights changed."""
    return LSTMWeights(((replace(PROJECTED, **changes),),))


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    # the input
    "input of 4 features": ({"input": z(5, 2, 4)}, ShapeError, "4 features, but w_ih reads 3"),
    "input of 4 features, no states": ({"input": z(5, 2, 4), "hx": None}, ShapeError, "4 features, but w_ih reads 3"),
    "input of 1 feature": ({"input": z(5, 2, 1)}, ShapeError, "1 features, but w_ih reads 3"),
    "input of rank 1": ({"input": z(3), "hx": None}, ShapeError, r"shape \(3,\), but \(T, B, I\)"),
    "input of rank 4": ({"input": z(1, 5, 2, 3), "hx": None}, ShapeError, r"shape \(1, 5, 2, 3\), but \(T, B, I\)"),
    "no steps": ({"input": z(0, 2, 3)}, ShapeError, "0 time steps, but at least 1"),
    "no steps, batch first": ({"input": z(2, 0, 3), "batch_first": True}, ShapeError, "0 time steps, but at least 1"),
    "no steps, unbatched": ({"input": z(0, 3), "hx": None}, ShapeError, "0 time steps, but at least 1"),
    "batch first read as time first": ({"batch_first": True}, ShapeError, r"h_0 .* \(2, 5, 4\) is needed"),
    "input as a list": ({"input": [[[0.0] * 3] * 2] * 5}, FormError, "input was given as list of 5"),
    "no input": ({"input": None}, FormError, "input was given as NoneType"),
    # the states, h and c apart
    "h alone": ({"hx": H_0}, FormError, r"but a pair \(h_0, c_0\) is needed"),
    "h and c stacked": ({"hx": z(2, 2, 2, 4)}, FormError, r"but a pair \(h_0, c_0\) is needed"),
    "three states": ({"hx": (H_0, C_0, C_0)}, FormError, "tuple of 3, but a pair"),
    "no c": ({"hx": (H_0, None)}, FormError, "c_0 was given as NoneType"),
    "no h": ({"hx": (None, C_0)}, FormError, "h_0 was given as NoneType"),
    "h of batch 3": ({"hx": (z(2, 3, 4), C_0)}, ShapeError, r"h_0 .* \(2, 3, 4\), but \(2, 2, 4\)"),
    "c of batch 3": ({"hx": (H_0, z(2, 3, 4))}, ShapeError, r"c_0 .* \(2, 3, 4\), but \(2, 2, 4\)"),
    "h of batch 1": ({"hx": (z(2, 1, 4), C_0)}, ShapeError, r"h_0 .* \(2, 1, 4\), but \(2, 2, 4\)"),
    "c of batch 1": ({"hx": (H_0, z(2, 1, 4))}, ShapeError, r"c_0 .* \(2, 1, 4\), but \(2, 2, 4\)"),
    "h of 1 layer": ({"hx": (z(1, 2, 4), C_0)}, ShapeError, r"h_0 .* \(1, 2, 4\), but \(2, 2, 4\)"),
    "c of 1 layer": ({"hx": (H_0, z(1, 2, 4))}, ShapeError, r"c_0 .* \(1, 2, 4\), but \(2, 2, 4\)"),
    "h of 3 layers": ({"hx": (z(3, 2, 4), C_0)}, ShapeError, r"h_0 .* \(3, 2, 4\), but \(2, 2, 4\)"),
    "c of 3 layers": ({"hx": (H_0, z(3, 2, 4))}, ShapeError, r"c_0 .* \(3, 2, 4\), but \(2, 2, 4\)"),
    "h of 5 features": ({"hx": (z(2, 2, 5), C_0)}, ShapeError, r"h_0 .* \(2, 2, 5\), but \(2, 2, 4\)"),
    "c of 5 features": ({"hx": (H_0, z(2, 2, 5))}, ShapeError, r"c_0 .* \(2, 2, 5\), but \(2, 2, 4\)"),
    "h without a batch": ({"hx": (z(2, 4), C_0)}, ShapeError, r"h_0 .* \(2, 4\), but \(2, 2, 4\)"),
    "c without a batch": ({"hx": (H_0, z(2, 4))}, ShapeError, r"c_0 .* \(2, 4\), but \(2, 2, 4\)"),
    "batched h, unbatched input": ({"input": z(5, 3), "hx": (H_0, z(2, 4))}, ShapeError, r"h_0 .* but \(2, 4\)"),
    "batched c, unbatched input": ({"input": z(5, 3), "hx": (z(2, 4), C_0)}, ShapeError, r"c_0 .* but \(2, 4\)"),
    "h of H with a projection": (
        {"weights": single(), "hx": (z(1, 2, 4), z(1, 2, 4))},
        ShapeError,
        r"h_0 .* but \(1, 2, 2\)",
    ),
    "c of P with a projection": (
        {"weights": single(), "hx": (z(1, 2, 2), z(1, 2, 2))},
        ShapeError,
        r"c_0 .* but \(1, 2, 4\)",
    ),
    # dtypes
    "integer input": ({"input": z(5, 2, 3).long()}, DtypeError, r"input was given as .*int64, but one of .*float64"),
    "complex input": ({"input": z(5, 2, 3) * 1j}, DtypeError, "input was given as .*complex64"),
    "float64 input": ({"input": z(5, 2, 3).double()}, DtypeError, "h_0 is .*float32, but input is .*float64"),
    "float64 input, no states": (
        {"input": z(5, 2, 3).double(), "hx": None},
        DtypeError,
        "weight_ih_l0 is .*float32, but input is .*float64",
    ),
    "float64 h": ({"hx": (H_0.double(), C_0)}, DtypeError, "h_0 is .*float64, but input is .*float32"),
    "float64 c": ({"hx": (H_0, C_0.double())}, DtypeError, "c_0 is .*float64, but input is .*float32"),
    "float16 c": ({"hx": (H_0, C_0.half())}, DtypeError, "c_0 .* .*float16"),
    "one float64 bias": ({"weights": stack(b_hh=z(16).double())}, DtypeError, "bias_hh_l0 is .*float64"),
    # the weights
    "weights of one cell": ({"weights": CELL}, FormError, "weights was given as reference.CellWeights"),
    "no weights": ({"weights": None}, FormError, "weights was given as NoneType"),
    "no layers": ({"weights": LSTMWeights(()), "hx": None}, ShapeError, "layers were given with"),
    "a layer without its reverse": (
        {"weights": LSTMWeights(((PROJECTED, PROJECTED), (replace(PROJECTED, w_ih=z(16, 4)),))), "hx": None},
        ShapeError,
        r"\[2, 1\] directions",
    ),
    "one bias": (
        {"weights": stack(b_ih=None)},
        FormError,
        "one of b_ih and b_hh of layer 0, direction 0 was given alone",
    ),
    "biases in one layer": ({"weights": stack(b_ih=None, b_hh=None)}, FormError, "give all layers the same"),
    "rows that are no gates": (
        {"weights": LSTMWeights(((CellWeights(z(15, 3), z(15, 4)),),)), "hx": None},
        ShapeError,
        r"but \(4H, I\)",
    ),
    "hidden size 0": (
        {"weights": LSTMWeights(((CellWeights(z(0, 3), z(0, 0)),),)), "hx": None},
        ShapeError,
        r"but \(4H, I\)",
    ),
    "w_ih of rank 1": ({"weights": stack(w_ih=z(16))}, ShapeError, "w_ih of layer 0.* add|stack"),
    "w_hh of other rows": ({"weights": stack(w_hh=z(12, 4))}, ShapeError, r"w_hh of .* but \(16, 4\)"),
    "w_hh of other columns": ({"weights": stack(w_hh=z(16, 3))}, ShapeError, r"w_hh of .* but \(16, 4\)"),
    "a short bias": ({"weights": stack(b_ih=z(4))}, ShapeError, r"b_ih of .* but \(16,\)"),
    "a bias of rank 2": ({"weights": stack(b_hh=z(1, 16))}, ShapeError, r"b_hh of .* but \(16,\)"),
    "a second layer that reads too much": (
        {"weights": LSTMWeights(((CELL,), (replace(NEXT, w_ih=z(16, 8)),)))},
        ShapeError,
        "read all of the layer below",
    ),
    "a second layer of another size": (
        {"weights": LSTMWeights(((CELL,), (CellWeights(z(8, 4), z(8, 2), z(8), z(8)),)))},
        ShapeError,
        "the same sizes",
    ),
    "projection as large as H": (
        {"weights": single(w_hh=z(16, 4), w_hr=z(4, 4)), "hx": None},
        ShapeError,
        "P=4, but P < H=4",
    ),
    "projection larger than H": (
        {"weights": single(w_hh=z(16, 5), w_hr=z(5, 4)), "hx": None},
        ShapeError,
        "P=5, but P < H=4",
    ),
    "projection transposed": ({"weights": single(w_hr=z(4, 2)), "hx": None}, ShapeError, r"w_hr of .* but \(2, 4\)"),
    "projected in one layer": (
        {"weights": LSTMWeights(((PROJECTED,), (replace(CELL, w_ih=z(16, 2)),))), "hx": None},
        FormError,
        "all layers",
    ),
    # lengths
    "a length of 0": ({"lengths": [5, 0]}, LengthsError, r"\[5, 0\], but 2 whole numbers from 1 to 5"),
    "a negative length": ({"lengths": [5, -1]}, LengthsError, "2 whole numbers from 1 to 5"),
    "a length beyond T": ({"lengths": [5, 6]}, LengthsError, "2 whole numbers from 1 to 5"),
    "a length too many": ({"lengths": [5, 5, 5]}, LengthsError, "2 whole numbers from 1 to 5"),
    "a length too few": ({"lengths": [5]}, LengthsError, "2 whole numbers from 1 to 5"),
    "one length as a number": ({"lengths": 5}, LengthsError, "2 whole numbers from 1 to 5"),
    "a fraction of a step": ({"lengths": [5, 2.5]}, LengthsError, "2 whole numbers from 1 to 5"),
    "truth values": ({"lengths": [True, True]}, LengthsError, "2 whole numbers from 1 to 5"),
    "lengths of rank 2": ({"lengths": torch.tensor([[5], [5]])}, LengthsError, "2 whole numbers from 1 to 5"),
    "float lengths": ({"lengths": torch.tensor([5.0, 5.0])}, LengthsError, "2 whole numbers from 1 to 5"),
    "lengths beyond a batch-first T": (
        {"input": z(2, 5, 3), "batch_first": True, "lengths": [5, 6]},
        LengthsError,
        "2 whole numbers from 1 to 5",
    ),
    "lengths without a batch": ({"input": z(5, 3), "hx": None, "lengths": [5]}, LengthsError, "an unbatched input"),
    # dropout
    "no mask": ({"dropout_masks": []}, ShapeError, "0 dropout masks were given, but 1 are needed"),
    "a mask for the last layer": ({"dropout_masks": [z(5, 2, 4)] * 2}, ShapeError, "2 dropout masks"),
    "a mask as an array": ({"dropout_masks": z(1, 5, 2, 4)}, FormError, "but a list is needed"),
    "a mask for all steps": ({"dropout_masks": [z(1, 2, 4)]}, ShapeError, r"dropout_masks\[0\] .* but \(5, 2, 4\)"),
    "a batch-first mask": ({"dropout_masks": [z(2, 5, 4)]}, ShapeError, r"dropout_masks\[0\] .* but \(5, 2, 4\)"),
    "a mask of truth values": ({"dropout_masks": [z(5, 2, 4).bool()]}, DtypeError, r"dropout_masks\[0\] .*bool"),
    "an unbatched mask": (
        {"input": z(5, 3), "hx": None, "dropout_masks": [z(5, 4)]},
        ShapeError,
        r"dropout_masks\[0\] .* but \(5, 1, 4\)",
    ),
}

LAYER_BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "weights of a stack": ({"weights": GOOD["weights"]}, FormError, "weights was given as reference.LSTMWeights"),
    "x of 4 features": ({"x": z(5, 2, 4)}, ShapeError, "4 features, but w_ih reads 3"),
    "x of rank 2": ({"x": z(5, 3)}, ShapeError, r"but \(T, B, I\)"),
    "no steps": ({"x": z(0, 2, 3)}, ShapeError, "0 time steps"),
    "states of a stack": ({"state": (z(1, 2, 4), z(1, 2, 4))}, ShapeError, r"h was .* but \(2, 4\)"),
    "h of batch 1": ({"state": (z(1, 4), z(2, 4))}, ShapeError, r"h was .* but \(2, 4\)"),
    "c of batch 1": ({"state": (z(2, 4), z(1, 4))}, ShapeError, r"c was .* but \(2, 4\)"),
    "states stacked": ({"state": z(2, 2, 4)}, FormError, r"but a pair \(h, c\)"),
    "float64 c": ({"state": (z(2, 4), z(2, 4).double())}, DtypeError, "c is .*float64"),
    "a length of 0": ({"lengths": [5, 0]}, LengthsError, "2 whole numbers from 1 to 5"),
    "one bias": ({"weights": replace(CELL, b_hh=None)}, FormError, "b_ih and b_hh was given alone"),
}

CELL_BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "weights of a stack": ({"weights": GOOD["weights"]}, FormError, "weights was given as reference.LSTMWeights"),
    "x of 4 features": ({"x": z(2, 4)}, ShapeError, "4 features, but w_ih reads 3"),
    "x of rank 3": ({"x": z(5, 2, 3)}, ShapeError, r"but \(B, I\) or \(I,\)"),
    "h of batch 3": ({"state": (z(3, 4), z(2, 4))}, ShapeError, r"h was .* but \(2, 4\)"),
    "c of batch 3": ({"state": (z(2, 4), z(3, 4))}, ShapeError, r"c was .* but \(2, 4\)"),
    "batched h, unbatched x": ({"x": z(3), "state": (z(1, 4), z(4))}, ShapeError, r"h was .* but \(4,\)"),
    "h alone": ({"state": z(2, 4)}, FormError, r"but a pair \(h, c\)"),
    "float64 h": ({"state": (z(2, 4).double(), z(2, 4))}, DtypeError, "h is .*float64"),
    "projection as large as H": (
        {"weights": replace(PROJECTED, w_hh=z(16, 4), w_hr=z(4, 4))},
        ShapeError,
        "P=4, but P < H=4",
    ),
}
