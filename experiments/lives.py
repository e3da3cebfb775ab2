"""False alarms in the life of a module: nn.LSTM, nn.LSTMCell and the references, asked by every question of `verify`.

Each implementation is asked all questions but that about plain outputs (which `experiments/campaign.md` is about), on
covering designs and tall cases drawn by other seeds, until so many cases are judged. Run
`python -m experiments.lives [CASES]`: it writes as it goes, and resumes. Results: lives.md, lives.jsonl.
"""

from __future__ import annotations

import itertools
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from experiments.resumed import ask_all, read_answers
from lstm_parity.audits.own_arithmetic import InOwnArithmetic
from lstm_parity.audits.plan import discover, draw_plan
from lstm_parity.audits.questions import QUESTIONS
from lstm_parity.audits.verification.verify import OUR_IMPLEMENTATIONS
from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.setting import DTYPES
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.running.threads import share_cores

WORK = Path(__file__).with_suffix(".jsonl")
RESULT = Path(__file__).with_suffix(".md")
CASES = 100_000
_RUNS = 80  # in which processes are started once
_EVERY = 3  # one of so many cases of a design is asked each question
_ASKED = [name for name in QUESTIONS if name != "known answers"]  # these are the same for every seed


def list_runs() -> Iterator[tuple[str, str, int]]:
    """List what is asked: the names of an implementation and a dtype, and a seed."""
    for seed in itertools.count(2):
        for implementation in OUR_IMPLEMENTATIONS:
            for dtype in DTYPES:
                yield implementation.name, dtype, seed


def ask(run: tuple[str, str, int]) -> dict[str, Any]:
    """Ask all questions of one run; return counts, the farthest distances, and the ids of cases that are wrong."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    name, dtype, seed = run
    implementation = InOwnArithmetic(next(one for one in OUR_IMPLEMENTATIONS if one.name == name))
    cases = [_redraw(case, seed) for case in draw_plan(discover(implementation, dtype), dtype) if case.is_finite]
    found: dict[str, Any] = {"name": name, "dtype": dtype, "seed": seed, "questions": {}}
    for question in _ASKED if cases else ():
        found["questions"][question] = _sum_up(QUESTIONS[question](implementation, cases, _EVERY))
    return found


def _redraw(case: Case, seed: int) -> Case:
    """Draw the same setting with other numbers."""
    drawn = draw_case(case.setting, case.profile, seed)
    return drawn if drawn.is_finite else case


def _sum_up(verdicts: list[Verdict]) -> dict[str, Any]:
    measured = [m for verdict in verdicts for m in verdict.measured]
    return {
        "counts": dict(Counter(verdict.outcome.value for verdict in verdicts)),
        "worst": max((m.worst for m in measured), default=0.0),
        "rms": max((m.rms for m in measured if m.rms_is_meaningful), default=0.0),
        "wrong": [verdict.case.id for verdict in verdicts if verdict.outcome.is_wrong],
    }


def count_judged(rows: list[dict[str, Any]]) -> int:
    """Count the cases that were judged."""
    return sum(
        one["counts"].get(outcome.value, 0)
        for row in rows
        for one in row["questions"].values()
        for outcome in (Outcome.PARITY, Outcome.DEVIATES, Outcome.FAILED)
    )


def report(rows: list[dict[str, Any]]) -> str:
    """Write the page."""
    wrong = [id for row in rows for one in row["questions"].values() for id in one["wrong"]]
    lines = [
        "# False alarms in the life of a module",
        "",
        "Made by `python -m experiments.lives`, which says what it does.",
        "",
        f"{count_judged(rows):,} cases were judged, {len(wrong)} were called wrong.",
        "",
        "| question | dtype | judged | called wrong | worst, limit 2.86 | RMS, limit 0.75 |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for question, dtype in itertools.product(_ASKED, DTYPES):
        some = [row["questions"][question] for row in rows if row["dtype"] == dtype and question in row["questions"]]
        counts = Counter[str]()
        for one in some:
            counts.update(one["counts"])
        judged = sum(counts[outcome.value] for outcome in (Outcome.PARITY, Outcome.DEVIATES, Outcome.FAILED))
        if judged:
            worst, rms = (max(one[what] for one in some) for what in ("worst", "rms"))
            bad = sum(len(one["wrong"]) for one in some)
            lines.append(f"| {question} | {dtype} | {judged:,} | {bad} | {worst:.2f} | {rms:.2f} |")
    lines += ["", "Called wrong:", "", *(f"* {id}" for id in wrong or ["none"])]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Ask until so many cases are judged, and write the page."""
    share_cores()  # before the processes import NumPy and torch
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    rows = read_answers(WORK)
    known = {(row["name"], row["dtype"], row["seed"]) for row in rows}
    left = (run for run in list_runs() if run not in known)
    while (judged := count_judged(rows)) < wanted:
        print(f"\r{judged:,} of {wanted:,}", end="", file=sys.stderr, flush=True)
        rows += ask_all(ask, itertools.islice(left, _RUNS), WORK)
    RESULT.write_text(report(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
