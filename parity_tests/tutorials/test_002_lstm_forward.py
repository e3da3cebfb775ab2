"""002, lstm_forward by hand, plain and projected: right, but for the dtype of its output."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lstm_parity.implementations.from_layer import FromLayer
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import judge
from lstm_parity.parity_tests.small_lstms import close
from lstm_parity.parity_tests.strategies import agrees
from lstm_parity.parity_tests.tutorials.pytorch_cells import lstm_forward, lstm_forward_in_float32
from lstm_parity.parity_tests.tutorials.runs import (
    PLAIN,
    PROJECTED,
    every_dtype,
    every_seed,
    gradients_by_hand_and_by_torch,
    its_case,
    leaves_of,
)
from lstm_parity.reports.failure import ParityError, require_parity
from lstm_parity.running.calls import weight_tensors
from lstm_parity.running.observe import observe

both = pytest.mark.parametrize("words", [PLAIN, PROJECTED], ids=["plain", "projected"])
TUTORIAL, CORRECTED = FromLayer("the tutorial's", lstm_forward_in_float32), FromLayer("lstm_forward", lstm_forward)


@both
@every_seed
def test_its_lstm_forward_is_nn_lstm_in_float32(words, seed):
    """Output, h_n and c_n are computed to rounding noise."""
    assert agrees(TUTORIAL, its_case(words, "float32", seed))


@both
@every_seed
@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_its_output_is_float32_whatever_it_is_given(words, seed, dtype):
    """`torch.zeros(batch, time, size)` has torch's default dtype; that is the first thing that is said."""
    with pytest.raises(ParityError, match=rf"\Aoutput has dtype float32, but must have {dtype}\n"):
        require_parity(judge(observe(TUTORIAL, its_case(words, dtype, seed))))


@both
def test_its_float32_output_is_rounded_too_and_its_states_are_not(words):
    """In float64 the digits are gone, from the output alone."""
    with pytest.raises(ParityError, match=r"(?s)output deviates: .* x rounding noise.*\n  h_n and c_n agree\n"):
        require_parity(judge(observe(TUTORIAL, its_case(words, "float64"))))


@both
@every_seed
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_with_an_output_of_the_dtype_of_its_input_it_is_right(words, seed, dtype):
    """Nothing else is wrong with it."""
    assert agrees(CORRECTED, its_case(words, dtype, seed))


@pytest.mark.parametrize(
    ("proj_size", "shapes"),
    [(0, [(20, 4), (20, 5), (20,), (20,)]), (3, [(20, 4), (20, 3), (20,), (20,), (3, 5)])],
    ids=["plain", "projected"],
)
def test_its_weights_have_the_shapes_that_it_prints(proj_size, shapes):
    """4H rows, and w_hh reads what w_hr leaves."""
    assert [tuple(p.shape) for p in nn.LSTM(4, 5, batch_first=True, proj_size=proj_size).parameters()] == shapes


@pytest.mark.parametrize(("words", "width"), [(PLAIN, 5), (PROJECTED, 3)], ids=["plain", "projected"])
def test_its_states_have_no_layer_axis(words, width):
    """h is (B, P) and c is (B, H), where nn.LSTM has (1, B, P) and (1, B, H)."""
    x, h, c, *weights = leaves_of(its_case(words))
    output, (h, c) = lstm_forward(x, (h, c), *weights)

    assert [*map(tuple, (output.shape, h.shape, c.shape))] == [(2, 3, width), (2, width), (2, 5)]


@both
@every_dtype
@every_seed
def test_autograd_through_it_gives_the_gradients_of_nn_lstm(words, dtype, seed):
    """Of a loss on output, h_n and c_n, for the input, both states and every weight.

    A gradient here is a sum of at most T * B = 6 products, each rounded a few times on its way. Two correct ones were
    at most 10 roundoffs of 1 + |gradient| apart (`docs/tutorials/`); 16 leave room for other kernels.
    """
    case = its_case(words, dtype, seed)
    module = TorchLSTM().load(case.setting, weight_tensors(case))
    by_hand, by_torch = gradients_by_hand_and_by_torch(case, lstm_forward, module)

    close(by_hand, by_torch, tolerance=16 * torch.finfo(getattr(torch, dtype)).eps / 2)
