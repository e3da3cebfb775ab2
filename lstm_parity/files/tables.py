"""Tables and JSON: `.csv`, and nested lists of numbers by key."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lstm_parity.files.numbers import NUMBER, make_array, read_text, refuse_elision
from lstm_parity.files.stored import MAX_DEPTH, Budget, FolderError, StoredArray
from lstm_parity.files.text import stack_rows

_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+(?:,\d+)?(?:[eE][+-]?\d+)?\s*")
_LONG_DECIMALS = re.compile(r",\d{6}")  # not a second column: weights are no such whole numbers
_TOKEN = re.compile(r'"[^"]*"?|[\[\]{}]')  # a string without escapes, closed or not, or a bracket


class _Word(str):
    """A number as it is written in JSON, and not a string."""

    __slots__ = ()


def read_csv(path: Path) -> dict[str, StoredArray]:
    """Read a table of numbers, an array (rows, columns) with the file's name; a first line of words is its header."""
    text = read_text(path)
    refuse_elision(path, text)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise FolderError(f"{path} holds no numbers: write a row of numbers in each line")
    rows = _drop_header(_split_columns(lines))
    if not rows:
        raise FolderError(f"{path} holds a header, but no numbers: write a row of numbers in each line")
    return {path.stem: stack_rows(path, rows, Budget(path))}


def _split_columns(lines: list[str]) -> list[list[str]]:
    """Split lines at tabs, semicolons or commas; where a comma is the decimal mark it becomes a point."""
    separator = next((mark for mark in ("\t", ";", ",") if mark in lines[-1]), None)
    has_commas = separator in ("\t", ";") and not any("." in line for line in lines)
    if has_commas or (all(map(_DECIMAL_COMMA.fullmatch, lines)) and any(map(_LONG_DECIMALS.search, lines))):
        lines, separator = [line.replace(",", ".") for line in lines], separator if has_commas else None
    return [[word.strip() for word in line.split(separator)] for line in lines]


def _drop_header(rows: list[list[str]]) -> list[list[str]]:
    """Drop a line of words, and what pandas writes: the numbers of columns, and behind an empty cell those of rows."""
    if rows[0][0] == "" and len(rows) > 1:
        return [row[1:] for row in rows[1:]]
    counted = rows[0] == [str(k) for k in range(len(rows[0]))] and any("." in word for row in rows[1:] for word in row)
    return rows[1:] if counted or not any(map(NUMBER.fullmatch, rows[0])) else rows


def read_json(path: Path) -> dict[str, StoredArray]:
    """Read all numbers and lists of numbers, the keys of nested objects joined by dots; strings are ignored."""
    text = read_text(path)
    _check_depth(path, text)
    try:
        held = json.loads(
            text, object_pairs_hook=_refuse_twice, parse_float=_Word, parse_int=_Word, parse_constant=_Word
        )
    except (ValueError, RecursionError) as error:
        raise FolderError(f"{path} was given, but cannot be read as JSON ({error}): write it again") from error
    return dict(
        _find_arrays(path, "" if isinstance(held, dict) and "data" not in held else path.stem, held, Budget(path))
    )


def _check_depth(path: Path, text: str) -> None:
    depth = 0
    for match in _TOKEN.finditer(text.replace("\\\\", "").replace('\\"', "")):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > MAX_DEPTH:
            raise FolderError(f"{path} is nested more than {MAX_DEPTH} deep: write it flat")


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key stands in it twice")
    return found


def _find_arrays(path: Path, name: str, value: Any, budget: Budget) -> Iterator[tuple[str, StoredArray]]:
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        yield name, _read_object(path, name, value, budget)
    elif isinstance(value, dict) or (isinstance(value, list) and any(isinstance(part, dict) for part in value)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _find_arrays(path, f"{name}.{key}" if name else str(key), part, budget)
    else:
        level, shape = _open_lists(path, name, value)
        if not level or any(map(_is_number, level)):
            budget.spend(shape)
            yield name, make_array(path, _write_words(path, name, level), shape)


def _read_object(path: Path, name: str, value: dict[str, Any], budget: Budget) -> StoredArray:
    """Read {"data": [...], "shape": [...], "dtype": "float32"}, of which the last two may be absent."""
    level, shape = _open_lists(path, name, value["data"])
    if "shape" in value:
        shape = _read_shape(path, name, value["shape"], len(level))
    budget.spend(shape)
    dtype = value.get("dtype")
    words = _write_words(path, name, level)
    return make_array(path, words, shape, dtype.removeprefix("torch.") if type(dtype) is str else None)


def _read_shape(path: Path, name: str, given: Any, count: int) -> tuple[int, ...]:
    if isinstance(given, list) and len(given) <= MAX_DEPTH and all(re.fullmatch(r"\d{1,9}", str(n)) for n in given):
        shape = tuple(int(n) for n in given)
        if math.prod(shape) == count:
            return shape
    raise FolderError(f"{path} holds {name} with {count} numbers and the shape {given}: make them agree")


def _open_lists(path: Path, name: str, value: Any) -> tuple[list[Any], tuple[int, ...]]:
    """Return what nested lists hold, in order, and their shape."""
    shape: list[int] = []
    level: list[Any] = [value]
    while any(isinstance(part, list) for part in level):
        sizes = {len(part) if isinstance(part, list) else -1 for part in level}
        if len(sizes) > 1:
            raise FolderError(f"{path} holds {name} with rows of different lengths: write all of one length")
        shape.append(sizes.pop())
        level = [part for row in level for part in row]
    return level, tuple(shape)


def _write_words(path: Path, name: str, level: list[Any]) -> list[str]:
    if odd := [part for part in level if not _is_number(part)]:
        raise FolderError(f"{path} holds {json.dumps(odd[0])[:60]} in {name}, but numbers are needed: write them all")
    return [str(part) for part in level]


def _is_number(part: Any) -> bool:
    return isinstance(part, (_Word, bool))
