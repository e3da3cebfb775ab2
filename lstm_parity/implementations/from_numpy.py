"""Functions that compute with NumPy arrays, called with tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np
import torch

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.wrapped import Wrapped
from lstm_parity.running.protocol import LSTM


@dataclass(frozen=True)
class WithoutGradients(Wrapped):
    """An implementation that computes with NumPy, so that autograd cannot differentiate it."""

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return why the implementation does not support a setting, or that NumPy has no such dtype."""
        return "NumPy has no bfloat16" if setting.runtime.dtype == "bfloat16" else super().unsupported_reason(setting)

    def parameters(self, lstm: LSTM) -> dict[str, torch.Tensor]:
        """Raise NotImplementedError, which is a refusal."""
        raise NotImplementedError(f"{self.name} computes with NumPy, which has no autograd")


def call_on_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with every tensor that it is given made an array, and every array that it returns a tensor.

    An array that it is given is a view of the tensor; what it returns is copied only where strides are negative.
    """

    @wraps(function)
    def called(*arguments: Any) -> Any:
        return _tensors(function(*_arrays(arguments)))

    return called


def _arrays(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().numpy()
    return type(value)(map(_arrays, value)) if isinstance(value, tuple | list) else value


def _tensors(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        return torch.from_numpy(np.ascontiguousarray(array) if min(array.strides, default=0) < 0 else array)
    return type(value)(map(_tensors, value)) if isinstance(value, tuple | list) else value
