"""The NumPy reference is the torch reference, function by function, in float64 and float32, and in silence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lstm_parity.parity_tests.small_lstms import (
    LENGTHS,
    B,
    F,
    H,
    T,
    architectures,
    close,
    given_states,
    lstm,
    masks_of,
    numbers,
    states,
    tensors,
)
from lstm_parity.reference import numpy_lstm, torch_lstm
from lstm_parity.reference.weights import as_numpy, weights_of


@architectures
@pytest.mark.parametrize("batch", [(), (B,)], ids=["unbatched", "batched"])
def test_numpy_cell_is_the_torch_cell(architecture: dict[str, Any], batch: tuple[int, ...]) -> None:
    """The two pages compute the same cell."""
    module = lstm(**architecture)
    weights, x = weights_of(module).cells[0][0], numbers(*batch, F)
    state = tuple(s[0] for s in states(module, *batch))
    actual = numpy_lstm.lstm_cell(*as_numpy((x, state, weights)))
    close(tensors(actual), torch_lstm.lstm_cell(x, state, weights))


@architectures
@pytest.mark.parametrize("lengths", [None, [2, 5, 1, 4]], ids=str)
@pytest.mark.parametrize("reverse", [False, True])
def test_numpy_layer_is_the_torch_layer(architecture: dict[str, Any], lengths: list[int] | None, reverse: bool) -> None:
    """The two pages compute the same layer in either direction."""
    module, x = lstm(**architecture), numbers(T, B, F)
    weights, state = weights_of(module).cells[0][0], tuple(s[0] for s in states(module, B))
    actual = numpy_lstm.lstm_layer(*as_numpy((x, state, weights)), lengths=lengths, reverse=reverse)
    close(tensors(actual), torch_lstm.lstm_layer(x, state, weights, lengths=lengths, reverse=reverse))


@architectures
@given_states
@pytest.mark.parametrize("lengths", [None, *LENGTHS], ids=str)
@pytest.mark.parametrize("batch_first", [False, True])
def test_numpy_reference_is_the_torch_reference(
    architecture: dict[str, Any], form: Any, lengths: list[int] | None, batch_first: bool
) -> None:
    """The two pages compute the same stack, with dropout masks."""
    module = lstm(**architecture)
    x = numbers(B, T, F) if batch_first else numbers(T, B, F)
    masks = masks_of((T, B, (1 + module.bidirectional) * (module.proj_size or H)), 0.4, module.num_layers - 1)
    call = {"lengths": lengths, "batch_first": batch_first}
    given = x, form and form(states(module, B)), weights_of(module)
    actual = numpy_lstm.lstm_forward(*as_numpy(given), **call, dropout_masks=as_numpy(masks))
    close(tensors(actual), torch_lstm.lstm_forward(*given, **call, dropout_masks=masks))


@architectures
def test_numpy_reference_is_the_torch_reference_without_a_batch(architecture: dict[str, Any]) -> None:
    """The two pages agree on an unbatched input."""
    module, x = lstm(**architecture), numbers(T, F)
    given = x, states(module), weights_of(module)
    close(tensors(numpy_lstm.lstm_forward(*as_numpy(given))), torch_lstm.lstm_forward(*given))


@pytest.mark.parametrize("lengths", [None, [2, 5, 1, 4]], ids=str)
def test_numpy_reference_keeps_float32(lengths: list[int] | None) -> None:
    """NumPy's float32 arrays give float32 output and states."""
    weights = weights_of(lstm(num_layers=2, bidirectional=True, proj_size=2).float())
    given = as_numpy((numbers(T, B, F).float(), None, weights))
    output, state = numpy_lstm.lstm_forward(*given, lengths=lengths)
    assert [a.dtype for a in (output, *state)] == [np.float32] * 3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e308, -1e308])
def test_extreme_inputs_are_answered_alike_and_in_silence(value: float) -> None:
    """NaN, infinite and huge inputs and states give what torch gives, and no warning."""
    module, x = lstm(num_layers=2, proj_size=2), numbers(T, B, F)
    h, c = states(module, B)
    x[1, 0], h[0, 1], c[1, 2] = value, value, value
    given = x, (h, c), weights_of(module)
    with np.errstate(all="raise"):
        actual = numpy_lstm.lstm_forward(*as_numpy(given))
    close(tensors(actual), torch_lstm.lstm_forward(*given))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_sigmoid_keeps_its_relative_accuracy(dtype: Any) -> None:
    """From -700 (-80 in float32) to 40 the sigmoid is within 4 roundings of the one computed in longer arithmetic."""
    z = np.linspace(-700 if dtype is np.float64 else -80, 40, 1001, dtype=dtype)
    exact = 1 / (1 + np.exp(-z.astype(np.longdouble)))
    assert np.max(np.abs(numpy_lstm._sigmoid(z) / exact - 1)) < 4 * np.finfo(dtype).eps
