"""Classes and functions as they stand: whether strangers' are judged without an adapter, and faulty twins called wrong.

`specimens/classes`, 40 classes: written before the door was built, by somebody who did not know it.
`specimens/classes_more`, 20 functions and classes with lengths, projections and backward passes: written before those
were asked for. `specimens/classes_later`, 16 classes, half of them without states: written before what judges them was
built, by somebody who knew which kinds were missing. `specimens/classes_further`, 12 classes in shapes that none of
these has, `specimens/classes_rarer`, 14 classes, functions and objects, and `specimens/classes_dropping`, 12 classes
with dropout between layers and 8 that drop elsewhere: likewise. classes_first.jsonl is what was said of the last four
before, of classes_rarer as far as it was run, of classes_dropping by `--quick`.

Each is judged whole as it is typed, `lstm-parity verify --impl KIND:FILE.py:NAME`: a right one must have exit code 0
and PARITY, a faulty twin exit code 1. Two commands run at a time, each on a core of its own, so that neither starts a
second process; seconds are of processor time, all processes of a command together. What a twin computes is said by
`lstm-parity identify`: `experiments/class_names.py`, which has the same specimens. Run `python -m experiments.classes`;
it writes as it goes, and resumes; rows of classes.jsonl that are marked as earlier are of a version before, and judged
again. Results: classes.md, classes.jsonl. "named" counts what `verify` itself says that a
twin computes, "asked for dropout" those of which the certificate does not say that it was not judged.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from experiments.resumed import ask_all, read_answers
from specimens.classes import CLASSES, Entry
from specimens.classes_dropping import DROPPING, ELSEWHERE
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
    "classes_dropping": DROPPING,
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
    "parameters made in the first call, were not let in. Of classes_dropping, before: 10 of the 12 twins had PARITY, "
    "and one of the two others was called wrong for what is right in it; 7 of the 8 that drop elsewhere had PARITY, "
    "the other one was called wrong for a packed call; of the right ones KeepProbLSTM, whose states are pairs, was "
    "called wrong, and ModuleListLSTM and HardCodedLSTM for packed calls that they do not take. What is new was "
    "judged by two versions, on two cores that others used as much: the run showed that NormedLSTM, FixedSizesLSTM, "
    "ScriptedLSTM, DecoderLSTM and FlatStackLSTM were called wrong though they are right; these, and what was judged "
    "after them, are by the version in which that was put right. MaskedStepLSTM blends by multiplication, which "
    "spreads NaN in the padding: it has PARITY with --without non-finite."
)
EARLIER = ", by an earlier version, in seconds of a clock"
_NO_NAME = ("none of", "unknown", "something that")  # how a diagnosis begins that names nothing
TWINS = {entry.faulty: name for name, entry in ALL.items()}


def entry_of(name: str) -> Entry:
    """Return the entry of a specimen, or of a faulty twin."""
    return ALL[TWINS.get(name, name)]


def name_target(name: str) -> str:
    """Return what is typed for a specimen, a faulty twin, or one that drops elsewhere."""
    if name in ELSEWHERE:
        return f"class:specimens/classes_dropping/{ELSEWHERE[name][0]}:{name}"
    return f"{entry_of(name).kind}:specimens/{entry_of(name).file}:{name}"


def judge(name: str) -> dict[str, Any]:
    """Judge one specimen, a faulty twin, or one that drops elsewhere."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[multiprocessing.current_process()._identity[0] % 2]})
    before = _count_seconds()
    words = [sys.executable, "-m", "lstm_parity", "verify", "--impl", name_target(name)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=1800)
    printed = ended.stdout + ended.stderr
    last = re.search(r"^(NO |)(PARITY|NOT ENOUGH)[^\n]*(\n\S[^\n]*)*", printed, re.MULTILINE)
    said = re.search(r"^behaves like: (.*)", printed, re.MULTILINE)
    return {
        "name": name,
        "code": ended.returncode,
        "seconds": round(_count_seconds() - before, 1),
        "last": last.group(0).replace("\n", " ")[:300] if last else printed.strip()[-300:],
        "said": said.group(1)[:300] if said else "",
        "dropout": "dropout in train mode" not in printed,
    }


def _count_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def report(rows: list[dict[str, Any]]) -> str:
    """Write the page."""
    elsewhere = [row for row in rows if row["name"] in ELSEWHERE]
    right = [row for row in rows if row["name"] in ALL]
    faulty = [row for row in rows if row["name"] in TWINS]
    lines = [
        "# Strangers' classes and functions as they stand",
        "",
        "Made by `python -m experiments.classes`, which says what it does.",
        "",
    ]
    lines += ["| | judged | verdict as it should be | asked for dropout | named | median seconds | largest |"]
    lines += ["|---|---:|---:|---:|---:|---:|---:|"]
    for folder, known in FOLDERS.items():
        for words, every, code in (("right", right, 0), ("faulty twins", faulty, 1)):
            some = [row for row in every if TWINS.get(row["name"], row["name"]) in known]
            for earlier in (False, True):
                own = [row for row in some if row.get("earlier", False) is earlier]
                lines += [_tabulate(f"{folder}, {words}{EARLIER * earlier}", own, code)] if own else []
    for words, every, code in (("right", right, 0), ("faulty twins", faulty, 1)):
        now = [row for row in every if not row.get("earlier")]
        lines += [_tabulate(f"all {words} that were judged now", now, code)] if now else []
    lines += _tabulate_first_time()
    lines += ["", FIRST, "", "## Not as they should be", ""]
    lines += [f"* {r['name']}: exit code {r['code']}: {r['last']}" for r in right if r["code"]]
    lines += [f"* {r['name']}: exit code {r['code']}: {r['last']}" for r in faulty if r["code"] != 1]
    lines += ["", "## Those that drop elsewhere", ""]
    lines += [f"* {r['name']} ({ELSEWHERE[r['name']][1]}): {_conclude(r)}" for r in elsewhere]
    lines += ["", "## What is said of the twins", ""]
    lines += [
        f"* {r['name']} ({entry_of(r['name']).fault}): {r['said'] or r['last']}" for r in faulty if not r.get("earlier")
    ]
    return "\n".join(lines) + "\n"


def _tabulate_first_time() -> list[str]:
    """Write the lines of what was said before what judges these was built."""
    lines = list[str]()
    first = read_answers(FIRST_TIME)
    for folder in ("classes_later", "classes_further", "classes_rarer", "classes_dropping"):
        for words, code in (("right", 0), ("faulty twins", 1)):
            own = [row for row in first if TWINS.get(row["name"], row["name"]) in FOLDERS[folder]]
            some = [row for row in own if (row["name"] in TWINS) == bool(code)]
            lines.append(_tabulate(f"{folder} before what judges them was built, {words}", some, code))
    return lines


def _tabulate(words: str, some: list[dict[str, Any]], code: int) -> str:
    """Write the line of the table for some of the right ones (code 0), or of the faulty twins (code 1)."""
    seconds = [row["seconds"] for row in some]
    asked = sum(bool(row.get("dropout")) for row in some)
    as_expected = sum(row["code"] == code for row in some)
    times = f"{statistics.median(seconds):.1f} | {max(seconds):.1f}" if seconds else " | "
    named = sum(bool(row.get("said")) and not row["said"].startswith(_NO_NAME) for row in some) if code else ""
    return f"| {words} | {len(some)} | {as_expected} | {asked} | {named} | {times} |"


def _conclude(row: dict[str, Any]) -> str:
    """Say what became of one that drops elsewhere, and what is said of it."""
    return f"exit code {row['code']}; {row['said'] or row['last']}"


def main() -> None:
    """Judge all, and write the page."""
    known = {row["name"]: row for row in read_answers(WORK)}  # the last of each
    done = {name for name, row in known.items() if not row.get("earlier")}
    pairs = [name for correct, entry in reversed(ALL.items()) for name in (correct, entry.faulty)]
    names = [name for name in (*ELSEWHERE, *pairs) if name not in done]
    for number, row in enumerate(ask_all(judge, names, WORK), 1):
        known[row["name"]] = row
        print(f"{number} of {len(names)}", row, flush=True)
    order = {name: number for number, name in enumerate((*pairs[::-1], *ELSEWHERE))}
    RESULT.write_text(report(sorted(known.values(), key=lambda row: order[row["name"]])), encoding="utf-8")


if __name__ == "__main__":
    main()
