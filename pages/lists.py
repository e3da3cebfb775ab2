"""Lists of pages: docs/findings/README.md, and docs/evidence.md of the experiments, the benchmarks and the surveys.

Run `python -m pages.lists`; a test compares them.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FINDINGS = ROOT / "docs" / "findings" / "README.md"
EVIDENCE = ROOT / "docs" / "evidence.md"
_OF_FINDINGS = """\
# Findings

Bugs of torch and of other frameworks that were found here. Each page has a program that shows its bug by itself; what
it did under every release of torch: [pages/findings.md](../../pages/findings.md). Made by `python -m pages.lists`.

| finding | reported, fixed or discussed at |
|---|---|
"""
_OF_EVIDENCE = """\
# Where the numbers come from

Every number in these pages was printed by a script, whose result stands beside it in the repository. Made by
`python -m pages.lists` from the titles of the results and the first sentences of the scripts.
"""
_ROOMS = {
    "experiments": "Experiments: what is true of the judge, the diagnosis and the identification",
    "benchmarks": "Benchmarks: what it costs",
    "pages": "Surveys: what every release, mode and framework does",
}
_THREAD = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+)/(issues|pull)/(\d+)")
_SHORT = r"\2#\4"


def write_findings() -> str:
    """Return the list of findings, by their files' names."""
    pages = sorted(page for page in FINDINGS.parent.glob("*.md") if page != FINDINGS)
    return _OF_FINDINGS + "".join(f"| [{read_title(page)}]({page.name}) | {list_threads(page)} |\n" for page in pages)


def read_title(page: Path) -> str:
    """Return the first heading of a page."""
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def list_threads(page: Path) -> str:
    """Return links to the issues and pull requests that a page names."""
    text = page.read_text(encoding="utf-8")
    threads = dict.fromkeys(match.group() for match in _THREAD.finditer(text))
    return ", ".join(f"[{_THREAD.sub(_SHORT, thread)}]({thread})" for thread in threads)


def write_evidence() -> str:
    """Return the list of results, room by room."""
    parts = [_OF_EVIDENCE]
    for room, title in _ROOMS.items():
        rows = [f"| [{read_title(page)}](../{room}/{page.name}) | {first_sentence(page)} |" for page in results(room)]
        parts.append("\n".join(["", f"## {title}", "", "| result | of what |", "|---|---|", *rows, ""]))
    return "".join(parts)


def results(room: str) -> list[Path]:
    """Return the pages of a room."""
    return sorted((ROOT / room).glob("*.md"))


def first_sentence(page: Path) -> str:
    """Return the first line of the docstring of the script that made a page."""
    script = ast.parse(page.with_suffix(".py").read_text(encoding="utf-8"))
    return (ast.get_docstring(script) or "").partition("\n")[0].replace("|", "\\|")


if __name__ == "__main__":
    FINDINGS.write_text(write_findings(), encoding="utf-8")
    EVIDENCE.write_text(write_evidence(), encoding="utf-8")
