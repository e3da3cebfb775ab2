"""Any class as it stands: whether 40 strangers' classes are judged without an adapter, and faulty twins called wrong.

`specimens/classes`: written before the door was built, by somebody who did not know it. Each is judged as it is typed,
`lstm-parity verify --impl class:FILE.py:NAME`: a right one must have exit code 0 and PARITY, a faulty twin exit code 1;
its fault is named if the parts that differ are those that were changed (`lstm-parity identify`). Run
`python -m experiments.classes`; it writes as it goes, and resumes. Results: classes.md, classes.jsonl.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from specimens.classes import CLASSES

WORK = Path(__file__).with_suffix(".jsonl")
RESULT = Path(__file__).with_suffix(".md")


def run(command: str, name: str, file: str, *options: str) -> tuple[int, str, float]:
    """Run a command on a class; return its exit code, what it printed, and seconds."""
    target = f"class:specimens/classes/{file}:{name}"
    start = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "lstm_parity", command, "--impl", target, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    return ended.returncode, ended.stdout + ended.stderr, round(time.perf_counter() - start, 1)


def judge(name: str, work: Path) -> dict[str, Any]:
    """Judge one class, or a faulty twin."""
    entry = CLASSES[name.removesuffix("Faulty")]
    code, printed, seconds = run("verify", name, entry.file)
    row: dict[str, Any] = {
        "name": name,
        "code": code,
        "seconds": seconds,
        "last": printed.strip().splitlines()[-1][:200],
    }
    if name.endswith("Faulty"):
        work.unlink(missing_ok=True)
        _, _, named = run("identify", name, entry.file, "--json", str(work))
        differing = json.loads(work.read_text(encoding="utf-8"))["differing"] if work.exists() else []
        row |= {"differing": differing, "right": set(differing) == set(entry.parts), "identify_seconds": named}
    return row


def report(rows: list[dict[str, Any]]) -> str:
    """Write the page."""
    right = [row for row in rows if not row["name"].endswith("Faulty")]
    faulty = [row for row in rows if row["name"].endswith("Faulty")]
    named = [row for row in faulty if row["right"]]
    others = [row for row in faulty if row["differing"] and not row["right"]]
    lines = [
        "# Strangers' classes as they stand",
        "",
        "Made by `python -m experiments.classes`, which says what it does.",
        "",
    ]
    lines += ["| | judged | verdict as it should be | named rightly | named otherwise | median seconds |"]
    lines += ["|---|---:|---:|---:|---:|---:|"]
    for words, some, code in (("right", right, 0), ("faulty twins", faulty, 1)):
        if some:
            seconds = statistics.median(row["seconds"] for row in some)
            names = f"{len(named)} | {len(others)}" if code else " | "
            lines.append(
                f"| {words} | {len(some)} | {sum(r['code'] == code for r in some)} | {names} | {seconds:.1f} |"
            )
    lines += ["", "## Not as they should be", ""]
    lines += [f"* {r['name']}: exit code {r['code']}: {r['last']}" for r in right if r["code"]]
    lines += [f"* {r['name']}: exit code {r['code']}: {r['last']}" for r in faulty if r["code"] != 1]
    lines += ["", "## What was named", ""]
    for row in faulty:
        entry = CLASSES[row["name"].removesuffix("Faulty")]
        found = ", ".join(row["differing"]) or "nothing"
        lines.append(f"* {row['name']} ({entry.fault}; {', '.join(entry.parts)}): {found}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Judge all, and write the page."""
    known = [json.loads(line) for line in WORK.read_text(encoding="utf-8").splitlines()] if WORK.exists() else []
    done = {row["name"] for row in known}
    names = [name for correct in CLASSES for name in (correct, f"{correct}Faulty")]
    with WORK.open("a", encoding="utf-8") as file:
        for number, name in enumerate(names, 1):
            if name not in done:
                row = judge(name, RESULT.with_suffix(".tmp"))
                known.append(row)
                file.write(json.dumps(row) + "\n")
                file.flush()
                print(f"{number} of {len(names)}", row, flush=True)
    RESULT.with_suffix(".tmp").unlink(missing_ok=True)
    RESULT.write_text(report(known), encoding="utf-8")


if __name__ == "__main__":
    main()
