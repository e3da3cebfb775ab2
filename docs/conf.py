"""The documentation as a site: `make docs`. Its pages are the repository's Markdown files, as they are.

What begins a row of a table or an item of a list in a page of `INDEXES` is its navigation. A link to a file that is no
page leads to the repository.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).parents[1]
REPOSITORY = "https://github.com/lstm-parity/lstm-parity"
INDEXES = ("docs/README", "docs/findings/README", "docs/tutorials/README", "docs/evidence")
_ENTRY = re.compile(r"^(?:\* |\| )\[([^\]]*)\]\((?!http)([^)#]*\.md)\)", re.M)
_LINK = re.compile(r"(?<!!)(\[(?!!)[^\]]*\]\()(?!\w+:|#)([^)#\s]+)((?:#[^)]*)?\))")

project = "lstm-parity"
copyright = "the lstm-parity developers"
extensions = ["myst_parser"]
include_patterns = ["*.md", "docs/**.md", "experiments/*.md", "benchmarks/*.md", "pages/*.md"]
include_patterns += [f"{name}/*.md" for name in ("reference", "known_answers", "records")]
exclude_patterns = [".*", "build", "lstm_parity"]
root_doc = "docs/README"
myst_heading_anchors = 3
highlight_language = "text"
html_theme = "furo"
html_title = "lstm-parity"
html_copy_source = False
html_additional_pages = {"index": "to_first_page.html"}
templates_path = ["templates"]


def add_navigation(app: Any, name: str, source: list[str]) -> None:
    """Append the tables of contents of an index: one for each heading of second rank that lists pages."""
    if name not in INDEXES:
        return
    for part in re.split(r"^## ", source[0], flags=re.M)[0 if name != root_doc else 1 :]:
        entries = "\n".join(f"{title} <{target}>" for title, target in _ENTRY.findall(part))
        caption = f":caption: {part.partition(chr(10))[0]}\n" if name == root_doc else ""
        source[0] += f"\n\n```{{toctree}}\n:hidden:\n{caption}\n{entries}\n```\n" if entries else ""


def lead_to_repository(app: Any, name: str, source: list[str]) -> None:
    """Replace links to files and folders that are no pages."""
    folder = ROOT / PurePosixPath(name).parent

    def replace(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        if target.is_dir() and (target / "README.md").exists():
            return f"{link[1]}{link[2].rstrip('/')}/README.md{link[3]}"
        if not target.exists() or str(target.relative_to(ROOT).with_suffix("")) in app.env.found_docs:
            return link[0]
        kind = "tree" if target.is_dir() else "blob"
        return f"{link[1]}{REPOSITORY}/{kind}/main/{target.relative_to(ROOT).as_posix()}{link[3]}"

    source[0] = _LINK.sub(replace, source[0])


def setup(app: Any) -> None:
    """Both, in this order, as each page is read."""
    app.connect("source-read", lead_to_repository)
    app.connect("source-read", add_navigation)
