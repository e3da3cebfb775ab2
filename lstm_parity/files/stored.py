"""What a file holds: arrays of numbers with the dtype that they were stored in, and the limits of what is read."""

from __future__ import annotations

import importlib
import math
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

MAX_BYTES = 2 * 1024**3  # of all numbers of a file, as they are held: eight bytes each
MAX_TEXT = 512 * 1000**2  # bytes of a file of text
MAX_DEPTH = 16
_MAX_ENTRIES = 200_000  # arrays, groups and lists: what a few bytes can repeat without end

_Values = NDArray[Any]


class FolderError(ValueError):
    """A folder, or a file in it, that cannot be read: what was given, what is needed, what to do."""


@dataclass(frozen=True)
class Printed:
    """How numbers were written in text: the most digits behind a point, of those in plain and in exponent form.

    decimals: of numbers such as 0.0312, here 4. significant: digits of numbers such as 3.12e-02, here 3; None if no
    number is in exponent form.
    """

    decimals: int
    significant: int | None = None

    @property
    def exponent(self) -> bool:
        """Whether a number is written in exponent form."""
        return self.significant is not None


@dataclass(frozen=True, eq=False)
class StoredArray:
    """An array from a file.

    values: float64, or int64 for whole numbers. dtype: the name of the dtype it was stored in, such as "bfloat16";
    "text" if it is text that does not say. printed: None unless it is text. attributes: of an ONNX node, by its names.
    gaps: of each axis, how many places are shown before dots that stand for others; None if all are. () without dots.
    """

    values: _Values
    dtype: str
    printed: Printed | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    gaps: tuple[int | None, ...] = ()


def refuse_gaps(name: str, path: Path) -> FolderError:
    """Make the error for an array that is needed whole, and was printed in part."""
    return FolderError(
        f'{path} holds {name} with "..." for what was not printed: print it after '
        'torch.set_printoptions(profile="full", precision=10), or '
        "np.set_printoptions(threshold=sys.maxsize, precision=17), or save it as a .npy file"
    )


class Budget:
    """How much of a file is still read before it is refused as too large."""

    def __init__(self, path: Path) -> None:
        self._path, self._bytes, self._entries = path, MAX_BYTES, _MAX_ENTRIES

    def spend(self, shape: Sequence[int]) -> None:
        """Count an array before it is read. Raises FolderError above the limit."""
        self.count_entry()
        if len(shape) > MAX_DEPTH:
            raise FolderError(f"{self._path} declares {len(shape)} axes, but at most {MAX_DEPTH} are read")
        self._bytes -= 8 * math.prod(shape)
        if self._bytes < 0:
            raise FolderError(
                f"{self._path} declares an array of shape {tuple(shape)}, but at most {MAX_BYTES // 8} numbers of a "
                "file are read: write a smaller file, with the arrays of the LSTM alone"
            )

    def count_entry(self, depth: int = 0) -> None:
        """Count an entry that holds others. Raises FolderError above the limits of entries and of depth."""
        self._entries -= 1
        if self._entries < 0:
            raise FolderError(f"{self._path} holds more than {_MAX_ENTRIES} entries: write the LSTM's alone")
        if depth > MAX_DEPTH:
            raise FolderError(f"{self._path} is nested more than {MAX_DEPTH} deep: write it flat")


def check_file(path: Path, max_size: int = MAX_BYTES) -> None:
    """Raise FolderError unless the path is a regular file of at most `max_size` bytes, or a link to one beside it."""
    try:
        if path.is_symlink() and path.resolve().parent != path.parent.resolve():
            raise FolderError(f"{path} is a link out of its folder, which is never followed: copy the file")
        status = path.stat()
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise FolderError(f"{path} was given, but cannot be read ({error}): check its name") from error
    if not stat.S_ISREG(status.st_mode):
        raise FolderError(f"{path} is no regular file, but a folder, pipe or device: copy what it holds into a file")
    if status.st_size > max_size:
        raise FolderError(f"{path} has {status.st_size} bytes, but at most {max_size} are read: write a smaller file")


def collect_arrays(path: Path, items: Iterable[tuple[str, StoredArray]]) -> dict[str, StoredArray]:
    """Return arrays by their names. Raises FolderError if two have one name."""
    found: dict[str, StoredArray] = {}
    for name, array in items:
        if name in found:
            raise FolderError(f"{path} holds {name} twice: give every array a name of its own")
        found[name] = array
    return found


def store_array(path: Path, array: _Values, printed: Printed | None = None, dtype: str | None = None) -> StoredArray:
    """Hold an array of numbers in float64 or int64. Raises FolderError for what is no array of numbers."""
    name = dtype or array.dtype.newbyteorder("=").name
    if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
        raise FolderError(f"{path} holds {array.max()}, but whole numbers must fit int64: write them smaller")
    if array.dtype.kind in "biu":
        return StoredArray(array.astype(np.int64), name, printed)
    if array.dtype.kind != "f" and not name.startswith(("bfloat16", "float8")):
        raise FolderError(f"{path} holds {name} values, but real numbers are needed: write them as float32 or float64")
    return StoredArray(array.astype(np.float64), name, printed)


def store_tensor(path: Path, name: str, tensor: torch.Tensor, budget: Budget) -> StoredArray:
    """Hold a tensor in float64 or int64; a quantised one as the numbers that it stands for."""
    budget.spend(tuple(tensor.shape))
    dtype = str(tensor.dtype).removeprefix("torch.")
    if tensor.layout != torch.strided or tensor.is_meta or tensor.is_complex():
        kind = "sparse" if tensor.layout != torch.strided else "meta" if tensor.is_meta else dtype
        raise FolderError(f"{path} holds {name} as a {kind} tensor, but dense real numbers are needed: convert it")
    dense = tensor.detach().dequantize() if tensor.is_quantized else tensor.detach()
    whole = not dense.is_floating_point()
    return StoredArray(dense.to(torch.int64 if whole else torch.float64).contiguous().numpy(), dtype)


def refuse_missing(path: Path, package: str, extra: str) -> FolderError:
    """Make the error for a format whose package is not installed."""
    return FolderError(
        f"{path} was given, but {package} is not installed: pip install 'lstm-parity[{extra}]', "
        "or write each array as a .npy file"
    )


def parse_toml(text: str) -> dict[str, Any]:
    """Return the tables of a text. Raises ValueError if it is no TOML, or if there is nothing to read it with."""
    try:
        found: dict[str, Any] = importlib.import_module("tomllib").loads(text)
    except ModuleNotFoundError:
        found = _tomlkit().parse(text).unwrap()
    return found


def _tomlkit() -> Any:
    try:
        return importlib.import_module("tomlkit")
    except ModuleNotFoundError:
        raise ValueError("before Python 3.11 tomlkit is needed: pip install 'lstm-parity[map]'") from None
