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
        return to_tensors(function(*to_arrays(arguments)))

    return called


def to_arrays(value: Any) -> Any:
    """Replace the tensors in nested values by arrays, which are views of them."""
    return value.detach().numpy() if isinstance(value, torch.Tensor) else _rebuild(value, to_arrays)


def to_tensors(value: Any) -> Any:
    """Replace the arrays in nested values by tensors; they are copied only where strides are negative."""
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        return torch.from_numpy(np.ascontiguousarray(array) if min(array.strides, default=0) < 0 else array)
    return _rebuild(value, to_tensors)


def _rebuild(value: Any, change: Callable[[Any], Any]) -> Any:
    """Change what is in a dict, a tuple, a named tuple or a list."""
    if isinstance(value, dict):
        return {name: change(part) for name, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(change, value))
    return type(value)(map(change, value)) if isinstance(value, tuple | list) else value
