"""Sixty folders that are damaged, contradictory or meant to do harm.

Of each, a program that reads reports must say in a sentence what is wrong and exit with 2, in under 2 seconds. It
must write nothing and execute nothing: some of these files create a file `PWNED` in the current directory if they are
unpickled or evaluated. Apart from what its docstring says, each folder is a right report of a small LSTM.

`python -m specimens.hostile_files DEST` writes them as DEST/NAME/.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from specimens.hostile_files.contradictory import ARRAYS, JSON, LINKS, SETTINGS
from specimens.hostile_files.damaged import CUT_SHORT, MISLEADING, PICKLES, TOO_LARGE
from specimens.hostile_files.writing import Write


def hostile(name: str, says: str, write: Write) -> Callable[[Path], None]:
    """Make a function with this name and docstring."""

    def function(folder: Path) -> None:
        write(folder)

    function.__name__, function.__doc__ = name, says
    return function


HOSTILE = tuple(
    hostile(*row) for row in (*CUT_SHORT, *PICKLES, *TOO_LARGE, *MISLEADING, *LINKS, *JSON, *SETTINGS, *ARRAYS)
)
