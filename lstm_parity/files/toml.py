"""TOML as plain values: by Python's own reader, before Python 3.11 by tomlkit."""

from __future__ import annotations

import importlib
from typing import Any


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
