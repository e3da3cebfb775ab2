"""The two references against torch and against one another: four derivations of one LSTM that share no code.

The bound is 1e-12 in float64; how close two implementations ought to be is the judge's question, not asked here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from reference import numpy_lstm, sequences, torch_lstm
from reference.weights import LSTMWeights, to_numpy, weights_of

T, B, F, H = 5, 4, 3, 6  # time steps, batch rows, input features, hidden features
ARCHITECTURES = [
    {},
    {"num_layers": 3},
    {"bidirectional": True},
    {"proj_size": 2},
    {"bias": False},
    {"num_layers": 2, "bidirectional": True, "proj_size": 2},
    {"num_layers": 2, "bidirectional": True, "bias": False},
]
LENGTHS = [[5, 4, 2, 1], [2, 5, 1, 4], [5, 5, 5, 5], [3, 3, 5, 1], [1, 1, 1, 1]]

architectures = pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda a: "-".join(a) or "plain")
every_lengths = pytest.mark.parametrize("lengths", LENGTHS, ids=str)
given_states = pytest.mark.parametrize("form", [None, tuple, list], ids=["none", "tuple", "list"])


def numbers(*shape: int, seed: int = 1) -> Tensor:
    """Standard normal float64 numbers of that shape."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def lstm(**architecture: Any) -> nn.LSTM:
    """A float64 nn.LSTM of that architecture, whose weights are the same in every run."""
    module = nn.LSTM(F, H, **architecture).double()
    for seed, parameter in enumerate(module.parameters()):
        parameter.data.copy_(numbers(*parameter.shape, seed=seed) / 2)
    return module


def states(module: nn.LSTM, *batch: int) -> tuple[Tensor, Tensor]:
    """Different numbers for every layer, direction, row and unit; one c is large."""
    count = module.num_layers * (1 + module.bidirectional)
    h, c = numbers(count, *batch, module.proj_size or H, seed=7), numbers(count, *batch, H, seed=8)
    c[0].view(-1)[0] = 30.0
    return h, c


def as_numpy(value: Any) -> Any:
    """The same value with NumPy arrays for tensors."""
    if isinstance(value, (tuple, list)):
        return type(value)(as_numpy(part) for part in value)
    if isinstance(value, Tensor):
        return to_numpy(value)
    return value.map(to_numpy) if hasattr(value, "map") else value


def close(actual: Any, expected: Any, tolerance: float = 1e-12) -> None:
    """The same structure, shapes and dtypes, with values within the tolerance; NaN agrees with NaN."""
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance, equal_nan=True)


def tensors(value: Any) -> Any:
    """The same value with tensors for NumPy arrays."""
    return tuple(map(tensors, value)) if isinstance(value, tuple) else torch.as_tensor(value)


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
    weights = weights_of(nn.LSTM(2, 3, proj_size=2, bidirectional=True).double())
    names, arrays = zip(*weights.cells[0][1].items(), strict=True)

    def reversed_layer(x: Tensor, h: Tensor, c: Tensor, *arrays: Tensor) -> Any:
        cell = type(weights.cells[0][1])(**dict(zip(names, arrays, strict=True)))
        output, state = torch_lstm.lstm_layer(x, (h, c), cell, lengths=lengths, reverse=True)
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


def masks_of(shape: tuple[int, ...], p: float, count: int) -> list[Tensor]:
    """The masks that torch draws from seed 3 for so many layers."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return [dropout(torch.ones(shape, dtype=torch.float64), p) for _ in range(count)]


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


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("lengths", [None, [2, 5, 1, 4]], ids=str)
def test_torch_reference_keeps_the_dtype(dtype: torch.dtype, lengths: list[int] | None) -> None:
    """Output and states have the dtype of the input, with states given or not."""
    module = lstm(num_layers=2, bidirectional=True, proj_size=2)
    weights = weights_of(module).map(lambda w: w.to(dtype))
    output, state = torch_lstm.lstm_forward(numbers(T, B, F).to(dtype), None, weights, lengths=lengths)
    assert [a.dtype for a in (output, *state)] == [dtype] * 3


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


@every_lengths
def test_unpacking_is_torchs(lengths: list[int]) -> None:
    """Our own indices unpack as torch's do, whatever the order of the lengths."""
    packed = pack_padded_sequence(numbers(T, B, F), lengths, enforce_sorted=False)
    close(sequences.unpack(packed), pad_packed_sequence(packed))


@every_lengths
def test_repacking_is_torchs(lengths: list[int]) -> None:
    """A padded batch is packed as a packed one was, indices and all."""
    packed = pack_padded_sequence(numbers(T, B, F), lengths, enforce_sorted=False)
    close(sequences.repack(numbers(T, B, F), packed), packed)


@every_lengths
def test_unpacking_undoes_packing(lengths: list[int]) -> None:
    """A padded batch, packed and unpacked, is itself."""
    x, given = numbers(T, B, F), torch.tensor(lengths)
    packed = sequences.pack(x, given)
    padded, found = sequences.unpack(packed)
    running = torch.arange(len(padded))[:, None, None] < given[:, None]
    close((padded, found), (x[: len(padded)] * running, given))


def test_inputs_are_left_as_they_were() -> None:
    """Neither input, states nor weights are written to."""
    module = lstm(num_layers=2, bidirectional=True)
    given = numbers(T, B, F), states(module, B), weights_of(module)
    torch_lstm.lstm_forward(*given, lengths=[2, 5, 1, 4])
    close((given[0], given[1], arrays(given[2])), (numbers(T, B, F), states(module, B), arrays(weights_of(module))), 0)


def arrays(weights: LSTMWeights) -> list[Tensor]:
    """The weights as a list."""
    return [value for _, value in weights.items()]
