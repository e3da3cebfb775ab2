"""Two torches, by interpreter, recorded each in its own environment, and read to be compared.

A record is kept under the user's cache, by all that may change it: the torch and NumPy of the interpreter, this
package, processor, threads and variables. What was recorded before is not recorded again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lstm_parity.audits.upgrade.environments import EnvironmentMaker, Progress
from lstm_parity.audits.upgrade.measure.conditions import describe_machine
from lstm_parity.audits.upgrade.record import Record
from lstm_parity.audits.upgrade.record_file import RecordError, read_record

PACKAGE = Path(__file__).parents[2]  # what recording needs of us
_VERSIONS_SCRIPT = """
import json, platform
from importlib import metadata, util
there = {name: metadata.version(name) for name in ("torch", "numpy")}
print(json.dumps({**there, "python": platform.python_version(), "place": util.find_spec("torch").origin}))
"""


def record_of(
    python: Path, maker: EnvironmentMaker, progress: Progress, *, again: bool = False, device: str = "cpu"
) -> Record:
    """Return the record of the torch of an interpreter. Raises ValueError if it cannot be made."""
    told = _read_versions(python)
    file = maker.cache / "records" / f"torch-{told['torch']}-{_fingerprint(told | {'device': device})}.record"
    if not again and (found := _read_if_whole(file)) is not None:
        progress(f"{found.name}: was recorded before, {file}")
        return found
    file.parent.mkdir(parents=True, exist_ok=True)
    progress(f"recording torch {told['torch']} of {python}, about a minute")
    return record_with(python, file, device=device)


def record_with(python: Path, file: Path, *, quiet: bool = False, device: str = "cpu") -> Record:
    """Make the record of an interpreter's torch, in a file. Raises ValueError if that cannot be."""
    with package_alone() as folder:
        path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
        command = [str(python), "-m", "lstm_parity", "record", str(file.absolute()), "--device", device]
        words = subprocess.PIPE if quiet else None
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, stderr=words, text=True)
    if done.returncode:
        last = (done.stderr or "see its words above").strip().splitlines()[-1]
        raise ValueError(f"recording by {python} ended with status {done.returncode}: {last}")
    return read_record(file)


def _read_versions(python: Path) -> dict[str, str]:
    """Read versions, and where torch lies; torch is not imported."""
    done = subprocess.run([str(python), "-c", _VERSIONS_SCRIPT], capture_output=True, text=True)
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["no words"])[-1]
        raise ValueError(f"{python} was given, but torch and NumPy are not both there: {words}")
    return dict(json.loads(done.stdout))


def _read_if_whole(file: Path) -> Record | None:
    try:
        return read_record(file)
    except RecordError:
        return None


def _fingerprint(told: dict[str, str]) -> str:
    """Of all that a record may depend on."""
    known = hashlib.sha256(json.dumps([told, describe_machine()]).encode())
    for path in _sources():
        known.update(path.read_bytes())
    return known.hexdigest()[:12]


def _sources() -> list[Path]:
    """Return all that is recorded with, the rooms that a checkout links into the package included."""
    folders = os.walk(PACKAGE, followlinks=True)
    return sorted(Path(folder, name) for folder, _, names in folders for name in names if name.endswith(".py"))


@contextmanager
def package_alone() -> Iterator[Path]:
    """A folder with our package and nothing else: beside it, where it is installed, another torch may lie."""
    with tempfile.TemporaryDirectory(prefix="lstm-parity-") as folder:
        shutil.copytree(PACKAGE, Path(folder) / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
        yield Path(folder)
