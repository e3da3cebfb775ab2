"""Checks a built site: each of its links leads to an element of it, and it fetches nothing from elsewhere.

Run `python -m pages.site FOLDER`, as `make docs` does. It ends with an error that lists what is wrong. Links to other
sites are not followed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

_FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}
_NOT_FETCHED = {"canonical", "next", "prev", "index", "search", "author", "edit"}  # what a link element may be
_IN_STYLES = re.compile(r"url\(\s*['\"]?((?:https?:)?//[^)'\"]*)|@import\s+['\"]((?:https?:)?//[^'\"]*)")


@dataclass
class Page(HTMLParser):
    """A page: the ids in it, where its links lead, and what a browser fetches for it."""

    file: Path
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one element has."""
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in _FETCHED and given.get("rel") not in _NOT_FETCHED:
            self.fetched += [given[_FETCHED[tag]]] if _FETCHED[tag] in given else []


def check(folder: Path) -> list[str]:
    """Return what is wrong with the site in a folder, a sentence for each."""
    pages = {file.resolve(): Page(file) for file in sorted(folder.rglob("*.html"))}
    wrong = [words for page in pages.values() for words in (*_dead(page, pages), *_foreign(page))]
    for file in folder.rglob("*.css"):
        found = _IN_STYLES.findall(file.read_text(encoding="utf-8"))
        wrong += [f"{file}: fetches {one or two} from elsewhere" for one, two in found]
    return wrong if pages else [f"{folder} was given, but holds no page: build the site first"]


def _dead(page: Page, pages: dict[Path, Page]) -> Iterator[str]:
    """Find links and files of the site that lead to nothing."""
    for address in (*page.links, *page.fetched):
        target, anchor = urldefrag(address)
        if ":" in target or target.startswith("//"):
            continue
        file = (page.file.parent / unquote(target.partition("?")[0])).resolve() if target else page.file.resolve()
        if not file.is_file():
            yield f"{page.file}: {address} leads to no file"
        elif anchor and file in pages and unquote(anchor) not in pages[file].ids:
            yield f"{page.file}: {address} leads to no element"


def _foreign(page: Page) -> Iterator[str]:
    """Find what a browser would fetch from another site."""
    for address in page.fetched:
        if re.match(r"(\w+:)?//", address):
            yield f"{page.file}: fetches {address} from elsewhere"


if __name__ == "__main__":
    found = check(Path(sys.argv[1]))
    sys.exit("\n".join(found) if found else 0)
