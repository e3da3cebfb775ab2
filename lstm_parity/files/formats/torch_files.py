"""Files of `torch.save`: tensors in nested dicts and lists, by `torch.load(weights_only=True)` alone."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lstm_parity.files.formats.zipped import open_zip
from lstm_parity.files.stored import Budget, FolderError, StoredArray, store_array, store_tensor

_ZIP = b"PK\x03\x04"  # what torch takes for a sign of its newer format
_ADVICE = "save a state_dict, or a dict of tensors: torch.save(model.state_dict(), PATH)"


def read_torch(path: Path) -> dict[str, StoredArray]:
    """Read all tensors and numbers of a file, the keys of nested dicts joined by dots; all else is ignored."""
    held = _load(path)
    budget, found = Budget(path), {}
    for name, array in _walk(path, "" if isinstance(held, Mapping) else path.stem, held, budget, 0):
        if name in found:
            raise FolderError(f"{path} holds {name} twice, once in a nested dict: {_ADVICE}")
        found[name] = array
    return found


def _load(path: Path) -> Any:
    with path.open("rb") as file:
        if file.read(len(_ZIP)) == _ZIP:
            _check_archive(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # a damaged file makes it raise anything
        raise FolderError(
            f"{path} is not read, since torch refuses it ({_first_sentence(error)}): {_ADVICE}"
        ) from error


def _check_archive(path: Path) -> None:
    """Refuse compiled modules, and members that are compressed, as torch never writes them."""
    with open_zip(path) as stored:
        members = stored.infolist()
    if any("/code/" in f"/{m.filename}" or m.filename.endswith("constants.pkl") for m in members):
        raise FolderError(f"{path} is a ScriptModule, which holds code and is never loaded: {_ADVICE}")
    if any(m.compress_type != zipfile.ZIP_STORED for m in members):
        raise FolderError(f"{path} is a compressed zip file, as torch writes none: {_ADVICE}")


def _first_sentence(error: BaseException) -> str:
    words = " ".join(str(error).split())
    if "torch.ScriptObject" in words:
        return "it holds packed weights, as quantised modules have them; they cannot be read without code"
    at = words.find("Unsupported ") if "Unsupported " in words else words.find("WeightsUnpickler error")
    return words[max(at, 0) :].partition(". ")[0][:200] or type(error).__name__


def _walk(path: Path, name: str, value: Any, budget: Budget, depth: int) -> Iterator[tuple[str, StoredArray]]:
    budget.count_entry(depth)
    if isinstance(value, torch.Tensor):
        yield name, store_tensor(path, name, value, budget)
    elif isinstance(value, (bool, int, float)) or _is_numbers(value):
        yield name, _store_numbers(path, name, value, budget)
    elif isinstance(value, (Mapping, list, tuple)):
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, part in pairs:
            yield from _walk(path, f"{name}.{key}" if name else str(key), part, budget, depth + 1)


def _is_numbers(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(v, (bool, int, float)) for v in value)


def _store_numbers(path: Path, name: str, value: Any, budget: Budget) -> StoredArray:
    try:
        array = np.asarray(value)
        budget.spend(array.shape)
        return store_array(path, array)
    except OverflowError as error:
        raise FolderError(f"{path} holds {name}, whose numbers do not fit int64: {_ADVICE}") from error
