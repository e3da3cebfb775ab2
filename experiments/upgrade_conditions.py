"""What `compare` says of one torch under other conditions: other vector instructions, threads, and without oneDNN.

Run `python -m experiments.upgrade_conditions`: some minutes. Only the answers are recorded, not speeds and bad calls.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from lstm_parity.audits.upgrade.compare.records import compare_records
from lstm_parity.audits.upgrade.measure.answers import fixed_cases, record_answers
from lstm_parity.audits.upgrade.measure.conditions import record_conditions
from lstm_parity.audits.upgrade.measure.record_torch import silence_warnings
from lstm_parity.audits.upgrade.record import Record
from lstm_parity.audits.upgrade.record_file import read_record, write_record
from lstm_parity.audits.upgrade.report import comparison_text
from lstm_parity.cases.case import parse_case

HERE = Path(__file__).parent
CHANGES = {
    "the same again": {},
    "other vector instructions in torch's own kernels": {"ATEN_CPU_CAPABILITY": "default"},
    "other vector instructions in oneDNN": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    "other vector instructions in MKL": {"MKL_CBWR": "COMPATIBLE"},
    "one thread": {"OMP_NUM_THREADS": "1"},
    "oneDNN off": {"PYTHONPATH": str(HERE / "planted_torch" / "without_onednn")},
}


def record(file: Path) -> None:
    """The answers of the installed torch, and its conditions."""
    with silence_warnings():
        told = tuple(record_answers(fixed_cases()))
    write_record(Record(record_conditions(), {name: parse_case(name).checksum for name in fixed_cases()}, told), file)


def recorded(file: Path, **environment: str) -> Record:
    """A record made in a process with these variables."""
    command = [sys.executable, "-m", "experiments.upgrade_conditions", str(file)]
    subprocess.run(command, check=True, cwd=HERE.parent, env={**os.environ, **environment})
    return read_record(file)


def main() -> None:
    """Record under all conditions, compare each with the first, and write what is said."""
    lines = ["# One torch under other conditions", "", (__doc__ or "").strip()]
    with tempfile.TemporaryDirectory() as folder:
        plain = recorded(Path(folder) / "plain")
        for k, (name, environment) in enumerate(CHANGES.items()):
            told = comparison_text(compare_records(plain, recorded(Path(folder) / str(k), **environment)))
            lines += ["", f"## {name}", "", "```", told.rstrip(), "```"]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if sys.argv[1:]:
        record(Path(sys.argv[1]))
    else:
        main()
