"""Weights are copied out of torch, never viewed, and written back exactly or not at all."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lstm_parity.reference.weights import LSTMWeights, to_numpy, weights_of, write_weights

DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]
MODULES = {
    "cell": lambda: nn.LSTMCell(3, 4),
    "cell without bias": lambda: nn.LSTMCell(3, 4, bias=False),
    "plain": lambda: nn.LSTM(3, 4),
    "deep": lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True, proj_size=2),
    "deep without bias": lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True, bias=False),
}
modules = pytest.mark.parametrize("module", [pytest.param(make(), id=name) for name, make in MODULES.items()])
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def values(weights: LSTMWeights) -> list[Tensor]:
    """Copies of all weights, in order."""
    return [value.clone() for _, value in weights.items()]


def same(actual: list[Tensor], expected: list[Tensor]) -> bool:
    """Bit for bit, in shape and in dtype."""
    return all(
        a.dtype == b.dtype and torch.equal(a.view(torch.uint8), b.view(torch.uint8))
        for a, b in zip(actual, expected, strict=True)
    )


def copy_of(module: Any, dtype: torch.dtype) -> Any:
    """Another module of the same architecture, in that dtype, full of NaN."""
    arguments = {name: getattr(module, name) for name in ("input_size", "hidden_size", "bias")}
    if isinstance(module, nn.LSTM):
        arguments |= {name: getattr(module, name) for name in ("num_layers", "bidirectional", "proj_size")}
    other = type(module)(**arguments).to(dtype)
    for parameter in other.parameters():
        nn.init.constant_(parameter, float("nan"))
    return other


@modules
def test_the_names_are_those_of_the_state_dict(module: nn.Module) -> None:
    """Every parameter is there, in torch's order, under its own name; a cell's is that of layer 0."""
    names = [
        name.removesuffix("_l0") if isinstance(module, nn.LSTMCell) else name for name, _ in weights_of(module).items()
    ]
    assert names == list(module.state_dict())


@modules
def test_weights_share_no_memory_with_the_module(module: nn.Module) -> None:
    """Each weight lies in memory of its own, off the graph."""
    theirs = {parameter.data_ptr() for parameter in module.parameters()}
    ours = [value for _, value in weights_of(module).items()]
    assert not any(v.data_ptr() in theirs or v.requires_grad for v in ours)


@modules
def test_changing_the_module_leaves_the_weights(module: nn.Module) -> None:
    """A later training step does not reach into weights that were taken before."""
    module = copy_of(module, torch.float64)
    weights = weights_of(module)
    before = values(weights)
    _fill(module.parameters(), 1.0)
    assert same(values(weights), before)


@modules
def test_changing_the_weights_leaves_the_module(module: nn.Module) -> None:
    """Nor do the weights reach into the module."""
    weights, before = weights_of(module), [p.detach().clone() for p in module.parameters()]
    _fill((value for _, value in weights.items()), 1.0)
    assert same([p.detach() for p in module.parameters()], before)


def _fill(tensors: Any, number: float) -> None:
    with torch.no_grad():
        for tensor in tensors:
            tensor.fill_(number)


@modules
@dtypes
def test_a_round_trip_is_exact(module: nn.Module, dtype: torch.dtype) -> None:
    """Written into another module, the weights are bit for bit what they were, in every dtype."""
    weights, other = weights_of(module).map(lambda w: w.to(dtype)), copy_of(module, dtype)
    write_weights(weights, other)
    assert same(values(weights_of(other)), values(weights))


@modules
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16], ids=str)
def test_arrays_are_written_back_exactly(module: nn.Module, dtype: torch.dtype) -> None:
    """So are NumPy arrays, in the dtypes that NumPy has."""
    weights, other = weights_of(module).map(lambda w: w.to(dtype)), copy_of(module, dtype)
    write_weights(weights.map(to_numpy), other)
    assert same(values(weights_of(other)), values(weights))


@pytest.mark.parametrize(
    "special", [float("nan"), float("inf"), -0.0, 5e-324, 2.0**-1074, 1.7976931348623157e308], ids=float.hex
)
def test_special_numbers_survive(special: float) -> None:
    """NaN, infinities, signed zeros and the smallest numbers are written as they are."""
    weights, other = (
        weights_of(nn.LSTM(3, 4).double()).map(lambda w: torch.full_like(w, special)),
        nn.LSTM(3, 4).double(),
    )
    write_weights(weights, other)
    assert same(values(weights_of(other)), values(weights))


REFUSED = {
    "no bias for a module that has one": (nn.LSTM(3, 4, bias=False), nn.LSTM(3, 4), "but the module has"),
    "bias for a module without": (nn.LSTM(3, 4), nn.LSTM(3, 4, bias=False), "but the module has"),
    "one layer for two": (nn.LSTM(3, 4), nn.LSTM(3, 4, 2), "but the module has"),
    "two directions for one": (nn.LSTM(3, 4, bidirectional=True), nn.LSTM(3, 4), "but the module has"),
    "projection for none": (nn.LSTM(3, 4, proj_size=2), nn.LSTM(3, 4), "but the module has"),
    "two layers for a cell": (nn.LSTM(3, 4, 2), nn.LSTMCell(3, 4), "but the module has"),
    "another input size": (nn.LSTM(1, 4), nn.LSTM(3, 4), r"weight_ih_l0 .* \(16, 1\), but .* \(16, 3\)"),
    "another hidden size": (nn.LSTM(3, 5), nn.LSTM(3, 4), r"weight_ih_l0 .* \(20, 3\), but .* \(16, 3\)"),
    "another dtype": (nn.LSTM(3, 4).double(), nn.LSTM(3, 4), "float64 .* but the module's is torch.float32"),
    "a narrower dtype": (nn.LSTM(3, 4).half(), nn.LSTM(3, 4), "float16 .* but the module's is torch.float32"),
}


@pytest.mark.parametrize("refused", REFUSED)
def test_weights_that_do_not_fit_are_refused(refused: str) -> None:
    """Nothing is broadcast, cast or left out."""
    source, module, words = REFUSED[refused]
    with pytest.raises(ValueError, match=words):
        write_weights(weights_of(source), module)


def test_a_refused_write_changes_nothing() -> None:
    """All weights are checked before the first is written."""
    module, source = nn.LSTM(3, 4), weights_of(nn.LSTM(3, 4))
    before = values(weights_of(module))
    source.cells[0][0].b_hh.resize_(5)
    with pytest.raises(ValueError, match="bias_hh_l0"):
        write_weights(source, module)
    assert same(values(weights_of(module)), before)


def test_weights_are_frozen() -> None:
    """A value is replaced, never changed."""
    with pytest.raises(FrozenInstanceError):
        weights_of(nn.LSTM(3, 4)).cells[0][0].w_ih = None  # type: ignore[misc]


@pytest.mark.parametrize(
    ("module", "sizes"),
    [
        (nn.LSTM(3, 5), (1, 1, 3, 5, 5)),
        (nn.LSTM(3, 5, 4, bidirectional=True, proj_size=2), (4, 2, 3, 5, 2)),
        (nn.LSTMCell(3, 5), (1, 1, 3, 5, 5)),
    ],
)
def test_sizes_are_read_off_the_weights(module: nn.Module, sizes: tuple[int, ...]) -> None:
    """Layers, directions, input, hidden and output size are those of the module."""
    w = weights_of(module)
    assert (w.num_layers, w.num_directions, w.input_size, w.hidden_size, w.output_size) == sizes


@dtypes
def test_arrays_are_copies_of_tensors(dtype: torch.dtype) -> None:
    """A NumPy copy holds the same numbers, in its own memory; bfloat16 is widened, exactly."""
    tensor = torch.tensor([1.0, -0.1, 3e-5]).to(dtype).requires_grad_()
    array = to_numpy(tensor)
    _fill([tensor], 7.0)
    assert np.array_equal(array, torch.tensor([1.0, -0.1, 3e-5]).to(dtype).double().numpy())
