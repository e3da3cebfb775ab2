"""What nn.LSTM does not document, both references refuse, each kind with its own exception and in words.

The calls are in bad_calls.py.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from parity_tests.bad_calls import BAD, CELL, CELL_BAD, GOOD, H_0, LAYER_BAD, stack, z
from parity_tests.small_lstms import as_numpy
from reference import numpy_lstm, torch_lstm
from reference.refusals import DeviceError, DtypeError, FormError, LengthsError, RefusedError, ShapeError

references = pytest.mark.parametrize(
    ("reference", "convert"), [(torch_lstm, lambda value: value), (numpy_lstm, as_numpy)], ids=["torch", "numpy"]
)


@references
@pytest.mark.parametrize("bad", BAD)
def test_a_bad_call_is_refused_in_words(reference: ModuleType, convert: Any, bad: str) -> None:
    """The exception is the one of its kind, and its sentence names what was given and what is needed."""
    changes, kind, words = BAD[bad]
    with pytest.raises(kind, match=words) as refusal:
        reference.lstm_forward(**convert(GOOD | changes))
    assert isinstance(refusal.value, RefusedError)


@references
@pytest.mark.parametrize("bad", BAD)
def test_a_refusal_is_one_sentence_that_says_what_to_do(reference: ModuleType, convert: Any, bad: str) -> None:
    """What is wrong comes before the last colon, what to do after it, on one line."""
    with pytest.raises(RefusedError, match=r"^[^\n]+: [a-z][^\n:]+$"):
        reference.lstm_forward(**convert(GOOD | BAD[bad][0]))


def test_every_bad_call_differs_from_a_good_one() -> None:
    """The call that the cases change is itself accepted, so each is refused for its change."""
    output, _ = torch_lstm.lstm_forward(**GOOD)
    assert output.shape == (5, 2, 4)


@references
@pytest.mark.parametrize("form", [tuple, list])
@pytest.mark.parametrize("batch", [0, 1, 2])
def test_what_nn_lstm_documents_is_accepted(reference: ModuleType, convert: Any, form: Any, batch: int) -> None:
    """States may be a tuple or a list, and a batch may be empty."""
    hx = form((z(2, batch, 4), z(2, batch, 4)))
    output, _ = reference.lstm_forward(**convert(GOOD | {"input": z(5, batch, 3), "hx": hx}))
    assert output.shape == nn.LSTM(3, 4, 2)(z(5, batch, 3), list(hx))[0].shape


@references
@pytest.mark.parametrize("bad", LAYER_BAD)
def test_a_bad_call_of_a_layer_is_refused(reference: ModuleType, convert: Any, bad: str) -> None:
    """A layer checks for itself, with the names of its own arguments."""
    changes, kind, words = LAYER_BAD[bad]
    call = {"x": z(5, 2, 3), "state": (z(2, 4), z(2, 4)), "weights": CELL} | changes
    with pytest.raises(kind, match=words):
        reference.lstm_layer(**convert(call))


@references
@pytest.mark.parametrize("bad", CELL_BAD)
def test_a_bad_call_of_a_cell_is_refused(reference: ModuleType, convert: Any, bad: str) -> None:
    """A cell checks for itself, with the names of its own arguments."""
    changes, kind, words = CELL_BAD[bad]
    call = {"x": z(2, 3), "state": (z(2, 4), z(2, 4)), "weights": CELL} | changes
    with pytest.raises(kind, match=words):
        reference.lstm_cell(**convert(call))


EQUAL, VARYING = pack_padded_sequence(z(5, 2, 3), [5, 5]), pack_padded_sequence(z(5, 2, 3), [5, 2])
UNSORTED = pack_padded_sequence(z(5, 2, 3), [2, 5], enforce_sorted=False)
packings = pytest.mark.parametrize("packed", [EQUAL, VARYING, UNSORTED], ids=["equal", "varying", "unsorted"])


@packings
@pytest.mark.parametrize("bad", [name for name, case in BAD.items() if case[0].keys() == {"hx"}])
def test_bad_states_are_refused_beside_packed_input(packed: PackedSequence, bad: str) -> None:
    """States are checked on a PackedSequence too, where nn.LSTM of torch 2.13 reads past their end."""
    changes, kind, words = BAD[bad]
    with pytest.raises(kind, match=words.replace("input is", ".* is")):
        torch_lstm.lstm_forward(**(GOOD | {"input": packed} | changes))


PACKED_BAD: dict[str, tuple[PackedSequence, type[Exception], str]] = {
    "4 features, equal": (EQUAL._replace(data=z(10, 4)), ShapeError, "4 features, but w_ih reads 3"),
    "4 features, varying": (VARYING._replace(data=z(7, 4)), ShapeError, "4 features, but w_ih reads 3"),
    "integer data": (EQUAL._replace(data=z(10, 3).long()), DtypeError, "input was given as torch.int64"),
    "float64 data": (EQUAL._replace(data=z(10, 3).double()), DtypeError, "but input is torch.float64"),
    "data of rank 3": (EQUAL._replace(data=z(10, 1, 3)), ShapeError, r"but \(rows, I\)"),
    "a row missing": (VARYING._replace(data=z(6, 3)), LengthsError, "for 6 rows"),
    "a growing batch": (EQUAL._replace(batch_sizes=torch.tensor([1, 2, 2, 2, 3])), LengthsError, "never grow"),
    "an empty step": (EQUAL._replace(batch_sizes=torch.tensor([5, 5, 0])), LengthsError, "positive numbers"),
    "no steps": (EQUAL._replace(data=z(0, 3), batch_sizes=torch.tensor([]).long()), LengthsError, "positive numbers"),
    "indices that do not match": (
        UNSORTED._replace(unsorted_indices=torch.tensor([0, 1])),
        LengthsError,
        "do not undo one another",
    ),
}


@pytest.mark.parametrize("bad", PACKED_BAD)
def test_a_malformed_packed_sequence_is_refused(bad: str) -> None:
    """A PackedSequence is checked like any input, and for being one."""
    packed, kind, words = PACKED_BAD[bad]
    with pytest.raises(kind, match=words):
        torch_lstm.lstm_forward(**(GOOD | {"input": packed}))


@packings
def test_lengths_beside_a_packed_sequence_are_refused(packed: PackedSequence) -> None:
    """Lengths are said once."""
    with pytest.raises(LengthsError, match="carries its own: leave lengths out"):
        torch_lstm.lstm_forward(**(GOOD | {"input": packed, "lengths": [5, 5]}))


def test_numpy_refuses_a_packed_sequence() -> None:
    """A packed batch for NumPy is a padded one with lengths."""
    with pytest.raises(FormError, match=r"input was given as torch\.PackedSequence"):
        numpy_lstm.lstm_forward(**(as_numpy(GOOD) | {"input": EQUAL}))


@pytest.mark.parametrize("name", ["input", "hx", "weights"])
def test_numpy_refuses_tensors(name: str) -> None:
    """The NumPy reference says how to make arrays of tensors."""
    with pytest.raises(FormError, match=r"torch\.Tensor, but numpy.ndarray is needed: convert it with .*to_numpy"):
        numpy_lstm.lstm_forward(**(as_numpy(GOOD) | {name: GOOD[name]}))


@pytest.mark.parametrize("name", ["input", "hx", "weights"])
def test_torch_refuses_arrays(name: str) -> None:
    """The torch reference says how to make tensors of arrays."""
    with pytest.raises(FormError, match=r"numpy.ndarray, but torch.Tensor is needed: convert it with torch.as_tensor"):
        torch_lstm.lstm_forward(**(GOOD | {name: as_numpy(GOOD[name])}))


def test_numpy_refuses_float16() -> None:
    """NumPy would add up float16 products in float16, which no LSTM does."""
    half = {name: as_numpy(value) for name, value in GOOD.items()} | {"input": np.zeros((5, 2, 3), np.float16)}
    with pytest.raises(DtypeError, match="input was given as float16, but one of float64, float32 is needed: cast it"):
        numpy_lstm.lstm_forward(**half)


@pytest.mark.parametrize("name", ["input", "hx", "weights", "dropout_masks"])
def test_another_device_is_refused(name: str) -> None:
    """All tensors of a call lie on one device; the meta device stands for any other."""
    there = {
        "input": z(5, 2, 3, device="meta"),
        "hx": (H_0, z(2, 2, 4, device="meta")),
        "weights": stack(w_hh=z(16, 4, device="meta")),
        "dropout_masks": [z(5, 2, 4, device="meta")],
    }
    with pytest.raises(DeviceError, match=r"is on .*: move one of them"):
        torch_lstm.lstm_forward(**(GOOD | {name: there[name]}))
