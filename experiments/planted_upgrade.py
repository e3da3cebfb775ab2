"""What `compare` says of a torch in which four regressions were planted, against the same torch without them.

Run `python -m experiments.planted_upgrade FOLDER`: makes plain.record and planted.record there where they are missing,
some minutes, and writes planted_upgrade.md. The faults are planted_torch/with_regressions/sitecustomize.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lstm_parity.audits.upgrade.compare.finding import Kind
from lstm_parity.audits.upgrade.compare.records import compare_records
from lstm_parity.audits.upgrade.record import Record
from lstm_parity.audits.upgrade.record_file import read_record
from lstm_parity.audits.upgrade.report import comparison_text

HERE = Path(__file__).parent
QUIET = (Kind.REWORDED, Kind.NOISE, Kind.NOT_JUDGED)


def recorded(file: Path, **environment: str) -> Record:
    """The record in a file, which is made if it is missing."""
    if not file.exists():
        command = [sys.executable, "-m", "lstm_parity", "record", str(file)]
        subprocess.run(command, check=True, cwd=HERE.parent, env={**os.environ, **environment})
    return read_record(file)


def main(folder: Path) -> None:
    """Record, compare, and write what is found."""
    plain = recorded(folder / "plain.record")
    planted = recorded(folder / "planted.record", PYTHONPATH=str(HERE / "planted_torch" / "with_regressions"))
    text = comparison_text(compare_records(plain, planted))
    lines = [line for line in text.splitlines() if not line.startswith(tuple(kind.value for kind in QUIET))]
    told = f"# Four planted regressions\n\n{(__doc__ or '').strip()}\n\nWithout lines of other words and of noise:\n\n"
    (HERE / "planted_upgrade.md").write_text(told + "\n".join(["```", *lines, "```"]) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
