"""What one release after another did, kept in a .json beside the script: a column for each torch that ran it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import torch
from packaging.version import Version

Columns = dict[str, dict[str, str]]


def before(name: str) -> dict[str, str]:
    """The cells that the installed torch had in experiments/NAME.json, if any."""
    path = Path(__file__).with_name(f"{name}.json")
    columns: Columns = json.loads(path.read_text()) if path.exists() else {}
    return columns.get(Version(torch.__version__).base_version, {})


def record(name: str, cells: dict[str, str]) -> Columns:
    """Put the installed torch's cells into experiments/NAME.json; return all columns, oldest release first."""
    path = Path(__file__).with_name(f"{name}.json")
    columns: Columns = json.loads(path.read_text()) if path.exists() else {}
    columns[Version(torch.__version__).base_version] = cells
    columns = {release: columns[release] for release in sorted(columns, key=Version)}
    path.write_text(json.dumps(columns, indent=0) + "\n")
    return columns


def table(first: str, columns: Columns, rows: Iterable[str], missing: str) -> list[str]:
    """The lines of a table in Markdown; a cell that a column lacks is `missing`."""
    lines = [f"| {first} | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    return lines + [f"| {row} | {' | '.join(cells.get(row, missing) for cells in columns.values())} |" for row in rows]


def one_line(words: str, length: int = 90) -> str:
    """Words as they fit into a cell."""
    line = " ".join(words.split()).replace("|", "\\|")
    return line if len(line) <= length else line[: length - 3] + "..."
