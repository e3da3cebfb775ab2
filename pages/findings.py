"""The programs of docs/findings/*.md, each run by a new interpreter: what every torch that ran this script did.

Run `python -m pages.findings` under any torch, for all of them or those that are named: `... export lengths`.
Results: findings.md and findings.json.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from pages.releases import Columns, before, one_line, record

FINDINGS = Path(__file__).parents[1] / "docs" / "findings"


def ended(program: str) -> str:
    """How a program ended, and the last line of what it printed."""
    command = [sys.executable, "-W", "ignore", "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    printed = "; ".join(result.stdout.splitlines())
    if result.returncode < 0:
        return "; ".join(filter(None, [printed, f"**{signal.Signals(-result.returncode).name}**"]))
    words = [result.stderr.strip().splitlines()[-1]] if result.returncode else []
    return one_line("; ".join(filter(None, [printed, *words])), 120)


def spans(name: str, columns: Columns) -> list[tuple[str, str]]:
    """The releases that did the same with a program, one after the other, and what they did."""
    ends = [(release, cells[name]) for release, cells in columns.items() if name in cells]
    runs = [(words, [release for release, _ in run]) for words, run in groupby(ends, key=lambda end: end[1])]
    return [(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}", words) for words, run in runs]


def main(chosen: list[str]) -> None:
    """Run all of them, or those, and write the table."""
    programs = {path.stem: path.read_text() for path in sorted(FINDINGS.glob("*.md"))}
    texts = {name: text for name, text in programs.items() if name in (chosen or programs)}
    found = {name: ended(text.split("```python\n")[1].split("```")[0]) for name, text in texts.items()}
    columns = record("findings", before("findings") | found)
    lines = [
        "# What the programs of docs/findings did",
        "",
        "Made by `python -m pages.findings`, under each release.",
    ]
    for name in programs:
        lines += ["", f"## [{name}](../docs/findings/{name}.md)", "", "| torch | ended |", "|---|---|"]
        lines += [f"| {releases} | {words} |" for releases, words in spans(name, columns)]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
