"""Arrays as `.npy` files: numbers only, read with every byte accounted for, and refused in words."""

from __future__ import annotations

import math
import tokenize
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lstm_parity.cases.case import round_case
from lstm_parity.reference.noise.model import Array

FILE_DTYPES = {"float64": "float64", "float32": "float32", "bfloat16": "float32", "float16": "float16"}
_UNREADABLE = (ValueError, SyntaxError, tokenize.TokenError, OSError, RecursionError, MemoryError)
_NEEDED = "needed is a .npy file of format version 1.0 or 2.0 with float16, float32 or float64 numbers: write it again"


class FolderError(ValueError):
    """A folder, or a file in it, that cannot be read: what was given, what is needed, what to do."""


def write_array(path: Path, array: Array, dtype: str) -> None:
    """Write an array in the file type of a layer's dtype (bfloat16: float32), in C order, little-endian."""
    np.save(path, np.ascontiguousarray(array, np.dtype(FILE_DTYPES[dtype]).newbyteorder("<")), allow_pickle=False)


def read_array(path: Path) -> np.ndarray[Any, np.dtype[Any]]:
    """The array in a `.npy` file, in its own dtype. Raises FolderError where it is not a whole file of numbers."""
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            shape, fortran_order, dtype = _header(file)
            raw = file.read()
    except _UNREADABLE as error:
        raise FolderError(f"{path} was given, but cannot be read ({error}); {_NEEDED}") from error
    if dtype.newbyteorder("=").name not in FILE_DTYPES.values():
        what = "Python objects, which are never read" if dtype.hasobject else f"{dtype} values"
        raise FolderError(f"{path} was given with {what}; {_NEEDED}")
    if not shape or min(shape) < 1:
        raise FolderError(f"{path} was given with shape {shape}, which holds no row of numbers; {_NEEDED}")
    if len(raw) != (needed := math.prod(shape) * dtype.itemsize):
        raise FolderError(
            f"{path} was given with {len(raw)} bytes after its header, "
            f"but {dtype.newbyteorder('=')} numbers of shape {shape} need {needed}: write it again"
        )
    array = np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran_order else "C")
    return array.astype(dtype.newbyteorder("="))


def _header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    readers: dict[tuple[int, int], Callable[[BinaryIO], Any]] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"its format version is {version[0]}.{version[1]}")
    shape, fortran_order, dtype = readers[version](file)
    return shape, fortran_order, dtype


def round_to_dtype(array: Array, dtype: str) -> Array:
    """What a dtype holds of an array's numbers, as float64."""
    with np.errstate(over="ignore"):
        return round_case(np.asarray(array, np.float64), dtype)
