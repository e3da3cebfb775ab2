"""Whether wrong LSTMs of unseen kinds are called wrong, and correct ones in unseen styles are not.

Wrong: `specimens/unseen_faults.py`, 128 faults, with all of nn.LSTM's arguments and with fewer. Right:
`specimens/unseen_styles.py`. Each is judged by `audits.verify.verify_one`, as `lstm-parity verify --impl` does, in
this process and in float32 (faults of other dtypes in those, styles in float64 and float32). Run
`python -m experiments.unseen [SIGNATURE ...]`, where a signature is "all", "_sizes", "_layers" or "_no_bias", or
"styles"; it writes as it goes, and resumes. Results: unseen.md, unseen.jsonl.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from lstm_parity.running.threads import share_cores
from specimens.unseen_faults import FAULTS, SIGNATURES

WORK = Path(__file__).with_suffix(".jsonl")
RESULT = Path(__file__).with_suffix(".md")
OTHER_DTYPES = {"DoubleIsSingle": "float64", "HalfIsBfloat": "float16", "BfloatScaled": "bfloat16"}


def names_of(group: str) -> Iterator[str]:
    """List what is judged in a group."""
    if group == "styles":
        from specimens.unseen_styles import STYLES

        yield from STYLES
        return
    suffix = "" if group == "all" else group
    yield from (fault.name + suffix for fault in FAULTS if fault.shows_in(SIGNATURES[suffix]))


def judge(question: tuple[str, str]) -> dict[str, Any]:
    """Judge one specimen."""
    import torch

    from lstm_parity.audits.verify import verify_one
    from lstm_parity.implementations.load import adapt
    from specimens import unseen_faults, unseen_styles

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    group, name = question
    start = time.perf_counter()
    if group == "styles":
        kind, flags = unseen_styles.STYLES[name]
        arrays = "numpy" if "numpy" in flags else "torch"
        implementation = adapt(kind, name, getattr(unseen_styles, name), arrays)
        dtypes = ["float64", "float32"]
    else:
        implementation = adapt("module", name, unseen_faults.CLASSES[name])
        dtypes = [OTHER_DTYPES.get(name.partition("_")[0], "float32")]
    certificate, _ = verify_one(implementation, dtypes)
    last = certificate.rows[-1]
    seconds = round(time.perf_counter() - start, 1)
    words = [f"{row.dtype}: {row.arithmetic}" for row in certificate.rows if row.arithmetic != row.expected]
    found = {"group": group, "name": name, "holds": certificate.holds, "question": last.question}
    return found | {"dtype": last.dtype, "seconds": seconds, "arithmetic": "; ".join(words)}


def report(rows: list[dict[str, Any]]) -> str:
    """Write the page."""
    lines = [
        "# Unseen faults and unseen styles",
        "",
        "Made by `python -m experiments.unseen`, which says what it does.",
        "",
    ]
    lines += ["| wrong LSTMs, by signature | judged | called wrong | by | median seconds |", "|---|---:|---:|---|---:|"]
    kinds = {fault.name: fault.kind for fault in FAULTS}
    for group in ("all", "_sizes", "_layers", "_no_bias"):
        if some := [row for row in rows if row["group"] == group]:
            wrong = [row for row in some if not row["holds"]]
            by = ", ".join(f"{question} {n}" for question, n in Counter(row["question"] for row in wrong).items())
            seconds = statistics.median(row["seconds"] for row in some)
            lines.append(f"| {group.strip('_')} | {len(some)} | {len(wrong)} | {by} | {seconds:.1f} |")
    lines += ["", "Not called wrong, by kind:", ""]
    for group in ("all", "_sizes", "_layers", "_no_bias"):
        left: dict[str, list[str]] = {}
        for row in rows:
            if row["group"] == group and row["holds"]:
                left.setdefault(kinds[row["name"].partition("_")[0]], []).append(row["name"].partition("_")[0])
        lines += [f"* {group.strip('_')}, {kind}: {', '.join(names)}" for kind, names in left.items()]
    if styles := [row for row in rows if row["group"] == "styles"]:
        right = sum(row["holds"] for row in styles)
        lines += ["", f"Correct LSTMs in unseen styles: {right} of {len(styles)} have parity. The others:", ""]
        lines += [f"* {r['name']}, {r['dtype']}, {r['question']}: {r['arithmetic']}" for r in styles if not r["holds"]]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Judge what is not judged yet, and write the page."""
    share_cores()  # before the processes import NumPy and torch
    groups = sys.argv[1:] or ["all", "styles"]
    rows = [json.loads(line) for line in WORK.read_text("utf-8").splitlines()] if WORK.exists() else []
    known = {(row["group"], row["name"]) for row in rows}
    left = [(group, name) for group in groups for name in names_of(group) if (group, name) not in known]
    with get_context("spawn").Pool(2) as pool, WORK.open("a", encoding="utf-8") as work:
        for row in pool.imap_unordered(judge, left):
            work.write(json.dumps(row) + "\n")
            work.flush()
            rows.append(row)
            print(f"\r{len(rows)} of {len(known) + len(left)}", end="", file=sys.stderr, flush=True)
    RESULT.write_text(report(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
