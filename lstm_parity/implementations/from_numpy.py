"""Functions that compute with NumPy arrays, called with tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from types import CodeType, FunctionType, ModuleType
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
    """Make a function on arrays one on tensors: tensors become arrays before the call, results tensors after it.

    An array that it is given is a view of the tensor; what it returns is copied only where strides are negative.
    """

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        return to_tensors(function(*to_arrays(arguments), **to_arrays(named)))

    return call


_OF_TENSORS = {"torch", "chunk", "unbind", "sigmoid", "unsqueeze", "new_zeros", "cuda"}  # what arrays do not have


def computes_with_numpy(function: Callable[..., Any]) -> bool:
    """Whether a function, with those of the user's that it calls, names NumPy and not torch; nothing is called."""
    waiting, seen, packages = [inspect.unwrap(function)], set[Any](), set[str]()
    while waiting:
        one = waiting.pop()
        if not isinstance(one, FunctionType) or one in seen:
            continue
        seen.add(one)
        for name in _list_names(one.__code__):
            value = one.__globals__.get(name)
            packages |= {"torch"} if name in _OF_TENSORS and value is None else {name} if name == "numpy" else set()
            of = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None) or ""
            packages.add(str(of).partition(".")[0])
            waiting += [value] if str(of).partition(".")[0] not in ("numpy", "torch") else []
    return "numpy" in packages and "torch" not in packages


def _list_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _list_names(inner)


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
