"""What each door says of wrong LSTMs of unseen kinds, and of correct ones in unseen styles.

Wrong: `specimens/unseen_faults.py`, with all of nn.LSTM's arguments and fewer; right: `specimens/unseen_styles.py`.
Doors: `lstm-parity verify --impl`, `pytest --impl` and `lstm_parity.check`. Run `python -m experiments.unseen
[--work FILE] [--doors verify,check,pytest] [--signatures all,_sizes,...]`: it writes as it goes and resumes. Result:
unseen.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from specimens.unseen_faults import FAULTS, SIGNATURES
from specimens.unseen_styles import STYLES

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).with_suffix(".md")
DOORS = ("verify", "check", "pytest")
CHECK = """\
import sys, lstm_parity, importlib
kind, module, name, *without = sys.argv[1:]
arrays = "numpy" if "numpy" in name else "torch"
lstm_parity.check(getattr(importlib.import_module(module), name), kind, arrays=arrays)
"""


def command(door: str, kind: str, module: str, name: str, flags: tuple[str, ...]) -> list[str]:
    """Build the command line of a door."""
    target = f"{kind}:specimens/{module}.py:{name}"
    if door == "verify":
        return [sys.executable, "-m", "lstm_parity", "verify", "--impl", target, *flags]
    if door == "pytest":
        return [sys.executable, "-m", "pytest", "-q", "-n0", "--impl", target, *flags]
    return [sys.executable, "-c", CHECK, kind, f"specimens.{module}", name]


def questions(doors: list[str], signatures: list[str]) -> Iterator[tuple[str, str, str, str, tuple[str, ...]]]:
    """List (door, kind, module, name, flags)."""
    for door in doors:
        for fault in FAULTS:
            for signature in signatures:
                if fault.shows_in(SIGNATURES[signature]):
                    yield door, "module", "unseen_faults", fault.name + signature, ()
        for name, (kind, flags) in STYLES.items():
            yield door, kind, "unseen_styles", name, flags


def ask(question: tuple[str, str, str, str, tuple[str, ...]], limit: float) -> dict[str, object]:
    """Run one command; return its exit status, seconds and last lines."""
    began = time.perf_counter()
    door, _, module, name, _ = question
    try:
        run = subprocess.run(command(*question), cwd=ROOT, capture_output=True, text=True, timeout=limit)
        code, said = run.returncode, (run.stdout + run.stderr)[-1500:]
    except subprocess.TimeoutExpired:
        code, said = -1, f"more than {limit} s"
    seconds = round(time.perf_counter() - began, 1)
    return {"door": door, "module": module, "name": name, "code": code, "seconds": seconds, "said": said}


def report(rows: list[dict[str, object]]) -> str:
    """Write the page."""
    lines = [
        "# Unseen faults and unseen styles",
        "",
        "Made by `python -m experiments.unseen`, which says what it does.",
        "",
    ]
    lines += ["| door | signature | wrong LSTMs | called wrong | median s |", "|---|---|---:|---:|---:|"]
    groups: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    for row in rows:
        if row["module"] == "unseen_faults":
            groups[str(row["door"]), str(row["name"]).partition("_")[2] or "all"].append(row)
    for (door, signature), group in groups.items():
        seconds = sorted(float(str(row["seconds"])) for row in group)
        wrong = sum(row["code"] == 1 for row in group)
        lines.append(f"| {door} | {signature} | {len(group)} | {wrong} | {seconds[len(seconds) // 2]} |")
    lines += ["", "Acquitted or not judged:", ""]
    for (door, signature), group in groups.items():
        names = [f"{str(row['name']).partition('_')[0]} ({row['code']})" for row in group if row["code"] != 1]
        lines += [f"* {door}, {signature}: {', '.join(names) or 'none'}"]
    lines += ["", "| door | correct LSTMs | exit 0 | others |", "|---|---:|---:|---|"]
    for door in DOORS:
        group = [row for row in rows if row["module"] == "unseen_styles" and row["door"] == door]
        others = ", ".join(f"{row['name']} ({row['code']})" for row in group if row["code"] != 0)
        lines += [f"| {door} | {len(group)} | {sum(row['code'] == 0 for row in group)} | {others} |"] if group else []
    return "\n".join(lines) + "\n"


def main() -> None:
    """Ask, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("/tmp/unseen.jsonl"))
    parser.add_argument("--doors", default=",".join(DOORS))
    parser.add_argument("--signatures", default=",".join(SIGNATURES))
    parser.add_argument("--limit", type=float, default=300.0)
    given = parser.parse_args()
    signatures = ["" if s == "all" else s for s in given.signatures.split(",")]
    done = [json.loads(line) for line in given.work.read_text().splitlines()] if given.work.exists() else []
    known = {(row["door"], row["module"], row["name"]) for row in done}
    left = [q for q in questions(given.doors.split(","), signatures) if (q[0], q[2], q[3]) not in known]
    with ThreadPoolExecutor(2) as pool, given.work.open("a") as work:
        for k, row in enumerate(pool.map(lambda q: ask(q, given.limit), left)):
            work.write(json.dumps(row) + "\n")
            work.flush()
            done.append(row)
            print(f"\r{k + 1} of {len(left)}", end="", file=sys.stderr)
    RESULT.write_text(report(done))


if __name__ == "__main__":
    main()
