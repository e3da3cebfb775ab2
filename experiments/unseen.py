"""Whether wrong LSTMs of unseen kinds are called wrong, and correct ones in unseen styles are not, by every door.

Wrong: `specimens/unseen_faults/`, 128 faults, with all of nn.LSTM's arguments and with fewer; in float32, faults of
other dtypes in those. Right: `specimens/unseen_styles/`, in all four dtypes. The doors: `verify_one`,
as `lstm-parity verify --impl` does, and `lstm_parity.check`, both in this process; `pytest -x --impl` as it is typed.
Run `python -m experiments.unseen DOOR [GROUP ...]`: a door is verify, check or pytest; a group is "all", "_sizes",
"_layers" or "_no_bias" (signatures), or "styles". It writes as it goes, and resumes. Results: unseen.md, unseen.jsonl.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from lstm_parity.running.threads import share_cores
from specimens.unseen_faults import FAULTS, SIGNATURES

WORK = Path(__file__).with_suffix(".jsonl")
RESULT = Path(__file__).with_suffix(".md")
OTHER_DTYPES = {"DoubleIsSingle": "float64", "HalfIsBfloat": "float16", "BfloatScaled": "bfloat16"}
DOORS = ("verify", "check", "pytest")
GROUPS = ("all", "_sizes", "_layers", "_no_bias", "styles")


def names_of(group: str) -> Iterator[str]:
    """List what is judged in a group."""
    if group == "styles":
        from specimens.unseen_styles import STYLES

        yield from STYLES
        return
    suffix = "" if group == "all" else group
    yield from (fault.name + suffix for fault in FAULTS if fault.shows_in(SIGNATURES[suffix]))


def judge(question: tuple[str, str, str]) -> dict[str, Any]:
    """Judge one specimen by one door."""
    import torch

    from lstm_parity.cases.setting import DTYPES
    from specimens import unseen_faults, unseen_styles

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    door, group, name = question
    if group == "styles":
        kind, flags = unseen_styles.STYLES[name]
        found, dtypes = getattr(unseen_styles, name), list(DTYPES)
    else:
        kind, flags = "module", ()
        found, dtypes = unseen_faults.CLASSES[name], [OTHER_DTYPES.get(name.partition("_")[0], "float32")]
    named = dict(zip(flags[::2], flags[1::2], strict=True))
    arrays, without = named.get("--arrays", "torch"), tuple(filter(None, [named.get("--without")]))
    start = time.perf_counter()
    if door == "verify":
        answer = by_verify(kind, name, found, arrays, without, dtypes)
    elif door == "check":
        answer = by_check(kind, found, arrays, without, dtypes)
    else:
        answer = by_pytest(kind, group, name, flags)
    seconds = round(time.perf_counter() - start, 1)
    return {"door": door, "group": group, "name": name, "seconds": seconds} | answer


def by_verify(kind: str, name: str, found: Any, arrays: str, without: tuple[str, ...], dtypes: Any) -> dict[str, Any]:
    """Whether a certificate holds, by which question not, and in which arithmetic if not the dtype's own."""
    from lstm_parity.audits.verification.verify import verify_one
    from lstm_parity.implementations.load import adapt

    certificate = verify_one(adapt(kind, name, found, arrays, without), dtypes).certificate
    last = certificate.rows[-1]
    words = [f"{r.dtype}: {r.arithmetic}" for r in certificate.rows if r.arithmetic not in (r.dtype, None)]
    told = {"question": last.question, "outcome": certificate.outcome.value, "dtype": last.dtype}
    return {"holds": certificate.holds, **told, "arithmetic": "; ".join(dict.fromkeys(words))}


def by_check(kind: str, found: Any, arrays: str, without: tuple[str, ...], dtypes: Any) -> dict[str, Any]:
    """Whether `check` returns."""
    import lstm_parity

    try:
        lstm_parity.check(found, kind, arrays=arrays, without=without, dtypes=dtypes)
    except AssertionError as error:
        return {"holds": False, "question": str(error).splitlines()[0][:120]}
    return {"holds": True, "question": ""}


def by_pytest(kind: str, group: str, name: str, flags: tuple[str, ...]) -> dict[str, Any]:
    """Whether pytest exits with 0, and the first test that failed."""
    module = "specimens.unseen_styles" if group == "styles" else "specimens.unseen_faults"
    given = [f"--lstm{flag[1:]}" if flag.startswith("--") else flag for flag in flags]
    command = [sys.executable, "-m", "pytest", "parity_tests", "-qx", "--impl", f"{kind}:{module}:{name}", *given]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    failed = [line.partition("::")[2] for line in ended.stdout.splitlines() if line.startswith("FAILED")]
    return {"holds": ended.returncode == 0, "question": failed[0][:100] if failed else ""}


def list_missed(rows: list[dict[str, Any]]) -> list[str]:
    """List the faults that were not called wrong, by kind."""
    kinds = {fault.name: fault.kind for fault in FAULTS}
    missed: dict[str, list[str]] = {}
    for row in rows:
        if row["holds"]:
            name = row["name"].partition("_")[0]
            missed.setdefault(kinds[name], []).append(name)
    return [f"{kind}: {', '.join(names)}" for kind, names in missed.items()]


def report(rows: list[dict[str, Any]]) -> str:
    """Write the page."""
    lines = [
        "# Unseen faults and unseen styles",
        "",
        "Made by `python -m experiments.unseen DOOR`, which says what it does.",
        "",
        "| wrong LSTMs, by signature | door | judged | called wrong | median seconds |",
        "|---|---|---:|---:|---:|",
    ]
    missed = list[str]()
    for group, door in product(GROUPS[:-1], DOORS):
        if some := [row for row in rows if (row["group"], row["door"]) == (group, door)]:
            wrong = sum(not row["holds"] for row in some)
            seconds = statistics.median(row["seconds"] for row in some)
            lines.append(f"| {group.strip('_')} | {door} | {len(some)} | {wrong} | {seconds:.1f} |")
            missed += [f"* {group.strip('_')}, {door}, {names}" for names in list_missed(some)]
    by = Counter(row["question"] for row in rows if row["door"] == "verify" and not row["holds"])
    lines += ["", "By verify, found by: " + ", ".join(f"{question} {n}" for question, n in by.items()) + "."]
    lines += ["", "Not called wrong:", "", *(missed or ["* none"])]
    lines += ["", "| correct LSTMs in unseen styles | judged | have parity | median seconds |", "|---|---:|---:|---:|"]
    styles = [row for row in rows if row["group"] == "styles"]
    for door in DOORS:
        if some := [row for row in styles if row["door"] == door]:
            seconds = statistics.median(row["seconds"] for row in some)
            lines.append(f"| {door} | {len(some)} | {sum(row['holds'] for row in some)} | {seconds:.1f} |")
    lines += ["", "The others:", ""]
    lines += [f"* {r['name']}, {r['door']}: {r['question']}" for r in styles if not r["holds"]] or ["* none"]
    lines += ["", "Arithmetics of the dtype that verify names, where they are not its own:", ""]
    lines += [f"* {r['name']}: {r['arithmetic']}" for r in styles if r.get("arithmetic")]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Judge what is not judged yet, and write the page."""
    share_cores()  # before the processes import NumPy and torch
    door, *groups = sys.argv[1:] or ["verify"]
    rows = [json.loads(line) for line in WORK.read_text("utf-8").splitlines()] if WORK.exists() else []
    known = {(row["door"], row["group"], row["name"]) for row in rows}
    asked = [(door, group, name) for group in groups or ["all", "styles"] for name in names_of(group)]
    left = [question for question in asked if question not in known]
    with get_context("spawn").Pool(2) as pool, WORK.open("a", encoding="utf-8") as work:
        for number, row in enumerate(pool.imap_unordered(judge, left), 1):
            work.write(json.dumps(row) + "\n")
            work.flush()
            rows.append(row)
            print(f"\r{number} of {len(left)}", end="", file=sys.stderr, flush=True)
    RESULT.write_text(report(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
