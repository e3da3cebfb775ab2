"""Whether the known bugs of torch's eager LSTMs are still there: what each probe of parity_tests/torch_bugs sees.

Run `python -m pages.torch_bugs`, with --record under another torch, to add that release. Results:
docs/torch-bugs.md and torch_bugs.json.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lstm_parity.parity_tests.torch_bugs import BUGS, Bug, Seen, look
from lstm_parity.reports.provenance import collect_provenance
from lstm_parity.running.child_process import UNLUCKY_MEMORY, ProcessServer
from pages.releases import Columns, one_line, record, table

DOCUMENT = Path(__file__).parents[1] / "docs" / "torch-bugs.md"
SHORT = {"still there": "there", "fixed": "", "cannot tell": "?"}


def threads(bug: Bug) -> str:
    """Links to where a bug is discussed."""
    return ", ".join(f"[{issue}](https://github.com/pytorch/pytorch/issues/{issue})" for issue in bug.issues)


def document(found: dict[str, Seen], columns: Columns) -> list[str]:
    """The lines of docs/torch-bugs.md."""
    where = ", ".join(
        f"{name} {value}" for name, value in collect_provenance().items() if name in ("torch", "kernels", "processor")
    )
    lines = [
        "# Known bugs of torch's eager LSTMs",
        "",
        "Made by `python -m pages.torch_bugs`, which says what it does.",
    ]
    lines += ["", f"On {where}:", "", "| | fault | threads | state | seen |", "|---|---|---|---|---|"]
    for name, seen in found.items():
        bug = BUGS[name]
        lines.append(f"| {name} | {bug.name} | {threads(bug)} | {seen.state} | {one_line(seen.words, 120)} |")
    lines += ["", "Release by release (there; empty: fixed, or not there yet; ?: cannot tell):", ""]
    return lines + table("", columns, BUGS, "?")


def main() -> None:
    """Run the probes, and write down what they saw."""
    with ProcessServer("torch", "lstm_parity.parity_tests.torch_bugs", environment=UNLUCKY_MEMORY) as isolation:
        found = {name: look(isolation, bug) for name, bug in BUGS.items()}
    columns = record("torch_bugs", {name: SHORT[seen.state] for name, seen in found.items()})
    for name, seen in found.items():
        print(f"{name:14} {seen.state:12} {one_line(seen.words)}")
    if "--record" not in sys.argv:
        DOCUMENT.write_text("\n".join(document(found, columns)) + "\n")


if __name__ == "__main__":
    main()
