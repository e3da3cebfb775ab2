"""Cells by their prefixes: both directions of a layer brought together, and layers into their order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from lstm_parity.files.lstms.found import Arrays, FoundLSTM, make_lstm, stack_layers
from lstm_parity.reference.weights import CellWeights

_PARTS = re.compile(r"[^/\\.]+[/\\.]?")
_CELL = re.compile(r"(?:(?:basic_)?lstm_cell(?:_\d+)?|cell|vars|linear)[/\\.]?")
_DIRECTIONS = (re.compile(r"(?:forward_\w+|fw)[/\\.]?"), re.compile(r"(?:backward_\w+|bw)[/\\.]?"))
_Group = TypeVar("_Group", bound=Mapping[str, str])


def pair_directions(
    arrays: Arrays,
    groups: Mapping[str, _Group],
    convention: str,
    convert: Callable[[Arrays, _Group], CellWeights],
    notes: Iterable[str],
) -> list[FoundLSTM]:
    """Make LSTMs of groups of arrays, one for each cell, by prefix; convert: makes the weights of one."""
    layers: dict[str, tuple[list[_Group], list[_Group]]] = {}
    for key, group in groups.items():
        prefix, direction = _locate(key)
        layers.setdefault(prefix, ([], []))[direction].append(group)
    found = []
    for prefix in _sort_layers(layers):
        forward, backward = layers[prefix]
        rows = zip(forward, backward, strict=True) if len(forward) == len(backward) else zip(forward + backward)
        for row in rows:
            lstm = _make(arrays, prefix, convention, convert, row, notes)
            found += [lstm] if lstm else []
    return stack_layers(found)


def _make(
    arrays: Arrays,
    prefix: str,
    convention: str,
    convert: Callable[[Arrays, _Group], CellWeights],
    row: Sequence[_Group],
    notes: Iterable[str],
) -> FoundLSTM | None:
    """Make an LSTM of one layer; None if what its arrays are called is not what they are."""
    try:
        cells = [convert(arrays, group) for group in row]
    except (ValueError, IndexError, TypeError, ZeroDivisionError):
        return None
    return make_lstm(arrays, prefix, convention, [cells], [name for g in row for name in g.values()], notes)


def _locate(key: str) -> tuple[str, int]:
    """Return the prefix of a layer, and which direction of it a prefix of arrays names."""
    parts = _PARTS.findall(key)
    for at, part in enumerate(parts):
        for direction, pattern in enumerate(_DIRECTIONS):
            if pattern.fullmatch(part):
                return "".join(parts[:at]), direction
    while parts and _CELL.fullmatch(parts[-1]):
        parts.pop()
    return "".join(parts), 0


def _sort_layers(prefixes: Iterable[str]) -> list[str]:
    """Sort prefixes that differ by a number alone, such as `lstm/` and `lstm_1/`, by it; others stay as they are."""
    given = list(prefixes)
    if len({re.sub(r"_?\d+", "", prefix) for prefix in given}) > 1:
        return given
    return sorted(given, key=lambda prefix: [int(number) for number in re.findall(r"\d+", prefix)])
