"""Write the hostile folders: `python -m specimens.hostile_files DEST`."""

from __future__ import annotations

import sys
from pathlib import Path

from specimens.hostile_files import HOSTILE


def main(target: Path) -> None:
    """Write all folders below one."""
    for function in HOSTILE:
        folder = target / function.__name__
        folder.mkdir(parents=True)
        function(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
