"""The pages about the tutorials show what the suite says."""

from __future__ import annotations

import re

import pytest

from pages import tutorials

INDEX = (tutorials.PAGES / "README.md").read_text()


@pytest.mark.parametrize("name", tutorials.TEXTS)
def test_a_page_shows_what_the_suite_says(name):
    """Word for word, but for measured numbers; `python -m pages.tutorials` writes it anew."""
    assert skeleton(tutorials.shown(name)) == skeleton("\n".join(tutorials.TEXTS[name]()))


def skeleton(text):
    """The words without what may differ in its last digits from one processor to the next."""
    text = re.sub(r"got .*|\d+ of \d+ elements", "", text)
    return re.sub(r"\d+\.\d+(e[+-]\d+)?|\d+e[+-]\d+", "~", text)


@pytest.mark.parametrize("page", [INDEX, *((tutorials.PAGES / f"{n}.md").read_text() for n in tutorials.TEXTS)])
def test_every_link_leads_to_a_file(page):
    """Relative to the folder of the pages."""
    links = re.findall(r"\]\(([^):#]+)\)", page)

    assert links
    assert [link for link in links if not (tutorials.PAGES / link).exists()] == []


def test_every_page_is_in_the_index():
    """And the index knows of no other."""
    assert re.findall(r"\]\((\d\d\d[^)]*)\.md\)", INDEX) == list(tutorials.TEXTS)
