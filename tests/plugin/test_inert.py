"""Installed, the plugin disturbs nobody: without one of our options a pytest run is what it would be without us."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = (
    "impl",
    "case",
    "device",
    "arrays",
    "without",
    "arithmetic",
    "time-limit",
    "in-process",
    "against",
    "references",
)

EMPTY = """
import os, sys

def test_nothing():
    heavy = {"torch", "numpy", "hypothesis.internal", "click", "rich", "threadpoolctl", "lstm_parity.cases"}
    assert sorted(heavy & set(sys.modules)) == []
    assert sorted({"OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS"} & set(os.environ)) == []
"""
CONFTEST = """
def pytest_addoption(parser):
    parser.addoption("--{name}", default="mine", help="an option of my own")
"""
READS = """
def test_my_option_is_mine(request):
    assert request.config.getoption("{name}") == "{value}"
"""
REFUSES = """
import pytest

@pytest.fixture
def implementation():
    return object()

def test_is_not_written_yet(implementation):
    raise NotImplementedError("later")
"""
MARKED = """
import pytest

@pytest.mark.most_sensitive
def test_last():
    pass

def test_first():
    pass
"""
PROFILE = """
from hypothesis import given, settings, strategies

settings.register_profile("mine", max_examples=7)
settings.load_profile("mine")

def test_profile():
    assert settings.default.max_examples == 7
"""


def pytest_prints(folder, *options, **files):
    """The exit status and everything that pytest prints in a folder with these files."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "OPENBLAS_"))}
    environment |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "", "COLUMNS": "200"}
    command = [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", "-p", "no:cacheprovider", *options]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


def test_an_empty_run_imports_nothing_and_sets_no_variable(tmp_path):
    """Neither torch nor NumPy nor the engine, and no environment variable of the libraries."""
    status, printed = pytest_prints(tmp_path, test_empty=EMPTY)

    assert status == 0, printed


def test_an_empty_run_has_no_line_of_ours(tmp_path):
    """Neither a header nor a word in the summary, except the plugin's own name in pytest's list."""
    _, printed = pytest_prints(tmp_path, test_empty=EMPTY)

    assert [line for line in printed.splitlines() if "lstm-parity:" in line] == []


@pytest.mark.parametrize("name", OURS)
def test_an_option_of_a_conftest_stays_its_own(tmp_path, name):
    """Whatever name of ours it has, with its own meaning and value."""
    value, reads = "theirs", READS.format(name=name.replace("-", "_"), value="theirs")
    status, printed = pytest_prints(tmp_path, f"--{name}={value}", conftest=CONFTEST.format(name=name), test_it=reads)

    assert status == 0, printed


@pytest.mark.parametrize("name", OURS[:3])
def test_a_default_of_a_conftest_stays_its_own(tmp_path, name):
    """An option that nobody gives keeps the conftest's default."""
    reads = READS.format(name=name.replace("-", "_"), value="mine")
    status, printed = pytest_prints(tmp_path, conftest=CONFTEST.format(name=name), test_it=reads)

    assert status == 0, printed


def test_the_long_spelling_works_beside_a_short_one_of_somebody_else(tmp_path):
    """`--lstm-impl` is ours even if `--impl` is theirs."""
    options = ("--impl=theirs", "--lstm-impl", "mistake:gates-ifgo")
    status, printed = pytest_prints(tmp_path, *options, conftest=CONFTEST.format(name="impl"), test_empty="")

    assert "'gates-ifgo' is not one of the known mistakes" in printed or status != 0
    assert "gates-ifgo" in printed


def test_a_test_of_somebody_else_that_refuses_fails(tmp_path):
    """A fixture called implementation and a NotImplementedError are no refusal of ours."""
    status, printed = pytest_prints(tmp_path, test_it=REFUSES)

    assert (status, "1 failed" in printed) == (1, True)


def test_a_test_of_somebody_else_that_refuses_fails_beside_our_options_too(tmp_path):
    """Only our own tests turn a refusal into a skip."""
    status, printed = pytest_prints(tmp_path, "--lstm-device", "cpu", test_it=REFUSES)

    assert (status, "1 failed" in printed) == (1, True)


def test_an_order_of_somebody_else_is_kept(tmp_path):
    """Even if a test has a mark of the name that ours have."""
    _, printed = pytest_prints(tmp_path, "-v", "-p", "no:randomly", test_it=MARKED)

    assert printed.index("::test_last PASSED") < printed.index("::test_first PASSED")


def test_a_hypothesis_profile_of_somebody_else_is_kept(tmp_path):
    """We register and load none."""
    status, printed = pytest_prints(tmp_path, test_it=PROFILE)

    assert status == 0, printed


def test_a_wrong_name_of_an_option_is_refused_by_pytest(tmp_path):
    """What nobody owns is not swallowed: `--impl` belongs to us, `--arrays` alone to nobody."""
    status, printed = pytest_prints(tmp_path, "--arrays", "numpy", test_empty=EMPTY)

    assert (status, "unrecognized arguments" in printed) == (4, True)


def test_help_lists_our_options(tmp_path):
    """In a group of their own, without importing the engine."""
    _, printed = pytest_prints(tmp_path, "--help", test_empty=EMPTY)

    assert [name for name in ("--lstm-impl", "--lstm-case", "--lstm-against") if name not in printed] == []


def test_options_of_a_configuration_file_count(tmp_path):
    """`addopts` asks as the command line does."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --lstm-device cpu\n")
    _, printed = pytest_prints(tmp_path, test_empty="def test_nothing(): pass")

    assert "lstm-parity: torch " in printed
