"""Zip files, read member by member: `.npz`. What a member declares is checked before it is unpacked."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

from lstm_parity.files.formats.npy import read_npy_stream
from lstm_parity.files.stored import MAX_BYTES, Budget, FolderError, StoredArray, store_array

_MAX_DENSE = 64 * 1024**2  # bytes that zeros may unpack to
_MAX_RATIO = 100
_MAX_MEMBERS = 100_000
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open a zip file whose members have plain names and bounded sizes. Raises FolderError for others."""
    try:
        stored = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise FolderError(f"{path} was given, but cannot be read ({error}): write it again") from error
    try:
        _check_members(path, stored.infolist())
    except FolderError:
        stored.close()
        raise
    return stored


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    if len(names) > _MAX_MEMBERS or len(set(names)) < len(names):
        raise FolderError(
            f"{path} holds {len(names)} members, of which some have one name, or too many: write it again"
        )
    for name in names:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or not name.isprintable():
            raise FolderError(f"{path} holds {name!r}, a name that leads out of it: write it again, without")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise FolderError(f"{path} is compressed in a way that NumPy does not use: write it again by np.savez")
    if (total := sum(member.file_size for member in members)) > MAX_BYTES:
        raise FolderError(f"{path} unpacks to {total} bytes, but at most {MAX_BYTES} are read: write a smaller file")
    if total > _MAX_DENSE and total > _MAX_RATIO * (packed := sum(member.compress_size for member in members)):
        raise FolderError(
            f"{path} unpacks from {packed} bytes to {total}, more than {_MAX_RATIO} times as many, "
            "as no weights do: write it again by np.savez, without compression"
        )


def read_member(path: Path, stored: zipfile.ZipFile, name: str) -> bytes:
    """Unpack one member: no more than it declares."""
    info = stored.getinfo(name)
    try:
        content = stored.read(info)  # at most as many bytes as it declares, with their checksum
    except _BROKEN as error:
        raise FolderError(f"{path} holds {name}, which cannot be read ({error}): write it again") from error
    if len(content) != info.file_size:
        raise FolderError(f"{path} holds {name}, which is not of the size that it declares: write it again")
    return content


def read_npz(path: Path) -> dict[str, StoredArray]:
    """Read all arrays of a `.npz` file, by their keys."""
    budget, found = Budget(path), {}
    with open_zip(path) as stored:
        for name in stored.namelist():
            if name.endswith(".npy"):
                content = io.BytesIO(read_member(path, stored, name))
                found[name[: -len(".npy")]] = store_array(path, read_npy_stream(content, path / name, budget))
    return found
