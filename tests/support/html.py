"""A page read by Python's own parser: its elements with their text, and the data that it embeds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import reduce
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img", "line", "rect", "path"}


@dataclass
class Element:
    """One element: its tag, its attributes, all text in it."""

    tag: str
    attributes: dict
    text: str = ""


@dataclass
class Reader(HTMLParser):
    """Collects elements; those that are never closed are an error."""

    elements: list = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag, tag

    def handle_data(self, data):
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
        self.elements = reader.elements
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
        shown = [e for e in self.all("data") if "data-at" in e.attributes]
        return [(e.text, e.attributes["value"], sum_at(self.data, e.attributes["data-at"])) for e in shown]


def sum_at(data, pointers):
    """Return the sum of the numbers that JSON pointers (RFC 6901), apart by spaces before a slash, lead to."""
    found = []
    for pointer in pointers.replace(" /", "\n/").splitlines():
        parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        found.append(reduce(lambda at, part: at[int(part) if isinstance(at, list) else part], parts, data))
    return found[0] if len(found) == 1 else sum(found)


def agrees(text, value, number):
    """Whether a figure is written as its number is: exactly in its value, rounded in its text."""
    if isinstance(number, str):  # infinity and NaN, which JSON does not have
        return (text, value) in {("∞", "inf"), ("-∞", "-inf"), ("NaN", "nan")} and value == number
    if isinstance(number, int):
        return text.replace(",", "") == value == str(number)
    return float(value) == number and abs(float(text) - number) <= max(0.0051, 0.051 * abs(number))
