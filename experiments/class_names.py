"""What the faulty twins of classes and functions compute, as `lstm-parity identify` says it: every one, in one process.

`experiments/classes.py` counts a name as right if the parts are those that the specimen's table says. A fault may be
written in more than one way ("i = 1 - f" is "c' = f * c + g * (1 - f)"; what is wrong on the way back is in "gradients"
here): those are listed, to be read. Nothing is named that does not return the numbers of fresh calls. The specimens of
`classes` and `classes_more` were known when the search was extended; those of `classes_later` and `classes_further`
were written before, by the same hand. Run `python -m experiments.class_names`; it writes as it goes, and resumes.
Results: class_names.md, class_names.jsonl.
"""

from __future__ import annotations

import importlib
import json
import time
import warnings
from pathlib import Path
from typing import Any

from experiments.classes import FOLDERS as EVERY
from experiments.classes import entry_of
from experiments.resumed import read_answers
from lstm_parity.audits.identify import identify_calls
from lstm_parity.implementations.load import adapt
from lstm_parity.implementations.target import TargetError

FOLDERS = {name: entries for name, entries in EVERY.items() if name != "classes_dropping"}  # right in eval mode
WORK = Path(__file__).with_suffix(".jsonl")
RESULT = Path(__file__).with_suffix(".md")
HEAD = (
    "# What faulty classes compute",
    "",
    "Made by `python -m experiments.class_names`, which says what it does.",
    "",
    "| | faulty twins | without states | named as in the table | in other parts, to be read | not named | not let in |",
    "|---|---:|---:|---:|---:|---:|---:|",
)


def name_fault(name: str) -> dict[str, Any]:
    """Identify one faulty twin."""
    entry, start = entry_of(name), time.process_time()
    row: dict[str, Any] = {"name": name, "differing": [], "summary": "", "error": ""}
    try:
        module = importlib.import_module(f"specimens.{entry.file[:-3].replace('/', '.')}")
        found = identify_calls(adapt(entry.kind, name, getattr(module, name)))
        row |= {"differing": [*found.differing], "summary": found.summary}
    except TargetError as error:
        row["error"] = str(error)
    return row | {
        "right": set(row["differing"]) == set(entry.parts),
        "seconds": round(time.process_time() - start, 1),
    }


def report(rows: dict[str, dict[str, Any]]) -> str:
    """Write the page."""
    lines = list(HEAD)
    for folder, entries in FOLDERS.items():
        some = [rows[entry.faulty] for entry in entries.values() if entry.faulty in rows]
        without = sum("no states" in entry.offers for entry in entries.values())
        right = sum(row["right"] for row in some)
        other = sum(bool(row["differing"]) and not row["right"] for row in some)
        refused = sum(bool(row["error"]) for row in some)
        left = len(some) - right - other - refused
        lines.append(f"| {folder} | {len(some)} | {without} | {right} | {other} | {left} | {refused} |")
    lines += ["", "## Each", ""]
    for row in rows.values():
        entry = entry_of(row["name"])
        said = row["summary"] or ("not let in" if row["error"] else "nothing")
        lines.append(f"* {row['name']} ({entry.fault}; {', '.join(entry.parts)}): {said}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Identify all that are not known yet, and write the page."""
    warnings.simplefilter("ignore")
    known = read_answers(WORK)
    rows = {row["name"]: row for row in known}
    with WORK.open("a", encoding="utf-8") as file:
        for name in [entry.faulty for entries in FOLDERS.values() for entry in entries.values()]:
            if name not in rows:
                rows[name] = name_fault(name)
                file.write(json.dumps(rows[name]) + "\n")
                file.flush()
                print(rows[name], flush=True)
    RESULT.write_text(report(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
