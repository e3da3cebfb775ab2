"""The pages of findings: each program ends as pages/findings.json says that it does under the installed torch."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pages.releases import before, one_line

ROOT = Path(__file__).parents[2]
PAGES = {page.stem: page.read_text("utf-8") for page in (ROOT / "docs/findings").glob("*.md") if page.stem != "README"}
PROGRAMS = {name: re.search(r"```python\n(.*?)```", text, re.DOTALL)[1] for name, text in PAGES.items()}
NOT_RUN = {
    **dict.fromkeys(("bfloat16-layers", "bfloat16-sums", "compiled-bfloat16"), "they depend on the processor"),
    **dict.fromkeys(("compiled-biasless", "compiled-cache", "compiled-dropout", "compiled-no-rows"), "they compile"),
    "export": "six seconds; every record has the capability",
    **dict.fromkeys(("keras-float64", "onnxruntime-no-rows", "opacus-states", "other-frameworks"), "make frameworks"),
    **dict.fromkeys(("array-lstm-dtype", "biased-activations", "supar-states"), "they need packages of others"),
}
RECORDED = before("findings")


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """How each program ended, by its name."""
    folder = tmp_path_factory.mktemp("programs")
    for name in PROGRAMS.keys() - NOT_RUN.keys():
        (folder / f"{name}.py").write_text(PROGRAMS[name])
    command = [sys.executable, "-P" if sys.version_info >= (3, 11) else "-B", "tests/support/forked.py", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.skipif(not RECORDED, reason=f"pages/findings.json does not have torch {torch.__version__}")
def test_a_program_ends_as_its_page_says(ended):
    """All of them, in one process each; `python -m pages.findings` writes what they do."""
    wrong = {name: words for name, words in ended.items() if one_line(words, 120) != RECORDED[name]}

    assert wrong == {}


def test_every_program_that_is_not_run_is_there():
    """And has a reason."""
    assert NOT_RUN.keys() - PROGRAMS.keys() == set()
