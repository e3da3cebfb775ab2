"""A bug of torch's quantizable LSTM that `--impl class:` found, until torch mends it."""

from __future__ import annotations

import pytest
import torch
from torch.ao.nn import quantizable


@pytest.mark.xfail(strict=True, raises=RuntimeError, reason="docs/findings/quantizable-dtype.md, torch 2.2.2 to 2.13.0")
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_quantizable_lstm_starts_from_zeros_of_its_dtype(dtype):
    """As nn.LSTM does, whatever the dtype."""
    lstm = quantizable.LSTM(3, 4, dtype=dtype)

    assert lstm(torch.ones(5, 2, 3, dtype=dtype))[0].dtype == dtype
