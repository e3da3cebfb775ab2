"""`setting.json`: a flat object of known fields, each of one kind; what is left out is derived from the arrays."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import DTYPES
from lstm_parity.files.stored import FolderError, check_file

FORMAT = "lstm-parity folder, format 1"
_MAX_BYTES = 1_000_000
_FORMATS = re.compile(r"lstm-parity folder, format (\d+)")


def _check_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _check_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _check_lengths(value: Any) -> bool:
    return value is None or (isinstance(value, list) and bool(value) and all(map(_check_whole, value)))


_Kind = tuple[Callable[[Any], bool], str]
WHOLE: _Kind = (_check_whole, "a whole number")
_TEXT: _Kind = (_check_text, "a string of printable characters")
_FLAG: _Kind = (_check_flag, "true or false")
FIELDS: Mapping[str, _Kind] = {
    "format": _TEXT,
    "case": _TEXT,
    "profile": _TEXT,
    "seed": WHOLE,
    "checksum": _TEXT,
    "dtype": (lambda value: value in DTYPES, "one of " + ", ".join(DTYPES)),
    "input_size": WHOLE,
    "hidden_size": WHOLE,
    "num_layers": WHOLE,
    "bias": _FLAG,
    "batch_first": _FLAG,
    "bidirectional": _FLAG,
    "proj_size": WHOLE,
    "time": WHOLE,
    "batch": (lambda value: value is None or _check_whole(value), "a whole number, or null for unbatched arrays"),
    "lengths": (_check_lengths, "null, or a list of whole numbers"),
    "states": _FLAG,
    "prefix": _TEXT,
}


def _check_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_check_text, value))


def _check_numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_check_whole, value))


def _check_calls(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(call, dict) for call in value)


def _one_of(*known: str) -> _Kind:
    return (lambda value: value in known, "one of " + ", ".join(known))


def _digits(most: int) -> _Kind:
    return (lambda value: _check_whole(value) and 0 <= value <= most, f"a whole number up to {most}")


REPORT_FIELDS: Mapping[str, _Kind] = {
    **FIELDS,
    "convention": _TEXT,
    "padding": _one_of("right", "left"),
    "reverse": _FLAG,
    "merge": _one_of("concat", "sum", "mean", "mul"),
    "decimals": _digits(17),
    "significant": _digits(17),
    "output_steps": (_check_numbers, "a list of whole numbers, negative ones from the end"),
    "output_rows": (_check_numbers, "a list of whole numbers, negative ones from the end"),
    "before": (_check_names, "a list of names of layers and operations"),
    "after": (_check_names, "a list of names of layers and operations"),
    "calls": (_check_calls, "a list of objects"),
}


def describe_setting(case: Case) -> dict[str, Any]:
    """Return the fields of a case, in the order in which they are written."""
    a, c = case.setting.architecture, case.setting.call
    lengths = None if c.lengths is None else list(c.lengths)
    return {
        "format": FORMAT,
        "case": case.id,
        "profile": case.profile,
        "seed": case.seed,
        "checksum": case.checksum,
        "dtype": case.setting.runtime.dtype,
        **a.arguments(),
        "time": c.time,
        "batch": c.batch,
        "lengths": lengths,
        "states": c.states,
    }


def write_setting(path: Path, case: Case) -> None:
    """Write the fields, one on a line."""
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in describe_setting(case).items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")


def read_setting(path: Path, known: Mapping[str, _Kind] = FIELDS, *, needs_format: bool = True) -> dict[str, Any]:
    """Read the fields that the file gives. Raises FolderError for another format, unknown fields and wrong kinds."""
    check_file(path, _MAX_BYTES)
    try:
        fields = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_refuse_duplicates)
    except (ValueError, RecursionError, OSError) as error:
        raise FolderError(f"{path} was given, but cannot be read as JSON ({error}): write it again") from error
    if not isinstance(fields, dict):
        raise FolderError(f'{path} holds no JSON object; needed is at least {{"format": "{FORMAT}"}}')
    if needs_format or "format" in fields:
        _check_format(path, fields.get("format"))
    if unknown := [name for name in fields if name not in known]:
        raise FolderError(
            f"{path} has the fields {', '.join(map(repr, unknown))}, which format 1 does not know: "
            f"take them out; known are {', '.join(known)}"
        )
    for name, value in fields.items():
        is_right, needed = known[name]
        if not is_right(value):
            raise FolderError(f"{path} has {name} {json.dumps(value)}, but it must be {needed}")
    return fields


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a field stands in it twice")
    return found


def _check_format(path: Path, given: Any) -> None:
    if given == FORMAT:
        return
    if isinstance(given, str) and (match := _FORMATS.fullmatch(given)):
        raise FolderError(f"{path} is of format {match[1]}, but this lstm-parity reads format 1: install a newer one")
    said = "no format" if given is None else f"the format {json.dumps(given)}"
    raise FolderError(f'{path} names {said}; needed is "format": "{FORMAT}"')
