"""The file of a record: a zip of a head, plain JSON and raw little-endian numbers; reading runs nothing from it.

head.json says format, version and the SHA-256 of the other two members, so that what is damaged is refused.
"""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lstm_parity.audits.upgrade.record import ITSELF, PRODUCT, Answer, CallOutcome, Record, SampledArray, Speeds
from lstm_parity.reference.noise.model import Array

_FORMAT, _VERSION = "lstm-parity record", 3  # the first had no arithmetic of answers, the second one unit of speeds
_HEAD, _CONTENT, _NUMBERS = "head.json", "content.json", "numbers.bin"
_LARGEST = 2**28  # bytes of a member: a record has a hundredth of it
_PRODUCT_ITSELF = "the product itself, in milliseconds"  # in records of the first two versions
_STORED = {"float64": "<f8", "float32": "<f4", "float16": "<f2", "bfloat16": "<u2"}


class RecordError(ValueError):
    """A file that is no whole record of a version that is read here."""


def write_record(record: Record, path: Path, *, plain: bool = False) -> None:
    """Write a record; the same record makes the same file. Raises OSError if the file cannot be written.

    plain: without compression, so that git, which compresses by itself, stores only once what two records share.
    """
    numbers, content = bytearray(), _read_content(record)
    content["answers"] = [_answer_fields(answer, numbers) for answer in record.answers]
    members = {_CONTENT: json.dumps(content, indent=0, sort_keys=True).encode(), _NUMBERS: bytes(numbers)}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
    head = json.dumps({"format": _FORMAT, "version": _VERSION, "sha256": hashes}).encode()
    whole = path.with_name(f".{path.name}.part")
    packing = zipfile.ZIP_STORED if plain else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(whole, "w", packing) as file:
        for name, data in {_HEAD: head, **members}.items():
            file.writestr(zipfile.ZipInfo(name), data, packing, 9)
    whole.replace(path)


def read_record(path: Path) -> Record:
    """Read a record. Raises RecordError, which says what is wrong with the file, where it is no record."""
    try:
        with zipfile.ZipFile(path) as file:
            head = _read_head(path, _read_member(path, file, _HEAD))
            members = {name: _read_member(path, file, name) for name in (_CONTENT, _NUMBERS)}
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise RecordError(f"{path} is no record, or was cut short or damaged: {error}; record it again") from error
    for name, data in members.items():
        if hashlib.sha256(data).hexdigest() != head.get(name):
            raise RecordError(f"{path} is damaged: {name} is not what its checksum says; record it again")
    try:
        return _record_of(json.loads(members[_CONTENT]), members[_NUMBERS])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"{path} has a right checksum but no record in it: {error!r}; record it again") from error


def _read_member(path: Path, file: zipfile.ZipFile, name: str) -> bytes:
    if name not in file.namelist():
        raise RecordError(f"{path} is a zip file without {name}: it is no record; `lstm-parity record FILE` makes one")
    if file.getinfo(name).file_size > _LARGEST:
        raise RecordError(f"{path} says that its {name} has more than {_LARGEST} bytes: it is no record")
    with file.open(name) as member:
        data = member.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise RecordError(f"{path} has more than {_LARGEST} bytes in its {name}: it is no record")
    return data


def _read_head(path: Path, data: bytes) -> dict[str, str]:
    """Return the checksums, of a head that is a record's of a version that is known."""
    try:
        head = json.loads(data)
    except ValueError as error:
        raise RecordError(f"{path} has no JSON in its {_HEAD}: it is no record") from error
    if not isinstance(head, dict) or head.get("format") != _FORMAT or not isinstance(head.get("version"), int):
        raise RecordError(f"{path} was given, but the format in its {_HEAD} must be {_FORMAT!r}: it is no record")
    if head["version"] > _VERSION:
        raise RecordError(
            f"{path} is a record of version {head['version']}, but this lstm-parity reads none above {_VERSION}: "
            "install a newer one"
        )
    hashes = head.get("sha256")
    return hashes if isinstance(hashes, dict) else {}


def _read_content(record: Record) -> dict[str, Any]:
    return {
        "conditions": dict(record.conditions),
        "cases": dict(record.cases),
        "conducts": {name: [dict(c.endings), c.words] for name, c in record.bad_calls.items()},
        "capabilities": dict(record.capabilities),
        "kernels": {name: list(kernels) for name, kernels in record.kernels.items()},
        "speeds": {
            unit: {call: list(ratios) for call, ratios in calls.items()} for unit, calls in record.speeds.items()
        },
    }


def _answer_fields(answer: Answer, numbers: bytearray) -> list[Any]:
    arrays = {}
    for name, kept in answer.arrays.items():
        arrays[name] = [kept.dtype, list(kept.shape), kept.hash, len(numbers), len(kept.values)]
        numbers += _array_bytes(kept)
    return [answer.subject, answer.case, answer.way, arrays, list(answer.faults), answer.raised, answer.arithmetic]


def _array_bytes(kept: SampledArray) -> bytes:
    if kept.dtype == "bfloat16":
        return bytes((kept.values.astype("<f4").view("<u4") >> np.uint32(16)).astype("<u2").tobytes())
    return bytes(kept.values.astype(_STORED[kept.dtype]).tobytes())


def _record_of(content: Mapping[str, Any], numbers: bytes) -> Record:
    return Record(
        {str(name): str(value) for name, value in content["conditions"].items()},
        {str(name): str(value) for name, value in content["cases"].items()},
        tuple(_read_answer(stored, numbers) for stored in content["answers"]),
        {str(name): _read_call_outcome(*stored) for name, stored in content["conducts"].items()},
        {str(name): str(value) for name, value in content["capabilities"].items()},
        {str(name): tuple(map(str, kernels)) for name, kernels in content["kernels"].items()},
        _read_speeds(content["speeds"]),
    )


def _read_speeds(stored: Mapping[str, Any]) -> Speeds:
    """Read speeds by unit and call; those of the first two versions are by call, in matrix products of torch."""
    if all(isinstance(ratios, list) for ratios in stored.values()):
        stored = {PRODUCT: {ITSELF if name == _PRODUCT_ITSELF else name: r for name, r in stored.items()}}
    return {
        str(unit): {str(call): tuple(map(float, ratios)) for call, ratios in calls.items()}
        for unit, calls in stored.items()
        if calls
    }


def _read_call_outcome(endings: Mapping[str, int], words: str) -> CallOutcome:
    return CallOutcome({str(how): int(times) for how, times in endings.items()}, str(words))


def _read_answer(stored: list[Any], numbers: bytes) -> Answer:
    subject, case, way, arrays, faults, raised, *arithmetic = stored
    read = {str(name): _read_sample(numbers, *kept) for name, kept in arrays.items()}
    return Answer(str(subject), str(case), str(way), read, tuple(map(str, faults)), str(raised), *map(str, arithmetic))


def _read_sample(numbers: bytes, dtype: str, shape: list[int], digest: str, offset: int, count: int) -> SampledArray:
    if offset < 0 or min(shape, default=1) < 0 or not 0 <= count <= math.prod(shape):
        raise ValueError(f"an array of shape {shape} has {count} numbers at {offset}")
    stored = np.frombuffer(numbers, _STORED[dtype], count, offset)
    return SampledArray(dtype, tuple(map(int, shape)), _values(stored, dtype), str(digest))


def _values(stored: Array, dtype: str) -> Array:
    if dtype == "bfloat16":
        return np.asarray((stored.astype("<u4") << np.uint32(16)).view("<f4").astype(np.float64))
    return np.asarray(stored.astype(np.float64))
