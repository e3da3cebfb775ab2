"""The README and the first pages are true: examples fail as they say, figures are measured, links lead to files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import newcomer

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
READING = (ROOT / "docs/reading-a-failure.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("pages/*.md")])


def test_the_example_fails_with_the_words_that_the_page_shows(tmp_path):
    """The forgotten bias deviates in just these tensors, at these places, by this much."""
    script = tmp_path / "example.py"
    script.write_text(re.search(r"```python\n(.*?)```", READING, re.DOTALL)[1])
    run = subprocess.run([sys.executable, str(script)], cwd=ROOT, capture_output=True, text=True)
    message = skeleton(run.stderr.partition("ParityError: ")[2].strip())
    whole = re.search(r"with this message:\n\n```\n(.*?)\n```", READING, re.DOTALL)[1]

    assert message == skeleton(whole)


def skeleton(text):
    """The words without what may differ in its last digits from one processor to the next."""
    return re.sub(r"got .*", "got", text)


def test_the_readme_is_short():
    """A newcomer reads it to its end."""
    assert len(README.split()) < 600


@pytest.mark.parametrize("page", ["README.md", "docs/start-here.md"])
def test_what_a_newcomer_is_shown_was_printed(page):
    """By the commands, in an empty folder with the wheel: `python -m benchmarks.newcomer` runs them."""
    text = (ROOT / page).read_text(encoding="utf-8")
    printed = json.loads((ROOT / "benchmarks/newcomer.json").read_text(encoding="utf-8"))
    done = [newcomer.Done(command, words, 0.0, 0.0) for command, words in printed.items()]

    assert newcomer.fill_page(text, done) == text


@pytest.mark.parametrize("page", ["README.md", "docs/noise-model.md", "docs/comparison.md"])
def test_every_large_or_small_figure_stands_in_a_result_that_is_linked(page):
    """Counts of thousands and more, and numbers with an exponent."""
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(((?:\.\./)?(?:experiments|benchmarks)/\w+\.md)\)", text)
    results = " ".join(((ROOT / page).parent / link).read_text(encoding="utf-8") for link in links)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)

    assert [one for one in re.findall(r"\b\d+,\d{3}\b|\b\d\.\de-\d\d\b", prose) if one not in results] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page):
    """Nothing that a page points to is missing."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\(([^):#\s]+)(?:#[^)]*)?\)", text)

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_anchor_is_a_heading_as_github_names_it(page):
    """Of the page itself or of another; `make docs` has the same names."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^):#\s]*)#([^)]*)\)", text)

    assert [link for link in links if link[1] not in headings(page.parent / link[0] if link[0] else page)] == []


def headings(page):
    """The headings of a page as addresses."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-") for words in found}
