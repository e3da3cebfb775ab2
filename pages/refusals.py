"""What nn.LSTM, nn.LSTMCell and both references do with every bad call of lstm_parity/catalogue/bad_calls.

Run `python -m pages.refusals`, with --record under another torch, to add what that release does not refuse. Every
call is run alone in a child process, up to three times, until it is not refused. Results: refusals.md, refusals.json.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import torch

from lstm_parity.catalogue.bad_calls.callees import CALLEES, ROWS, can_run
from lstm_parity.catalogue.bad_calls.run import is_refused, run_all, run_isolated
from lstm_parity.parity_tests.known_refusals import known
from lstm_parity.running.child_process import UNLUCKY_MEMORY, CallResult, ExitKind, ProcessServer
from pages.releases import Columns, one_line, record, table

Endings = dict[str, dict[str, CallResult]]
MODULES = CALLEES[:2]


def all_alone(subject: str, isolation: ProcessServer) -> dict[str, CallResult]:
    """How every call of a subject ends, each in a process of its own."""
    return {row: run_isolated(isolation, subject, row) for row in ROWS if can_run(subject, row)}


def quickly(subject: str, isolation: ProcessServer) -> dict[str, CallResult]:
    """The same, with those together that are likely to be refused."""
    rows = [row for row in ROWS if can_run(subject, row)]
    return run_all(isolation, subject, rows, [row for row in rows if known(subject, row, torch.__version__)])


def in_words(ending: CallResult | None) -> str:
    """A cell of the table of one release."""
    if ending is None:
        return "n/a"
    if is_refused(ending):
        return f"{ending.kind}: {one_line(ending.words)}"
    if ending.how is ExitKind.RETURNED:
        return f"**accepted**: {one_line(ending.value)}"
    return f"**{ending.how.value}**: {ending.kind} {one_line(ending.words)}".strip()


def in_a_word(ending: CallResult) -> str:
    """A cell of the table of all releases."""
    return {ExitKind.RETURNED: "accepted", ExitKind.RAISED: "overrun"}.get(ending.how, ending.kind)


def not_refused(found: Endings) -> dict[str, str]:
    """What the modules let through, by module and call."""
    return {
        f"{subject}: {row}": in_a_word(ending)
        for subject in MODULES
        for row, ending in found[subject].items()
        if not is_refused(ending)
    }


def summary(found: Endings) -> list[str]:
    """How many calls ended how, by subject."""
    lines = ["| | calls | refused | accepted | crashed | exited | hung |", "|---|---:|---:|---:|---:|---:|---:|"]
    for subject, ended in found.items():
        count = Counter("refused" if is_refused(e) else e.how.value for e in ended.values())
        hows = ("refused", "returned", "crashed", "exited", "hung")
        lines.append(f"| {subject} | {len(ended)} | {' | '.join(str(count[how]) for how in hows)} |")
    return lines


def by_release(columns: Columns) -> list[str]:
    """What any release did not refuse."""
    rows = [f"{subject}: {row}" for subject in MODULES for row in ROWS]
    return table("call", columns, [row for row in rows if any(row in cells for cells in columns.values())], "")


def full(found: Endings) -> list[str]:
    """Every call and every subject."""
    lines = [f"| call | {' | '.join(CALLEES)} |", "|---|---|---|---|---|"]
    return lines + [f"| {row} | {' | '.join(in_words(found[s].get(row)) for s in CALLEES)} |" for row in ROWS]


def main() -> None:
    """Run the calls, and write down what became of them."""
    quick = "--record" in sys.argv
    with ProcessServer("torch", run_all.__module__, environment=UNLUCKY_MEMORY) as isolation:
        found = {s: (quickly if quick else all_alone)(s, isolation) for s in (MODULES if quick else CALLEES)}
    columns = record("refusals", not_refused(found))
    print("\n".join(summary(found)))
    if quick:
        return
    lines = ["# Bad calls", "", "Made by `python -m pages.refusals`, which says what it does."]
    lines += ["", f"torch {torch.__version__}:", "", *summary(found), "", "## What releases do not refuse", ""]
    lines += ["Empty: refused. `overrun`: memory was overrun, and an exception came by luck.", "", *by_release(columns)]
    lines += ["", f"## Every call, torch {torch.__version__}", "", *full(found)]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
