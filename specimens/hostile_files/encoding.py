"""Files of every format, as bytes: also with headers that lie."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Array = npt.NDArray[Any]


class Pwned:
    """An object whose unpickling creates a file."""

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, ("PWNED", "w")


def npy(value: Array) -> bytes:
    """Encode an array, objects included."""
    file = io.BytesIO()
    np.save(file, value, allow_pickle=True)
    return file.getvalue()


def npy_header(header: str, data: bytes = b"", declared: int | None = None) -> bytes:
    """Encode a .npy of version 1 with any text as header, and any declared length of it."""
    length = len(header) + 1 if declared is None else declared
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", length) + header.encode() + b"\n" + data


def shaped(shape: str) -> bytes:
    """Encode a .npy that declares float32 numbers of a shape and holds 192 bytes."""
    return npy_header(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}", bytes(192))


def zipped(**members: bytes) -> bytes:
    """Encode a zip of members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def bomb() -> bytes:
    """Encode a .npz below 1 MB, whose only array expands to 900 MB."""
    file, block = io.BytesIO(), bytes(10**6)
    header = npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (16, 14062500)}")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("weight_ih_l0.npy", "w") as member:
        for content in [header, *[block] * 900]:
            member.write(content)
    return file.getvalue()


def lying_zip() -> bytes:
    """Encode a .npz whose directory says that its small member has 4 GB."""
    content = bytearray(zipped(**{"weight_ih_l0.npy": shaped("(16, 3)")}))
    central = content.index(b"PK\x01\x02")
    content[central + 24 : central + 28] = struct.pack("<I", 2**32 - 2)
    return bytes(content)


def encode(head: object, data: bytes = b"", declared: int | None = None) -> bytes:
    """Encode a .safetensors with any header, and any declared length of it."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text) if declared is None else declared) + text + data


def header(*ends: int, shape: tuple[int, ...] = (16, 3)) -> dict[str, object]:
    """Describe weight_ih_l0 and weight_hh_l0 at these offsets."""
    names = ("weight_ih_l0", "weight_hh_l0")
    pairs = zip(names, zip(ends[::2], ends[1::2], strict=True), strict=False)
    return {name: {"dtype": "F32", "shape": shape, "data_offsets": pair} for name, pair in pairs}


def saved(value: object) -> bytes:
    """Encode what torch.save makes of anything."""
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()
