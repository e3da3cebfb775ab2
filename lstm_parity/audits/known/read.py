"""Reading a file of known deviations: a list of tables in TOML, each key of a known kind, nothing left out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_parity.audits.known.entry import Entry
from lstm_parity.audits.upgrade.compare.finding import Kind
from lstm_parity.cases.features import FEATURES
from lstm_parity.cases.profiles import PROFILES
from lstm_parity.cases.setting import DTYPES
from lstm_parity.files.stored import parse_toml
from lstm_parity.judging.verdict import Outcome

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_WRONG = tuple(outcome.value for outcome in (Outcome.DEVIATES, Outcome.NARROWER, Outcome.FAILED))
_VERDICTS = {  # by the command that gives them
    "verify": _WRONG,
    "modes": (*_WRONG, Outcome.REFUSED.value, Outcome.PARITY.value),  # the last: though listed as failing
    "frameworks": (*_WRONG, Outcome.PARITY.value),
    "compare": tuple(kind.value for kind in Kind if kind.worse),
}
_MEASURED = (Outcome.DEVIATES.value, Outcome.NARROWER.value)  # their entries need a bound
_OF_CASES = ("dtype", "question", "worst", "when")  # which findings of a comparison have not
_Kind = tuple[Callable[[Any], bool], str]


class KnownFileError(ValueError):
    """A file of known deviations that is none; the message says what is wrong with which entry."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_bound(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0


def _is_expression(value: Any) -> bool:
    try:
        return isinstance(value, str) and re.compile(value) is not None
    except re.error:
        return False


def _are_features(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name in {*FEATURES, *PROFILES} for name in value)


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_range(value: Any) -> bool:
    requirement = _parse_range(value) if isinstance(value, str) else None
    return requirement is not None and bool(requirement.specifier) and not (requirement.marker or requirement.extras)


_TEXT: _Kind = (_is_text, "some words")
_NEEDED: Mapping[str, _Kind] = {
    "command": (lambda value: value in tuple(_VERDICTS), "one of " + ", ".join(_VERDICTS)),
    "name": _TEXT,
    "verdict": _TEXT,
    "reason": _TEXT,
    "versions": (_is_range, 'a package with a range, such as "torch>=2.13,<2.15"'),
    "expires": (_is_day, "a day without quotes, such as 2027-03-31"),
}
_OPTIONAL: Mapping[str, _Kind] = {
    "dtype": (lambda value: value in DTYPES, "one of " + ", ".join(DTYPES)),
    "question": _TEXT,
    "worst": (_is_bound, "a number of noises, 0 or more"),
    "words": (_is_expression, "a regular expression"),
    "when": (_are_features, f"a list of some of {', '.join([*FEATURES, *PROFILES])}"),
    "reported_at": _TEXT,
}


def read_known(file: Path) -> tuple[Entry, ...]:
    """Read a file. Raises KnownFileError, which says what is wrong with it."""
    try:
        given = parse_toml(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise KnownFileError(f"--known {file} was given, but it cannot be read: {error.strerror}") from None
    except ValueError as error:  # those of TOML and of UTF-8 are such
        raise KnownFileError(f"--known {file} was given, but it is no TOML: {error}") from None
    if unknown := [name for name in given if name != "deviation"]:
        raise KnownFileError(f"--known {file} has {unknown[0]}, but it may have [[deviation]] only")
    entries = given.get("deviation", [])
    if not isinstance(entries, list) or not all(isinstance(fields, dict) for fields in entries):
        raise KnownFileError(f"--known {file} has one [deviation], but each must be a [[deviation]] of a list")
    return tuple(_read_entry(f"--known {file}, entry {k}", k, fields) for k, fields in enumerate(entries, 1))


def _read_entry(where: str, number: int, fields: Mapping[str, Any]) -> Entry:
    kinds = {**_NEEDED, **_OPTIONAL}
    if missing := [name for name in _NEEDED if name not in fields]:
        raise KnownFileError(f"{where} has no {missing[0]}: give {kinds[missing[0]][1]}")
    for name, value in fields.items():
        if name not in kinds:
            raise KnownFileError(f"{where} has {name}, but there may be {', '.join(kinds)}")
        if not kinds[name][0](value):
            raise KnownFileError(f"{where} has {name} = {value!r}, but it must be {kinds[name][1]}")
    command, verdict = fields["command"], fields["verdict"]
    if verdict not in _VERDICTS[command]:
        raise KnownFileError(f"{where} has the verdict {verdict!r}, but of {command} it must be {_any(command)}")
    if verdict in _MEASURED and not fields.keys() & {"worst", "words"}:
        raise KnownFileError(f"{where} has no worst: give {kinds['worst'][1]}; or words, if a form is wrong")
    if command == "compare" and (wrong := [name for name in _OF_CASES if name in fields]):
        raise KnownFileError(f"{where} has {wrong[0]}, but of compare there is none: give a name, and words")
    made = {"versions": _parse_range(fields["versions"]), "when": frozenset(fields.get("when", ()))}
    return Entry(number, **{**fields, **made})


def _any(command: str) -> str:
    *others, last = _VERDICTS[command]
    return f"{', '.join(others)} or {last}"


def _parse_range(text: str) -> Requirement | None:
    try:
        from packaging.requirements import InvalidRequirement, Requirement
    except ModuleNotFoundError:
        raise KnownFileError("--known needs packaging: pip install 'lstm-parity[known]'") from None
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None
