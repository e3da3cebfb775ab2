"""Classes and functions as they stand: whether strangers' are judged without an adapter, and faulty twins called wrong.

`specimens/classes`, 40 classes: written before the door was built, by somebody who did not know it.
`specimens/classes_more`, 20 functions and classes with lengths, projections and backward passes: written before those
were asked for. `specimens/classes_later`, 16 classes, half of them without states: written before what judges them was
built, by somebody who knew which kinds were missing. `specimens/classes_further`, 12 classes in shapes that none of
these has: likewise. `specimens/classes_rarer`, 14 classes, functions and objects: likewise. classes_first.jsonl is
what was said of the last three before, of the last one as far as it was run.

Each is judged as it is typed, `lstm-parity verify --impl KIND:FILE.py:NAME`: a right one must have exit code 0 and
PARITY, a faulty twin exit code 1; its fault is named if the parts that differ are those that were changed (`lstm-parity
identify`; all of them, in one process: `experiments/class_names.py`). Run `python -m experiments.classes`; it writes as
it goes, and resumes. Results: classes.md, classes.jsonl.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from experiments.resumed import read_answers
from specimens.classes import CLASSES, Entry
from specimens.classes_further import FURTHER
from specimens.classes_later import LATER
from specimens.classes_more import MORE
from specimens.classes_rarer import RARER

WORK = Path(__file__).with_suffix(".jsonl")
FIRST_TIME = Path(__file__).with_name("classes_first.jsonl")  # of these, before what judges them was built
RESULT = Path(__file__).with_suffix(".md")
FOLDERS = {
    "classes": CLASSES,
    "classes_more": MORE,
    "classes_later": LATER,
    "classes_further": FURTHER,
    "classes_rarer": RARER,
}
ALL = {name: entry for entries in FOLDERS.values() for name, entry in entries.items()}
FIRST = (
    "Of classes_more, before what judges them was built: 6 of the 20 right ones had PARITY, 3 of these without their "
    "gradients; 2 of the 20 faulty twins had DEVIATES. 5 twins more had exit code 1, as their right ones had: their "
    "arguments were not known, so that they raised. Of classes_later, before: CacheCell was called wrong though it is"
    " right; CellStackLSTMFaulty had PARITY, as only one layer of it was judged, and CourseCellFaulty, as no "
    "gradients of it were. Of classes_further, before: StateObjectLSTMFaulty had PARITY, as its states were not "
    "given, and SplitDirectionsLSTMFaulty, as its second layer with two directions was not judged. Of classes_rarer, "
    "before, 17 were judged as commands: 2 right ones had PARITY, 2 twins DEVIATES, 13 were not let in. Of the "
    "others, only a small call was looked at: AliasLSTM was right and its twin wrong, ScaledLSTM was called wrong "
    "though it is right, and of NormedLSTM nothing was found in minutes; functions that return a module, and "
    "parameters made in the first call, were not let in. classes_rarer was judged on two cores of an AMD EPYC beside "
    "the work of three others, so that its seconds are several times those of a quiet machine; the names of its twins"
    " are in experiments/class_names.md. Of its right ones, only those were judged again that are in the table; every"
    " one of them is right in a small call, by tests/classes/test_rarer.py. ScaledLSTM was NARROWER in bfloat16 "
    "alone, in which its parametrization rounds weights once more; half types are refused since. NormedLSTM returned "
    "NaN for rows of zeros, which weight norm cannot hold, and had a wrong name for it; such weights are refused "
    "since."
)
TWINS = {entry.faulty: name for name, entry in ALL.items()}


def run(command: str, name: str, *options: str) -> tuple[int, str, float]:
    """Run a command on a class or a function; return its exit code, what it printed, and seconds."""
    entry = entry_of(name)
    target = f"{entry.kind}:specimens/{entry.file}:{name}"
    start = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "lstm_parity", command, "--impl", target, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    return ended.returncode, ended.stdout + ended.stderr, round(time.perf_counter() - start, 1)


def entry_of(name: str) -> Entry:
    """Return the entry of a specimen, or of a faulty twin."""
    return ALL[TWINS.get(name, name)]


def judge(name: str, work: Path) -> dict[str, Any]:
    """Judge one specimen, or a faulty twin."""
    entry = entry_of(name)
    code, printed, seconds = run("verify", name)
    row: dict[str, Any] = {
        "name": name,
        "code": code,
        "seconds": seconds,
        "last": printed.strip().splitlines()[-1][:200],
    }
    if name in TWINS:
        work.unlink(missing_ok=True)
        _, _, named = run("identify", name, "--json", str(work))
        differing = json.loads(work.read_text(encoding="utf-8"))["differing"] if work.exists() else []
        row |= {"differing": differing, "right": set(differing) == set(entry.parts), "identify_seconds": named}
    return row


def report(rows: list[dict[str, Any]]) -> str:
    """Write the page."""
    right = [row for row in rows if row["name"] not in TWINS]
    faulty = [row for row in rows if row["name"] in TWINS]
    lines = [
        "# Strangers' classes and functions as they stand",
        "",
        "Made by `python -m experiments.classes`, which says what it does.",
        "",
    ]
    lines += ["| | judged | verdict as it should be | named rightly | named otherwise | median seconds |"]
    lines += ["|---|---:|---:|---:|---:|---:|"]
    for folder, known in FOLDERS.items():
        for words, every, code in (("right", right, 0), ("faulty twins", faulty, 1)):
            some = [row for row in every if TWINS.get(row["name"], row["name"]) in known]
            lines += [_tabulate(f"{folder}, {words}", some, code)] if some else []
    first = read_answers(FIRST_TIME)
    for folder in ("classes_later", "classes_further", "classes_rarer"):
        for words, code in (("right", 0), ("faulty twins", 1)):
            own = [row for row in first if TWINS.get(row["name"], row["name"]) in FOLDERS[folder]]
            some = [row for row in own if (row["name"] in TWINS) == bool(code)]
            lines.append(_tabulate(f"{folder} before what judges them was built, {words}", some, code))
    lines += ["", FIRST, "", "## Not as they should be", ""]
    lines += [f"* {r['name']}: exit code {r['code']}: {r['last']}" for r in right if r["code"]]
    lines += [f"* {r['name']}: exit code {r['code']}: {r['last']}" for r in faulty if r["code"] != 1]
    lines += ["", "## What was named", ""]
    for row in faulty:
        entry = entry_of(row["name"])
        found = ", ".join(row["differing"]) or "nothing"
        lines.append(f"* {row['name']} ({entry.fault}; {', '.join(entry.parts)}): {found}")
    return "\n".join(lines) + "\n"


def _tabulate(words: str, some: list[dict[str, Any]], code: int) -> str:
    """Write the line of the table for some of the right ones (code 0), or of the faulty twins (code 1)."""
    seconds = statistics.median(row["seconds"] for row in some)
    named = [row["right"] for row in some if row.get("differing")]
    names = f"{sum(named)} | {len(named) - sum(named)}" if code else " | "
    return f"| {words} | {len(some)} | {sum(r['code'] == code for r in some)} | {names} | {seconds:.1f} |"


def main() -> None:
    """Judge all, and write the page."""
    known = read_answers(WORK)
    done = {row["name"] for row in known}
    names = [name for correct, entry in ALL.items() for name in (correct, entry.faulty)]
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
