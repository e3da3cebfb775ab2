"""Small LSTMs with numbers that are the same in every run, and a plain comparison: what the references' tests share.

The bound is 1e-12 in float64; how close two implementations ought to be is the judge's question, not asked here.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

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


def close(actual: Any, expected: Any, tolerance: float = 1e-12) -> None:
    """The same structure, shapes and dtypes, with values within the tolerance; NaN agrees with NaN."""
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance, equal_nan=True)


def tensors(value: Any) -> Any:
    """The same value with tensors for NumPy arrays."""
    return tuple(map(tensors, value)) if isinstance(value, tuple) else torch.as_tensor(value)


def masks_of(shape: tuple[int, ...], p: float, count: int) -> list[Tensor]:
    """The masks that torch draws from seed 3 for so many layers."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return [dropout(torch.ones(shape, dtype=torch.float64), p) for _ in range(count)]
