"""The exceptions of a refused call, one class per kind, and the checks that raise them.

A sentence says what was given, what is needed, and what to do. Only types, shapes, dtypes and devices are read, so both
pages share it and it costs microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


class RefusedError(Exception):
    """The call is not one that an LSTM can answer."""


class FormError(RefusedError, TypeError):
    """An argument has the wrong form: not a pair, not an array, only one of the biases."""


class ShapeError(RefusedError, ValueError):
    """An array has another rank or size than the weights, the input and the batch demand."""


class DtypeError(RefusedError, TypeError):
    """An array's dtype is not one the reference computes in, or not that of the others."""


class DeviceError(RefusedError, ValueError):
    """Two arrays of one call lie on different devices."""


class LengthsError(RefusedError, ValueError):
    """The lengths of the sequences do not fit the input."""


@dataclass(frozen=True)
class Library:
    """The array library of a reference, torch or NumPy: the array type, its dtypes, and how to construct an array."""

    array: type
    dtypes: tuple[Any, ...]
    advice: str


TORCH = Library(
    torch.Tensor,
    (torch.float64, torch.float32, torch.bfloat16, torch.float16),
    "convert it with torch.as_tensor, and weights with weights.map(torch.as_tensor)",
)
NUMPY = Library(
    np.ndarray,
    (np.dtype(np.float64), np.dtype(np.float32)),
    "convert it with lstm_parity.reference.weights.to_numpy, and weights with weights.map(to_numpy)",
)


def require_kind(name: str, value: Any, kind: type, advice: str) -> None:
    """Raise FormError unless the value is of that class."""
    if not isinstance(value, kind):
        raise FormError(f"{name} was given as {describe_type(value)}, but {_type_name(kind)} is needed: {advice}")


def require_shape(name: str, array: Any, needed: tuple[int, ...], advice: str) -> None:
    """Raise ShapeError unless the array has exactly that shape: nothing is broadcast."""
    if tuple(array.shape) != needed:
        raise ShapeError(f"{name} was given with shape {tuple(array.shape)}, but {needed} is needed: {advice}")


def require_rank(name: str, array: Any, ranks: tuple[int, ...], meaning: str, advice: str) -> None:
    """Raise ShapeError unless the array has one of those numbers of axes."""
    if array.ndim not in ranks:
        raise ShapeError(f"{name} was given with shape {tuple(array.shape)}, but {meaning} is needed: {advice}")


def require_arrays(arrays: Iterable[tuple[str, Any]], library: Library) -> None:
    """Raise FormError, DtypeError or DeviceError unless all are the library's arrays, of one dtype, on one device."""
    first_name, first = "", None
    for name, array in arrays:
        require_kind(name, array, library.array, library.advice)
        if first is None:
            first_name, first = name, array
        if array.dtype not in library.dtypes:
            allowed = ", ".join(map(str, library.dtypes))
            raise DtypeError(f"{name} was given as {array.dtype}, but one of {allowed} is needed: cast it")
        if array.dtype != first.dtype:
            raise DtypeError(f"{name} is {array.dtype}, but {first_name} is {first.dtype}: cast one of them")
        if getattr(array, "device", None) != getattr(first, "device", None):
            raise DeviceError(f"{name} is on {array.device}, but {first_name} is on {first.device}: move one of them")


def describe_type(value: Any) -> str:
    """Describe the type of a value in words: `numpy.ndarray`, `tuple of 3`."""
    return _type_name(type(value)) + (f" of {len(value)}" if isinstance(value, (tuple, list)) else "")


def _type_name(kind: type) -> str:
    package = __package__ if kind.__module__.startswith(__package__) else kind.__module__.partition(".")[0]
    return f"{package}.{kind.__name__}".removeprefix("builtins.")
