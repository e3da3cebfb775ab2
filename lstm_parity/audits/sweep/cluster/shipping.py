"""What the nodes of a cluster must have of a target: the folder that Ray copies to them, and the places in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lstm_parity.audits.sweep.workers import ClusterError

LEFT_OUT = (".git", ".venv", "__pycache__", "*.sweep", "*.sweep-journal", "*.lock")  # of a folder that is copied


def find_folder(fields: dict[str, Any] | None) -> Path | None:
    """Return the folder that a target's imports are found in, if it must be copied to the nodes.

    It is the one of its file; or the current one, if the module is there. None for what must be installed on each
    node. fields: of a target, or None for nn.LSTM.
    """
    if fields is None or not fields["place"]:
        return None
    if fields["place"].endswith(".py"):
        return Path(fields["place"]).parent
    here = Path.cwd() / fields["place"].partition(".")[0]
    return Path.cwd() if here.is_dir() or here.with_suffix(".py").is_file() else None


def make_relative(fields: dict[str, Any] | None, folder: Path | None) -> dict[str, Any] | None:
    """Return the fields with files by their places in the folder. Raises ClusterError for a file outside of it."""
    if fields is None:
        return None
    files = {name: fields[name] for name in ("place", "map") if Path(fields[name]).is_absolute()}
    for name, file in files.items():
        if folder is None or not Path(file).is_relative_to(folder):
            raise ClusterError(
                f"{file} was given, but what the nodes get a copy of is {folder or 'no folder'}: put the file there"
            )
        files[name] = str(Path(file).relative_to(folder))
    return fields | files


def make_absolute(fields: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the fields with files in the current folder, which is the copy on a node."""
    if fields is None:
        return None
    given = [name for name in ("place", "map") if fields[name].endswith((".py", ".toml"))]
    return fields | {name: str(Path(fields[name]).resolve()) for name in given}
