"""The README is true: its example runs, and fails as it says. Links between pages lead to files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
READING = (ROOT / "docs/reading-a-failure.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("pages/*.md")])


def test_the_example_fails_with_the_words_that_the_pages_show(tmp_path):
    """The forgotten bias deviates in just these tensors, at these places, by this much."""
    script = tmp_path / "example.py"
    script.write_text(re.search(r"```python\n(.*?)```", README, re.DOTALL)[1])
    run = subprocess.run([sys.executable, str(script)], cwd=ROOT, capture_output=True, text=True)
    message = skeleton(run.stderr.partition("ParityError: ")[2].strip())
    beginning = re.search(r"message begins:\n\n```\n(.*?)\n```", README, re.DOTALL)[1]
    whole = re.search(r"with this message:\n\n```\n(.*?)\n```", READING, re.DOTALL)[1]

    assert (message, message[: len(skeleton(beginning))]) == (skeleton(whole), skeleton(beginning))


def skeleton(text):
    """The words without what may differ in its last digits from one processor to the next."""
    return re.sub(r"got .*", "got", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page):
    """Nothing that a page points to is missing."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\(([^):#\s]+)(?:#[^)]*)?\)", text)

    assert [link for link in links if not (page.parent / link).exists()] == []
