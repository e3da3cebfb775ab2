"""The README is true: its example runs, and fails as it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_example_fails_with_the_words_that_the_readme_shows(tmp_path):
    """The forgotten bias deviates in just these tensors, at these places, by this much."""
    script = tmp_path / "example.py"
    script.write_text(re.search(r"```python\n(.*?)```", README, re.DOTALL)[1])
    run = subprocess.run([sys.executable, str(script)], cwd=ROOT, capture_output=True, text=True)
    shown = re.search(r"It raises:\n\n```\n(.*?)\n```", README, re.DOTALL)[1]

    assert skeleton(run.stderr.partition("ParityError: ")[2].strip()) == skeleton(shown)


def skeleton(text):
    """The words without what may differ in its last digits from one processor to the next."""
    return re.sub(r"got .*", "got", text)


def test_every_link_to_a_file_leads_to_one():
    """Nothing that the README points to is missing."""
    links = re.findall(r"\]\(([^):]+)\)", README)

    assert [link for link in links if not (ROOT / link).exists()] == []
