"""HDF5 files, as Keras writes them, by h5py, an optional package: all data sets of numbers, by their paths."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lstm_parity.files.formats.zipped import open_zip, read_member
from lstm_parity.files.keras_config import declare_layers
from lstm_parity.files.stored import Budget, FolderError, StoredArray, refuse_missing, store_array

_WEIGHTS, _CONFIG, _MODEL_CONFIG = "model.weights.h5", "config.json", "model_config"
_ADVICE = "write it again, with each array in the file itself"


def read_hdf5(path: Path) -> dict[str, StoredArray]:
    """Read all numbers of an HDF5 file, with what Keras' configuration of its model says of their layers."""
    return _read(path, path)


def read_keras(path: Path) -> dict[str, StoredArray]:
    """Read the weights in a `.keras` file, a zip of a model, with what its configuration says of their layers."""
    with open_zip(path) as stored:
        if _WEIGHTS not in stored.namelist():
            raise FolderError(f"{path} holds no {_WEIGHTS}: save the model by Keras 3, or its weights: save_weights")
        content = io.BytesIO(read_member(path, stored, _WEIGHTS))
        config = read_member(path, stored, _CONFIG) if _CONFIG in stored.namelist() else b""
    return _read(path, content, config)


def _read(path: Path, source: Any, config: bytes | str = b"") -> dict[str, StoredArray]:
    try:
        import h5py
    except ImportError as error:
        raise refuse_missing(path, "h5py", "files") from error
    try:
        with h5py.File(source, "r") as stored:
            given = config or stored.attrs.get(_MODEL_CONFIG, b"")
            found = dict(_walk(path, stored, "", Budget(path), 0))
            return declare_layers(found, given if isinstance(given, bytes | str) else b"")
    except FolderError:
        raise
    except (OSError, RuntimeError, ValueError, TypeError, LookupError, MemoryError) as error:
        raise FolderError(f"{path} was given, but cannot be read ({error}): {_ADVICE}") from error


def _walk(path: Path, group: Any, prefix: str, budget: Budget, depth: int) -> Iterator[tuple[str, StoredArray]]:
    import h5py

    for key in group:
        budget.count_entry(depth)
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise FolderError(f"{path} holds {prefix}{key} as a link, which is never followed: {_ADVICE}")
        item = group[key]
        if isinstance(item, h5py.Group):
            yield from _walk(path, item, f"{prefix}{key}/", budget, depth + 1)
        elif isinstance(item, h5py.Dataset) and item.shape is not None and item.dtype.kind in "fiub":
            if item.is_virtual or item.external:
                raise FolderError(f"{path} holds {prefix}{key}, whose numbers are in another file: {_ADVICE}")
            budget.spend(item.shape)
            yield f"{prefix}{key}", store_array(path, item[()] if item.shape else item[()].reshape(()))
