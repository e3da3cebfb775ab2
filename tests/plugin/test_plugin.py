"""The pytest plugin, as a user meets it: in a pytest run of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASE = "I5-H7-bi-T4-B2-float32-normal-3"

WRONG = """
import torch
from hypothesis import given, settings
from specimens.altered_results import Altered
from lstm_parity.parity_tests.strategies import agrees, cases

seen = []

def forget(output, h_n, c_n):
    return output * 1.001, (h_n, c_n)

@given(case=cases())
@settings(deadline=None, database=None)
def test_wrong(case):
    seen.append(case.id)
    print("judging", case.id)
    assert agrees(Altered(forget), case)

def test_without_a_case():
    pass
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run the wrong test above with these options and return what pytest printed."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "test_wrong.py").write_text(WRONG)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}

    @cache
    def pytest_prints(*options):
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "lstm_parity.plugin",
            "-p",
            "no:cacheprovider",
            "test_wrong.py",
            *options,
        ]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True).stdout

    return pytest_prints


def test_the_header_says_what_the_results_hold_for(run):
    """torch, kernels, threads and dtypes stand at the top of every run."""
    header = run("--case", CASE)

    assert all(word in header for word in ("lstm-parity: torch ", "oneDNN", "threads", "dtypes float64, float32"))


def test_a_failure_is_the_story_alone_with_the_command_that_repeats_it(run):
    """No traceback through the engine: what deviates, and how to see it again."""
    printed = run("--case", CASE)

    assert "output deviates: " in printed
    assert f"repeat: pytest test_wrong.py::test_wrong --case {CASE}" in printed
    assert "Traceback" not in printed


def test_a_case_is_repeated_exactly_and_nothing_else_is_run(run):
    """One example, and only in the tests that take a case."""
    printed = run("--case", CASE)

    assert printed.count("judging ") == printed.count(f"judging {CASE}") >= 1
    assert "1 failed, 1 deselected" in printed


def test_a_case_that_does_not_exist_is_refused_in_words(tmp_path):
    """What was given, what is needed; nothing is run."""
    command = [sys.executable, "-m", "pytest", "-p", "lstm_parity.plugin", "--case", "I5-H7", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert "'I5-H7' was given, but a case is SETTING-PROFILE-SEED" in result.stderr
