"""A torch whose layers, or matrix products, or both take twice the time, as the variable PLANTED_SLOWNESS says.

Loaded by any Python that has this folder in PYTHONPATH. PLANTED_SLOWNESS: the words "layer" and "product", or one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def twice(function: Callable[..., Any]) -> Callable[..., Any]:
    """Call a function twice, and return what it returns at last."""

    def called(*given: Any, **named: Any) -> Any:
        function(*given, **named)
        return function(*given, **named)

    return called


planted = os.environ.get("PLANTED_SLOWNESS", "").split()
if "layer" in planted:
    nn.LSTM.forward = twice(nn.LSTM.forward)
    nn.LSTMCell.forward = twice(nn.LSTMCell.forward)
if "product" in planted:
    torch.Tensor.__matmul__ = twice(torch.Tensor.__matmul__)
