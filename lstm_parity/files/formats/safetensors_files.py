"""Files of safetensors, an optional package: a header of names and shapes, and the numbers."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from lstm_parity.files.stored import Budget, FolderError, StoredArray, refuse_missing, store_tensor


def list_safetensors(path: Path) -> list[str]:
    """List the keys of a file."""
    return _read(path, lambda stored: list(stored.keys()))  # type: ignore[no-any-return]


def read_safetensors(path: Path, keys: Collection[str] | None = None) -> dict[str, StoredArray]:
    """Read the tensors with these keys, or all."""

    def take(stored: Any) -> dict[str, StoredArray]:
        budget, found = Budget(path), {}
        wanted = list(stored.keys()) if keys is None else keys
        for key in wanted:
            budget.spend(stored.get_slice(key).get_shape())
        for key in wanted:
            found[key] = store_tensor(path, key, stored.get_tensor(key), Budget(path))
        return found

    return _read(path, take)  # type: ignore[no-any-return]


def _read(path: Path, take: Any) -> Any:
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise refuse_missing(path, "safetensors", "weights") from error
    try:
        with safe_open(path, framework="pt") as stored:
            return take(stored)
    except (SafetensorError, OSError) as error:
        raise FolderError(f"{path} was given, but cannot be read ({error}): save the state_dict again") from error
