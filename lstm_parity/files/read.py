"""Reading arrays: one file of any format, or all files of a folder; nothing in them is executed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from lstm_parity.files.code import read_c
from lstm_parity.files.formats.hdf5 import read_hdf5, read_keras
from lstm_parity.files.formats.npy import read_npy_file
from lstm_parity.files.formats.onnx_files import read_onnx
from lstm_parity.files.formats.safetensors_files import read_safetensors
from lstm_parity.files.formats.torch_files import read_torch
from lstm_parity.files.formats.zipped import open_zip, read_member, read_npz
from lstm_parity.files.stored import MAX_BYTES, MAX_TEXT, FolderError, StoredArray, check_file
from lstm_parity.files.tables import read_csv, read_json
from lstm_parity.files.text import read_prose, read_text_arrays

_ZIP, _PROSE = ".zip", ".md"
_MAX_PROSE = 10 * 1000**2  # bytes
_READERS: Mapping[str, Callable[[Path], dict[str, StoredArray]]] = {
    ".npy": read_npy_file,
    ".npz": read_npz,
    ".pt": read_torch,
    ".pth": read_torch,
    ".bin": read_torch,
    ".ckpt": read_torch,
    ".safetensors": read_safetensors,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
    ".keras": read_keras,
    ".onnx": read_onnx,
    ".json": read_json,
    ".csv": read_csv,
    ".txt": read_text_arrays,
    ".log": read_text_arrays,
    _PROSE: read_prose,
    ".h": read_c,
    ".c": read_c,
    ".hpp": read_c,
    ".cpp": read_c,
}
_TEXT = (".json", ".csv", ".txt", ".log", ".h", ".c", ".hpp", ".cpp")
_NO_ARRAYS = ("setting.json", "refused.txt")
_POINTER = b"version https://git-lfs"
_MAX_FILES = 10_000
_LONGEST_NAME = 1000


def read_arrays(path: Path) -> dict[str, StoredArray]:
    """Read all arrays of a file by their names, in its order.

    The format is that of the file's ending. Raises FolderError for what is unknown, damaged, too large, or no array.
    """
    reader = _read_zip if path.suffix.lower() == _ZIP else _READERS.get(path.suffix.lower())
    if reader is None:
        raise FolderError(
            f"{path} was given, but {path.suffix or 'no ending'} is no known format: "
            f"needed is one of {', '.join((*_READERS, _ZIP))}"
        )
    is_text, is_prose = path.suffix.lower() in _TEXT, path.suffix.lower() == _PROSE
    check_file(path, _MAX_PROSE if is_prose else MAX_TEXT if is_text else 2 * MAX_BYTES)
    with path.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise FolderError(f"{path} is a pointer of git-lfs, not the file itself: get it with git lfs pull")
    found = reader(path)
    if odd := [name for name in found if len(name) > _LONGEST_NAME or not name.isprintable()]:
        shown = str(path) if str(path).isprintable() else ascii(str(path))
        raise FolderError(
            f"{shown} holds an array called {odd[0][:60]!r}: give it a short name of printable characters"
        )
    return found


def read_report_arrays(path: Path) -> dict[str, StoredArray]:
    """Read all arrays of a file, or of all readable files of a folder, without its subfolders.

    Raises FolderError if a name is in two files. What is not read is what `list_ignored` lists.
    """
    if not path.is_dir():
        return read_arrays(path)
    found: dict[str, StoredArray] = {}
    origin: dict[str, Path] = {}
    for file in filter(_is_read, _list_files(path)):
        for name, array in read_arrays(file).items():
            if name in found:
                raise FolderError(
                    f"{path} holds {name} twice, in {origin[name].name} and in {file.name}: take one of them away"
                )
            found[name], origin[name] = array, file
    return found


def _read_zip(path: Path) -> dict[str, StoredArray]:
    """Read what is zipped, as the files of a folder are read; folders in it, and what is of no format, are left out."""
    with open_zip(path) as stored, tempfile.TemporaryDirectory() as held:
        for member in stored.namelist():
            file = Path(held) / Path(member).name
            if member.endswith("/") or file.name.startswith("_") or file.suffix.lower() not in _READERS:
                continue
            if file.exists():
                raise FolderError(f"{path} holds {file.name} twice, in two folders: take one of them away")
            file.write_bytes(read_member(path, stored, member))
        try:
            return read_report_arrays(Path(held))
        except FolderError as error:
            raise FolderError(str(error).replace(held, str(path))) from error


def _is_read(file: Path) -> bool:
    return file.suffix.lower() in (*_READERS, _ZIP)


def list_ignored(path: Path) -> list[str]:
    """List the names of what lies in a folder and is of no known format, subfolders included."""
    if not path.is_dir():
        return []
    return [file.name for file in _list_files(path) if file.is_dir() or not _is_read(file) or _is_prose(file)]


def _is_prose(file: Path) -> bool:
    return file.suffix.lower() == _PROSE and not read_arrays(file)


def _list_files(folder: Path) -> list[Path]:
    """List what a report consists of, in the order of names: no dotfiles, and no file of our own."""
    try:
        named = [file for file in folder.iterdir() if not file.name.startswith(".")]
    except OSError as error:
        raise FolderError(f"{folder} was given, but cannot be read ({error}): check its permissions") from error
    every = sorted(file for file in named if file.name not in _NO_ARRAYS)
    if len(every) > _MAX_FILES:
        raise FolderError(f"{folder} holds {len(every)} files, but at most {_MAX_FILES} are read: take out the others")
    return every
