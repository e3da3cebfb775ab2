"""A page read by Python's own parser: its elements with their text, and the data that it embeds."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import reduce
from html.parser import HTMLParser

CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # which a page shows as a sign
COMPARED = {"data-at", "data-length", "data-text"}
IS_NO_RESULT = {"th", ".legend", ".kind", "#sha256"}  # headings of tables, shades, the kind of report, the hash
SAID = ("title", "aria-label", "alt")
VOID = {"meta", "link", "input", "br", "hr", "img", "line", "rect", "path"}


@dataclass(eq=False)
class Element:
    """One element: its tag, its attributes, all text in it, the elements that it is in."""

    tag: str
    attributes: dict
    text: str = ""
    inside: tuple = ()


@dataclass
class Reader(HTMLParser):
    """Collects elements; those that are never closed are an error."""

    elements: list = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self.open = []
        self.texts = []

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs), inside=tuple(self.open))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append(Element(tag, dict(attrs), inside=tuple(self.open)))

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag, tag

    def handle_data(self, data):
        self.texts.append((data, tuple(self.open)))
        for element in self.open:
            element.text += data


@dataclass
class ReadPage:
    """A page. elements: in their order; data: what it embeds."""

    html: str

    def __post_init__(self):
        reader = Reader()
        reader.feed(self.html)
        reader.close()
        assert not reader.open
        self.elements, self.texts = reader.elements, reader.texts
        self.source = next(e.text for e in self.elements if e.attributes.get("id") == "data")
        self.data = json.loads(self.source)

    def all(self, tag):
        """Return the elements of a tag."""
        return [element for element in self.elements if element.tag == tag]

    @property
    def text(self):
        """Return what a reader finds in the head and in the main part."""
        return " ".join(e.text for e in self.elements if e.tag in ("header", "main"))

    @property
    def figures(self):
        """Return for each figure what is written, its exact value, and the sum of what its pointers lead to."""
        shown = [(e, e.attributes) for e in self.all("data")]
        found = [(e.text, a["value"], sum_at(self.data, a["data-at"])) for e, a in shown if "data-at" in a]
        lengths = [(e.text, a["value"], len(find(self.data, a["data-length"]))) for e, a in shown if "data-length" in a]
        return found + lengths + self._titles

    @property
    def _titles(self):
        """Return the same of each cell of a map, in whose title the number is; its place is that in the table."""
        found = []
        for table in [e for e in self.all("table") if "data-map" in e.attributes]:
            shown = find(self.data, table.attributes["data-map"])
            cells = iter([e for e in self.elements if table in e.inside and e.tag == "td" and e.attributes])
            for one, column in ((n, c) for line in shown["worst"] for n, c in zip(line, shown["columns"], strict=True)):
                title = next(cells).attributes.get("title")
                words = f"{shown['across']} {column}: "
                assert (title is None) == (one is None), words
                if one is not None:
                    text = title.removeprefix(words).removesuffix(" noises")
                    found.append((text, str(one) if isinstance(one, str) else repr(float(one)), one))
        return found

    @property
    def wrong_words(self):
        """Return the elements whose text is not the string, or the joined strings, that their pointer leads to."""
        shown = [(e, find(self.data, e.attributes["data-text"])) for e in self.elements if "data-text" in e.attributes]
        joined = [(e, words if isinstance(words, str) else e.attributes["data-by"].join(words)) for e, words in shown]
        return [(e.text, words) for e, words in joined if e.text != CONTROLS.sub("\ufffd", words)]

    @property
    def spoken(self):
        """Return what is said of each picture: its own label, or the text of the element that labels it."""
        ids = {e.attributes["id"]: e.text for e in self.elements if "id" in e.attributes}
        return [
            ids.get(e.attributes.get("aria-labelledby"), "") or e.attributes.get("aria-label") for e in self.all("svg")
        ]

    @property
    def loose_numerals(self):
        """Return the texts and attributes with digits that are not compared with the JSON, but for `IS_NO_RESULT`."""
        written = [text for text, inside in self.texts if not any(map(is_vouched_for, inside)) and is_shown(inside)]
        maps = [e for e in self.all("td") if any("data-map" in outer.attributes for outer in e.inside)]
        said = [e.attributes[name] for e in self.elements if e not in maps for name in SAID if name in e.attributes]
        return [words for words in written + said if re.search(r"\d", words)]


def is_vouched_for(element):
    """Whether what stands in an element is compared with the JSON, or is no result."""
    own = element.attributes
    classes = {f".{name}" for name in own.get("class", "").split()}
    return bool(own.keys() & COMPARED or {element.tag, f"#{own.get('id')}", *classes} & IS_NO_RESULT)


def is_shown(inside):
    """Whether what stands in these elements is in the head or in the main part."""
    return any(element.tag in ("header", "main") for element in inside)


def find(data, pointer):
    """Return what a JSON pointer (RFC 6901) leads to."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return reduce(lambda at, part: at[int(part) if isinstance(at, list) else part], parts, data)


def sum_at(data, pointers):
    """Return the sum of the numbers that JSON pointers (RFC 6901), apart by spaces before a slash, lead to."""
    found = []
    for pointer in pointers.replace(" /", "\n/").splitlines():
        found.append(find(data, pointer))
    return found[0] if len(found) == 1 else sum(found)


def agrees(text, value, number):
    """Whether a figure is written as its number is: exactly in its value, rounded in its text."""
    if isinstance(number, str):  # infinity and NaN, which JSON does not have
        return (text, value) in {("∞", "inf"), ("-∞", "-inf"), ("NaN", "nan")} and value == number
    if isinstance(number, int):
        return text.replace(",", "") == value == str(number)
    return float(value) == number and abs(float(text) - number) <= max(0.0051, 0.051 * abs(number))
