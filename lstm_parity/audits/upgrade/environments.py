"""Environments with one torch each, made by pip and kept under the user's cache: what `lstm-parity upgrade` records.

An environment is made under another name and renamed when it is whole: one that was interrupted is begun again, from
what pip has downloaded; one that is there is taken as it is.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_RELEASE = re.compile(r"(\d+)\.(\d+)(\.\d+)?[\w.+]*")
_VERSIONS = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
_TO_STDERR = 2
OLD = (2, 3)  # the first release that works with NumPy 2
Progress = Callable[[str], None]


@dataclass(frozen=True)
class EnvironmentMaker:
    """How environments are made: where they are kept, by which interpreter, from which index (pip's own if empty)."""

    cache: Path
    python: str = sys.executable
    index: str = ""


def cache_folder() -> Path:
    """Return the folder of environments and records, unless another place is named."""
    if named := os.environ.get("LSTM_PARITY_CACHE"):
        return Path(named)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "lstm-parity"
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "lstm-parity" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lstm-parity"


def find_interpreter(given: str, maker: EnvironmentMaker, progress: Progress) -> Path:
    """Find an interpreter: the one given, that of an environment's folder, or of an environment made for a version.

    Raises ValueError if it is none of these, or pip could not make it.
    """
    path = Path(given).expanduser()
    if _interpreter(path).exists():
        return _interpreter(path)
    if path.is_file() and os.access(path, os.X_OK):
        return path.absolute()
    if _RELEASE.fullmatch(given):
        return _make_environment(given, maker, progress)
    raise ValueError(f"{given} was given, but a Python interpreter, an environment's folder or a version is needed")


def _make_environment(version: str, maker: EnvironmentMaker, progress: Progress) -> Path:
    found = _run([maker.python, "-c", _VERSIONS], f"{maker.python} does not run")
    folder = maker.cache / f"torch-{version}-python{found}"
    maker.cache.mkdir(parents=True, exist_ok=True)
    with _lock(folder.with_suffix(folder.suffix + ".lock"), progress):
        if not folder.exists():
            progress(f"making an environment with torch {version}: {folder}")
            part = folder.with_name(f".{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            _install(part, version, maker)
            part.rename(folder)
    return _interpreter(folder)


def _interpreter(folder: Path) -> Path:
    """Return where the interpreter of an environment is."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def _install(folder: Path, version: str, maker: EnvironmentMaker) -> None:
    _run([maker.python, "-m", "venv", str(folder)], "the venv module made no environment")
    index = ["--index-url", maker.index] if maker.index else []
    pip = [str(_interpreter(folder)), "-m", "pip", "install", "--disable-pip-version-check", *index]
    hint = "; --index URL names another index, --python PATH another interpreter"
    _run([*pip, *packages_for(version)], f"pip did not install torch {version}, see its words above{hint}", quiet=False)


def packages_for(version: str) -> list[str]:
    """List the packages of an environment: torch, and a NumPy that it works with."""
    major, minor = map(int, version.split(".")[:2])
    return [f"torch=={version}", "numpy<2" if (major, minor) < OLD else "numpy"]


def _run(command: Sequence[str], wrong: str, *, quiet: bool = True) -> str:
    """Return what a command printed; "" if all of it is shown. Raises ValueError with these words if it fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE if quiet else _TO_STDERR, text=True)
    except OSError as error:
        raise ValueError(f"{wrong}: {error}") from error
    if done.returncode:
        raise ValueError(f"{wrong}: it ended with status {done.returncode}")
    return (done.stdout or "").strip()


@contextmanager
def _lock(lock: Path, progress: Progress) -> Iterator[None]:
    """Wait while another process makes the same environment."""
    from filelock import FileLock, Timeout

    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        progress(f"waiting for the process that holds {lock}")
        held.acquire()
    try:
        yield
    finally:
        held.release()
