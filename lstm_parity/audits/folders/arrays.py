"""Arrays of the folder format as `.npy` files, in the file types of a layer's dtype."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lstm_parity.cases.case import round_case
from lstm_parity.files.formats.npy import read_npy
from lstm_parity.files.stored import FolderError
from lstm_parity.reference.noise.model import Array

FILE_DTYPES = {"float64": "float64", "float32": "float32", "bfloat16": "float32", "float16": "float16"}
_NEEDED = "needed is a .npy file of format version 1.0 or 2.0 with float16, float32 or float64 numbers: write it again"


def write_array(path: Path, array: Array, dtype: str) -> None:
    """Write an array in the file type of a layer's dtype (bfloat16: float32), in C order, little-endian."""
    np.save(path, np.ascontiguousarray(array, np.dtype(FILE_DTYPES[dtype]).newbyteorder("<")), allow_pickle=False)


def read_array(path: Path) -> np.ndarray[Any, np.dtype[Any]]:
    """Read the array of a `.npy` file, in its own dtype. Raises FolderError if it is not a whole file of numbers."""
    array = read_npy(path, needed=_NEEDED)
    if array.dtype.name not in FILE_DTYPES.values():
        raise FolderError(f"{path} was given with {array.dtype} values; {_NEEDED}")
    if not array.shape or min(array.shape) < 1:
        raise FolderError(f"{path} was given with shape {array.shape}, which holds no row of numbers; {_NEEDED}")
    return array


def round_to_dtype(array: Array, dtype: str) -> Array:
    """Round an array's numbers to a dtype; return them as float64."""
    with np.errstate(over="ignore"):
        return round_case(np.asarray(array, np.float64), dtype)
