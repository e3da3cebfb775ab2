"""What nn.LSTM does not document, both references refuse, each kind with its own exception and in words.

The calls are in bad_calls/; what nn.LSTM and nn.LSTMCell do with them is asked in test_refusals.py.
"""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from torch import nn

from lstm_parity.catalogue.bad_calls import BAD
from lstm_parity.catalogue.bad_calls.bad_call import EQUAL, GOOD, zeros
from lstm_parity.catalogue.bad_calls.callees import can_run, numpy_arguments
from lstm_parity.reference import numpy_lstm, torch_lstm
from lstm_parity.reference.errors import DtypeError, FormError, RefusedError
from lstm_parity.reference.weights import as_numpy

references = pytest.mark.parametrize(
    ("reference", "convert"), [(torch_lstm, lambda value: value), (numpy_lstm, as_numpy)], ids=["torch", "numpy"]
)
FORWARD = GOOD["lstm_forward"]


def refusal_in_torch(row: str) -> RefusedError:
    """What the torch reference says of a bad call."""
    with pytest.raises(RefusedError) as refusal:
        getattr(torch_lstm, BAD[row].function)(**BAD[row].arguments)
    return refusal.value


def refusal_in_numpy(row: str) -> RefusedError:
    """What the NumPy reference says of a bad call."""
    with pytest.raises(RefusedError) as refusal:
        getattr(numpy_lstm, BAD[row].function)(**numpy_arguments(BAD[row]))
    return refusal.value


def sentence(row: str) -> str:
    """What a refusal of that call must look like: its words, what is wrong before the last colon, what to do after."""
    return rf"(?=.*({BAD[row].words}))[^\n]+: [a-z][^\n:]+"


@pytest.mark.parametrize("row", BAD)
def test_the_torch_reference_refuses_what_no_lstm_answers(row: str) -> None:
    """In one sentence that says what was given, what is needed and what to do, by the exception of its kind."""
    refusal = refusal_in_torch(row)
    assert type(refusal) is BAD[row].kind
    assert re.fullmatch(sentence(row), str(refusal))


@pytest.mark.parametrize("row", [row for row in BAD if can_run("NumPy reference", row)])
def test_the_numpy_reference_refuses_what_no_lstm_answers(row: str) -> None:
    """In the same sentence."""
    refusal = refusal_in_numpy(row)
    assert type(refusal) is BAD[row].kind
    assert re.fullmatch(sentence(row), str(refusal))


@references
@pytest.mark.parametrize("function", GOOD)
def test_every_bad_call_differs_from_a_good_one(reference: ModuleType, convert: Any, function: str) -> None:
    """The call that the table changes is itself accepted, so each is refused for its change."""
    assert getattr(reference, function)(**convert(GOOD[function]))[0].shape[-1] == 4


@references
@pytest.mark.parametrize("form", [tuple, list])
@pytest.mark.parametrize("batch", [0, 1, 2])
def test_what_nn_lstm_documents_is_accepted(reference: ModuleType, convert: Any, form: Any, batch: int) -> None:
    """States may be a tuple or a list, and a batch may be empty."""
    hx = form((zeros(2, batch, 4), zeros(2, batch, 4)))
    output, _ = reference.lstm_forward(**convert(FORWARD | {"input": zeros(5, batch, 3), "hx": hx}))
    assert output.shape == nn.LSTM(3, 4, 2)(zeros(5, batch, 3), list(hx))[0].shape


def test_numpy_refuses_a_packed_sequence() -> None:
    """A packed batch for NumPy is a padded one with lengths."""
    with pytest.raises(FormError, match=r"input was given as torch\.PackedSequence"):
        numpy_lstm.lstm_forward(**(as_numpy(FORWARD) | {"input": EQUAL}))


@pytest.mark.parametrize("name", ["input", "hx", "weights"])
def test_numpy_refuses_tensors(name: str) -> None:
    """The NumPy reference says how to make arrays of tensors."""
    with pytest.raises(FormError, match=r"torch\.Tensor, but numpy.ndarray is needed: convert it with .*to_numpy"):
        numpy_lstm.lstm_forward(**(as_numpy(FORWARD) | {name: FORWARD[name]}))


@pytest.mark.parametrize("name", ["input", "hx", "weights"])
def test_torch_refuses_arrays(name: str) -> None:
    """The torch reference says how to make tensors of arrays."""
    with pytest.raises(FormError, match=r"numpy.ndarray, but torch.Tensor is needed: convert it with torch.as_tensor"):
        torch_lstm.lstm_forward(**(FORWARD | {name: as_numpy(FORWARD[name])}))


def test_numpy_refuses_float16() -> None:
    """NumPy would add up float16 products in float16, which no LSTM does."""
    half = {name: as_numpy(value) for name, value in FORWARD.items()} | {"input": np.zeros((5, 2, 3), np.float16)}
    with pytest.raises(DtypeError, match="input was given as float16, but one of float64, float32 is needed: cast it"):
        numpy_lstm.lstm_forward(**half)
