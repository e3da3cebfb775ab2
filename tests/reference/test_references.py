"""The torch reference is `nn.LSTM` and `nn.LSTMCell`: values, gradients, dropout, packed and padded sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lstm_parity.parity_tests.small_lstms import (
    B,
    F,
    H,
    T,
    architectures,
    close,
    every_lengths,
    given_states,
    lstm,
    masks_of,
    numbers,
    states,
)
from lstm_parity.reference import sequences, torch_lstm
from lstm_parity.reference.weights import CellWeights, LSTMWeights, weights_of


@architectures
@given_states
@pytest.mark.parametrize("batch_first", [False, True])
def test_torch_reference_is_nn_lstm(architecture: dict[str, Any], form: Any, batch_first: bool) -> None:
    """The torch reference returns what nn.LSTM returns for every architecture, layout and form of states."""
    module = lstm(**architecture, batch_first=batch_first)
    x = numbers(B, T, F) if batch_first else numbers(T, B, F)
    hx = form and form(states(module, B))
    close(torch_lstm.lstm_forward(x, hx, weights_of(module), batch_first=batch_first), module(x, hx))


@architectures
@given_states
def test_torch_reference_is_nn_lstm_without_a_batch(architecture: dict[str, Any], form: Any) -> None:
    """An unbatched input has unbatched states and an unbatched output."""
    module, x = lstm(**architecture), numbers(T, F)
    hx = form and form(states(module))
    close(torch_lstm.lstm_forward(x, hx, weights_of(module)), module(x, hx))


@architectures
@every_lengths
@given_states
def test_torch_reference_is_nn_lstm_on_packed_sequences(
    architecture: dict[str, Any], lengths: list[int], form: Any
) -> None:
    """A PackedSequence, sorted or not, comes back packed just like nn.LSTM's, with the states in the batch's order."""
    module = lstm(**architecture)
    packed = pack_padded_sequence(numbers(T, B, F), lengths, enforce_sorted=False)
    hx = form and form(states(module, B))
    close(torch_lstm.lstm_forward(packed, hx, weights_of(module)), module(packed, hx))


def test_a_batch_packed_in_order_needs_no_indices() -> None:
    """A PackedSequence without sorted_indices is a batch in its own order."""
    module, packed = lstm(), pack_padded_sequence(numbers(T, B, F), [5, 3, 3, 1])
    close(torch_lstm.lstm_forward(packed, states(module, B), weights_of(module)), module(packed, states(module, B)))


@architectures
@every_lengths
@pytest.mark.parametrize("form", [list, tuple, torch.tensor, np.array], ids=["list", "tuple", "tensor", "array"])
def test_lengths_say_what_packing_says(architecture: dict[str, Any], lengths: list[int], form: Any) -> None:
    """A padded batch with lengths is the packed batch: output 0 beyond each length, the same last states."""
    module, x = lstm(**architecture), numbers(T, B, F)
    packed, state = module(pack_padded_sequence(x, lengths, enforce_sorted=False), states(module, B))
    expected = pad_packed_sequence(packed, total_length=T)[0], state
    close(torch_lstm.lstm_forward(x, states(module, B), weights_of(module), lengths=form(lengths)), expected)


@pytest.mark.parametrize("padding", [float("nan"), float("inf"), 1e300])
def test_padding_is_invisible(padding: float) -> None:
    """What stands beyond a sequence's length changes no output, no state and no gradient."""
    module, lengths = lstm(num_layers=2, bidirectional=True), [2, 5, 1, 4]
    clean, dirty = numbers(T, B, F), numbers(T, B, F)
    clean[1:, 2], dirty[1:, 2] = 0.0, padding
    close(outputs_and_gradients(dirty, module, lengths), outputs_and_gradients(clean, module, lengths), tolerance=0)


def outputs_and_gradients(x: Tensor, module: nn.LSTM, lengths: list[int]) -> list[Tensor]:
    """The outputs, and the gradients of their sum for the input and every weight."""
    x, weights = x.requires_grad_(), weights_of(module).map(lambda w: w.requires_grad_())
    output, (h, c) = torch_lstm.lstm_forward(x, None, weights, lengths=lengths)
    loss = output.sum() + h.sum() + c.sum()
    return [output, h, c, *torch.autograd.grad(loss, [x, *(w for _, w in weights.items())])]


@architectures
@pytest.mark.parametrize("which", ["output", "h_n", "c_n"])
def test_gradients_are_those_of_nn_lstm(architecture: dict[str, Any], which: str) -> None:
    """A loss on one of the outputs has nn.LSTM's gradient for the input, both states and every weight."""
    module, weights = lstm(**architecture), weights_of(lstm(**architecture)).map(lambda w: w.requires_grad_())
    leaves = [numbers(T, B, F).requires_grad_(), *(s.requires_grad_() for s in states(module, B))]
    close(
        gradients(torch_lstm.lstm_forward(leaves[0], leaves[1:], weights), which, leaves, dict(weights.items())),
        gradients(module(leaves[0], leaves[1:]), which, leaves, dict(module.named_parameters())),
    )


def gradients(result: Any, which: str, leaves: list[Tensor], weights: dict[str, Tensor]) -> list[Tensor | None]:
    """The gradients of a loss on one output, for the leaves and for the weights in order of their names."""
    loss = (dict(zip(("output", "h_n", "c_n"), (result[0], *result[1]), strict=True))[which] ** 2).sum()
    return list(torch.autograd.grad(loss, [*leaves, *(weights[n] for n in sorted(weights))], allow_unused=True))


@pytest.mark.parametrize("lengths", [None, [1, 2]], ids=str)
def test_first_and_second_derivatives_are_those_of_the_function(lengths: list[int] | None) -> None:
    """Numerical differentiation agrees with the reference's gradients, and with theirs."""
    arrays = numbers(12, 2), numbers(12, 2), numbers(12), numbers(12), numbers(2, 3)

    def reversed_layer(x: Tensor, h: Tensor, c: Tensor, *arrays: Tensor) -> Any:
        output, state = torch_lstm.lstm_layer(x, (h, c), CellWeights(*arrays), lengths=lengths, reverse=True)
        return output, *state

    leaves = [v.clone().requires_grad_() for v in (numbers(2, 2, 2), numbers(2, 2), numbers(2, 3), *arrays)]
    assert torch.autograd.gradcheck(reversed_layer, leaves)
    assert torch.autograd.gradgradcheck(reversed_layer, leaves)


@architectures
@pytest.mark.parametrize("p", [0.0, 0.4, 1.0])
def test_dropout_masks_replay_training(architecture: dict[str, Any], p: float) -> None:
    """With the masks that torch draws from a seed, layer by layer, the reference is nn.LSTM in train mode."""
    module, x = lstm(**{"num_layers": 3, **architecture}), numbers(T, B, F)
    module.dropout = p
    width = (1 + module.bidirectional) * (module.proj_size or H)
    masks = masks_of((T, B, width), p, module.num_layers - 1)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        expected = module.train()(x)
    close(torch_lstm.lstm_forward(x, None, weights_of(module), dropout_masks=masks), expected)


def test_dropout_masks_replay_training_on_packed_sequences() -> None:
    """On packed sequences torch drops packed data; unpacked, its mask is the reference's (T, B, D*P)."""
    module, packed = lstm(num_layers=2), pack_padded_sequence(numbers(T, B, F), [2, 5, 1, 4], enforce_sorted=False)
    module.dropout = 0.4
    (mask,) = masks_of((len(packed.data), H), 0.4, 1)
    mask, _ = sequences.unpack(packed._replace(data=mask))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        expected = module.train()(packed)
    close(torch_lstm.lstm_forward(packed, None, weights_of(module), dropout_masks=[mask]), expected)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(), (B,)], ids=["unbatched", "batched"])
@given_states
def test_torch_cell_is_nn_lstm_cell(bias: bool, batch: tuple[int, ...], form: Any) -> None:
    """The torch cell returns what nn.LSTMCell returns, with and without a batch, bias and states."""
    module = nn.LSTMCell(F, H, bias=bias).double()
    state = form and form((numbers(*batch, H, seed=2), numbers(*batch, H, seed=3)))
    x, weights = numbers(*batch, F), weights_of(module).cells[0][0]
    close(torch_lstm.lstm_cell(x, state, weights), module(x, state and tuple(state)))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("lengths", [None, [2, 5, 1, 4]], ids=str)
def test_torch_reference_keeps_the_dtype(dtype: torch.dtype, lengths: list[int] | None) -> None:
    """Output and states have the dtype of the input, with states given or not."""
    module = lstm(num_layers=2, bidirectional=True, proj_size=2)
    weights = weights_of(module).map(lambda w: w.to(dtype))
    output, state = torch_lstm.lstm_forward(numbers(T, B, F).to(dtype), None, weights, lengths=lengths)
    assert [a.dtype for a in (output, *state)] == [dtype] * 3


def test_inputs_are_left_as_they_were() -> None:
    """Neither input, states nor weights are written to."""
    module = lstm(num_layers=2, bidirectional=True)
    given = numbers(T, B, F), states(module, B), weights_of(module)
    torch_lstm.lstm_forward(*given, lengths=[2, 5, 1, 4])
    close((given[0], given[1], arrays(given[2])), (numbers(T, B, F), states(module, B), arrays(weights_of(module))), 0)


def arrays(weights: LSTMWeights) -> list[Tensor]:
    """The weights as a list."""
    return [value for _, value in weights.items()]
