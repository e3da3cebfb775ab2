"""Arrays as `.npy` files: numbers only, read with every byte accounted for, and refused in words."""

from __future__ import annotations

import io
import math
import tokenize
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lstm_parity.files.stored import Budget, FolderError, StoredArray, store_array

_UNREADABLE = (ValueError, SyntaxError, tokenize.TokenError, OSError, RecursionError, MemoryError, OverflowError)
_MAX_HEADER = 10_000  # bytes that are parsed as an expression of Python
_FORMAT = "a .npy file of format version 1.0 or 2.0"
_NEEDED = f"needed is {_FORMAT} with numbers: write it again"


def read_npy_file(path: Path) -> dict[str, StoredArray]:
    """Read the array in a `.npy` file; its name is the file's."""
    return {path.stem: store_array(path, read_npy(path, Budget(path)))}


def read_npy(path: Path, budget: Budget | None = None, needed: str = _NEEDED) -> np.ndarray[Any, np.dtype[Any]]:
    """Read the array in a `.npy` file, in its own dtype. Raises FolderError if it is not a whole file of numbers."""
    try:
        with path.open("rb") as file:
            return read_npy_stream(file, path, budget, needed)
    except OSError as error:
        raise FolderError(f"{path} was given, but cannot be read ({error}); {needed}") from error


def read_npy_stream(
    file: BinaryIO, name: Path, budget: Budget | None = None, needed: str = _NEEDED
) -> np.ndarray[Any, np.dtype[Any]]:
    """Read what `read_npy` reads, from an open file; name: what messages call it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            shape, fortran_order, dtype = _read_header(file)
        _check_header(name, shape, dtype, needed)
        if budget is not None:
            budget.spend(shape)
        raw = file.read(math.prod(shape) * dtype.itemsize + 1)
        rest = 0 if len(raw) <= math.prod(shape) * dtype.itemsize else len(file.read())
    except FolderError:
        raise
    except _UNREADABLE as error:
        raise FolderError(f"{name} was given, but cannot be read ({error}); {needed}") from error
    if len(raw) + rest != (bytes_needed := math.prod(shape) * dtype.itemsize):
        raise FolderError(
            f"{name} was given with {len(raw) + rest} bytes after its header, "
            f"but {dtype.newbyteorder('=')} numbers of shape {shape} need {bytes_needed}: write it again"
        )
    array = np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran_order else "C")
    return array.astype(dtype.newbyteorder("="))


def _check_header(name: Path, shape: tuple[int, ...], dtype: np.dtype[Any], needed: str) -> None:
    if dtype.kind not in "fiub" or dtype.itemsize > 8:
        what = "Python objects, which are never read" if dtype.hasobject else f"{dtype} values"
        raise FolderError(f"{name} was given with {what}; {needed}")
    if min(shape, default=0) < 0:
        raise FolderError(f"{name} was given with shape {shape}, which no array has; {needed}")


def _read_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    readers: dict[tuple[int, int], Callable[[BinaryIO], Any]] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"its format version is {version[0]}.{version[1]}")
    lead = file.read(2 if version == (1, 0) else 4)
    if (size := int.from_bytes(lead, "little")) > _MAX_HEADER:
        raise ValueError(f"its header has {size} bytes, and at most {_MAX_HEADER} are read")
    shape, fortran_order, dtype = readers[version](io.BytesIO(lead + file.read(size)))
    return shape, fortran_order, dtype
