"""What Keras' configuration of a model says of its LSTM layers, beside their arrays; nothing in it is executed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lstm_parity.files.stored import MAX_DEPTH, StoredArray

_MOST = 16_000_000  # characters
_FIELDS = ("activation", "recurrent_activation", "go_backwards")
_CLASSES = ("LSTM", "CuDNNLSTM", "LSTMCell")
_SEPARATORS = re.compile(r"[/.]")
_LONGEST = 40  # characters of a name of a function


def declare_layers(arrays: Mapping[str, StoredArray], config: bytes | str) -> dict[str, StoredArray]:
    """Return arrays with what the configuration says of their layer as attributes; as they are if it says nothing.

    config: JSON, as Keras writes it; one that cannot be read says nothing.
    """
    layers = dict(_find_layers(config))
    if not layers:
        return dict(arrays)
    for k, declared in enumerate(list(layers.values())):  # Keras 3 writes arrays under names of its own
        layers.setdefault(f"lstm_{k}" if k else "lstm", declared)
    return {name: replace(array, attributes=_find_own(name, layers)) for name, array in arrays.items()}


def _find_own(name: str, layers: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what is said of the layer in whose path an array is; of a single layer, under any name."""
    parts = [part for part in _SEPARATORS.split(name) if part in layers]
    return layers[parts[-1]] if parts else next(iter(layers.values())) if len({*map(id, layers.values())}) == 1 else {}


def _find_layers(config: bytes | str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not config or len(config) > _MOST:
        return
    try:
        read = json.loads(config)
    except (ValueError, RecursionError):
        return
    yield from _walk(read, 0)


def _walk(value: Any, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name and the configuration of each LSTM layer, those inside others too."""
    if depth > 2 * MAX_DEPTH:
        return
    if isinstance(value, dict):
        config = value.get("config")
        if value.get("class_name") in _CLASSES and isinstance(config, dict) and isinstance(config.get("name"), str):
            yield config["name"], {name: config[name] for name in _FIELDS if _is_plain(config.get(name))}
        for inner in value.values():
            yield from _walk(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, depth + 1)


def _is_plain(value: Any) -> bool:
    """Whether a value is a flag, or the name of a function."""
    return isinstance(value, bool) or (isinstance(value, str) and value.isidentifier() and len(value) <= _LONGEST)
