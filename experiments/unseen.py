"""Whether wrong LSTMs of unseen kinds are called wrong, and correct ones in unseen styles are not, by every door.

Wrong: `specimens/unseen_faults/`, 128 faults, with all of nn.LSTM's arguments and with fewer; every known mistake that
a signature can make, with all features and with fewer; `specimens/dropout_layers.py`; in float32, faults of other
dtypes in those. Right: `specimens/unseen_styles/`, in all four dtypes; dropout in other styles. The doors:
`verify_one`, as `lstm-parity verify --impl` does, and `lstm_parity.check`, both in this process; `pytest -x --impl`
as it is typed. Run `python -m experiments.unseen DOOR [GROUP ...]`: a door is verify, check or pytest; a group is
one of `WRONG` (by signature) or `RIGHT`. It writes as it goes, and resumes. Results: unseen.md, unseen.jsonl.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import torch

import lstm_parity
from experiments.resumed import ask_all, read_answers
from lstm_parity.audits.plan import Offer, discover, draw_plan
from lstm_parity.audits.prove import can_make
from lstm_parity.audits.verification.verify import verify_one
from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import DTYPES
from lstm_parity.catalogue.mistakes import GRADIENT_MISTAKES, MISTAKES, find_mistake
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.implementations.load import adapt, declare
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.running.threads import share_cores
from specimens import dropout_layers, unseen_faults, unseen_styles
from specimens.unseen_faults import FAULTS, SIGNATURES
from specimens.unseen_styles import STYLES

WORK = Path(__file__).with_suffix(".jsonl")
RESULT = Path(__file__).with_suffix(".md")
OTHER_DTYPES = {"DoubleIsSingle": "float64", "HalfIsBfloat": "float16", "BfloatScaled": "bfloat16"}
DOORS = ("verify", "check", "pytest")
_FEW = ("layers", "bidirectional", "projection", "no-bias", "batch_first")  # what (input_size, hidden_size) lacks
_KNOWN = {"known": (), "known_sizes": _FEW, "known_layers": _FEW[1:], "known_no_packed": ("packed",)}
_DROPOUT = {"dropout": dropout_layers.WRONG, "dropout_right": dropout_layers.RIGHT}
WRONG = ("all", "_sizes", "_layers", "_no_bias", *_KNOWN, "dropout")
RIGHT = ("styles", "dropout_right")

_STYLE = (
    "half-types-accumulated-in-half rounds every sum of a half type, which is an arithmetic of the dtype "
    "(docs/verdicts.md): by default it is a style, which the certificate names; `--strict` calls it wrong."
)


def names_of(group: str) -> Iterator[str]:
    """List what is judged in a group."""
    if group == "styles":
        yield from STYLES
    elif group in _DROPOUT:
        yield from (one.__name__ for one in _DROPOUT[group])
    elif group in _KNOWN:
        for mistake in (*MISTAKES, *GRADIENT_MISTAKES):
            dtype = _dtype_of(mistake)
            if can_make(mistake, dtype, *_offer(dtype, _KNOWN[group])):
                yield mistake.name
    else:
        suffix = "" if group == "all" else group
        yield from (fault.name + suffix for fault in FAULTS if fault.shows_in(SIGNATURES[suffix]))


@cache
def _offer(dtype: str, without: tuple[str, ...]) -> tuple[Offer, list[Case]]:
    """Find what nn.LSTM offers without some features, and draw the plan of it."""
    offer = discover(declare(TorchLSTM(), without, ""), dtype)
    return offer, draw_plan(offer, dtype)


def _dtype_of(mistake: Mistake) -> str:
    return "float32" if "float32" in mistake.dtypes else mistake.dtypes[0]


@dataclass(frozen=True)
class Specimen:
    """What is judged, as a target, and the object that it names."""

    target: str
    found: Any
    flags: tuple[str, ...]
    dtypes: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The kind of its target."""
        return self.target.partition(":")[0]

    @property
    def without(self) -> tuple[str, ...]:
        """What is declared away."""
        return tuple(
            value for flag, value in zip(self.flags[::2], self.flags[1::2], strict=True) if flag == "--without"
        )

    @property
    def arrays(self) -> str:
        """The library that it computes with."""
        return "numpy" if "--arrays" in self.flags else "torch"


def find_specimen(group: str, name: str) -> Specimen:
    """Find a specimen of a group."""
    if group == "styles":
        kind, flags = STYLES[name]
        return Specimen(f"{kind}:specimens.unseen_styles:{name}", getattr(unseen_styles, name), flags, DTYPES)
    if group in _DROPOUT:
        found = getattr(dropout_layers, name)
        return Specimen(f"module:specimens.dropout_layers:{name}", found, (), ("float32",))
    if group in _KNOWN:
        mistake = find_mistake(name)
        flags = tuple(word for feature in _KNOWN[group] for word in ("--without", feature))
        return Specimen(f"mistake:{name}", mistake, flags, (_dtype_of(mistake),))
    dtype = OTHER_DTYPES.get(name.partition("_")[0], "float32")
    return Specimen(f"module:specimens.unseen_faults:{name}", unseen_faults.CLASSES[name], (), (dtype,))


def judge(question: tuple[str, str, str]) -> dict[str, Any]:
    """Judge one specimen by one door."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    door, group, name = question
    start = time.perf_counter()
    answer = {"verify": by_verify, "check": by_check, "pytest": by_pytest}[door](find_specimen(group, name))
    seconds = round(time.perf_counter() - start, 1)
    return {"door": door, "group": group, "name": name, "seconds": seconds} | answer


def by_verify(one: Specimen) -> dict[str, Any]:
    """Whether a certificate holds, by which question not, and in which arithmetic if not the dtype's own."""
    if isinstance(one.found, Mistake):
        implementation = declare(one.found, one.without, "")
    else:
        implementation = adapt(one.kind, one.target, one.found, one.arrays, one.without)
    certificate = verify_one(implementation, one.dtypes).certificate
    last = certificate.rows[-1]
    words = [f"{r.dtype}: {r.arithmetic}" for r in certificate.rows if r.arithmetic not in (r.dtype, None)]
    told = {"question": last.question, "outcome": certificate.outcome.value, "dtype": last.dtype}
    return {"holds": certificate.holds, **told, "arithmetic": "; ".join(dict.fromkeys(words))}


def by_check(one: Specimen) -> dict[str, Any]:
    """Whether `check` returns."""
    try:
        lstm_parity.check(one.found, one.kind, arrays=one.arrays, without=one.without, dtypes=one.dtypes)
    except AssertionError as error:
        return {"holds": False, "question": str(error).splitlines()[0][:120]}
    return {"holds": True, "question": ""}


def by_pytest(one: Specimen) -> dict[str, Any]:
    """Whether pytest exits with 0, and the first test that failed."""
    given = [f"--lstm{flag[1:]}" if flag.startswith("--") else flag for flag in one.flags]
    command = [sys.executable, "-m", "pytest", "parity_tests", "-qx", "--impl", one.target, *given]
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
            missed.setdefault(kinds.get(name, "known mistakes"), []).append(name)
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
    for group, door in product(WRONG, DOORS):
        if some := [row for row in rows if (row["group"], row["door"]) == (group, door)]:
            wrong = sum(not row["holds"] for row in some)
            seconds = statistics.median(row["seconds"] for row in some)
            lines.append(f"| {group.strip('_')} | {door} | {len(some)} | {wrong} | {seconds:.1f} |")
            missed += [f"* {group.strip('_')}, {door}, {names}" for names in list_missed(some)]
    by = Counter(row["question"] for row in rows if row["door"] == "verify" and not row["holds"])
    lines += ["", "By verify, found by: " + ", ".join(f"{question} {n}" for question, n in by.items()) + "."]
    lines += ["", "Not called wrong:", "", *(missed or ["* none"]), "", _STYLE]
    lines += ["", "| correct LSTMs in unseen styles | judged | have parity | median seconds |", "|---|---:|---:|---:|"]
    styles = [row for row in rows if row["group"] in RIGHT]
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
    rows = read_answers(WORK)
    known = {(row["door"], row["group"], row["name"]) for row in rows}
    asked = [(door, group, name) for group in groups or ["all", "styles"] for name in names_of(group)]
    left = [question for question in asked if question not in known]
    for number, row in enumerate(ask_all(judge, left, WORK), 1):
        rows.append(row)
        print(f"\r{number} of {len(left)}", end="", file=sys.stderr, flush=True)
    RESULT.write_text(report(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
