"""The small LSTM that capabilities are tried with."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def small(dtype: str = "float32", **arguments: Any) -> tuple[nn.LSTM, Tensor]:
    """An LSTM and an input of 5 steps and 2 rows."""
    torch.manual_seed(0)
    return nn.LSTM(3, 4, dtype=getattr(torch, dtype), **arguments), torch.randn(5, 2, 3).to(getattr(torch, dtype))
