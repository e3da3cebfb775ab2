"""Data and imports flow one way: reference <- parity <- parity_tests <- meta_tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRAMEWORKS = ROOT / "parity" / "implementations" / "frameworks"
WITHOUT_ANY = {FRAMEWORKS / f"{name}.py" for name in ("__init__", "adapting", "registry")}


def modules(room):
    """The dotted names of all modules of a room, but for those that need another framework, and its own tests."""
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / room).rglob("*.py")
        if path.name != "__main__.py" and (path.parent != FRAMEWORKS or path in WITHOUT_ANY)
    )


def imported(names):
    """The top-level packages that a new interpreter has loaded after importing these modules."""
    script = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(*sorted({m.split('.')[0] for m in sys.modules}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *names], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        ("reference", {"parity", "parity_tests", "meta_tests", "pytest", "hypothesis", "rich", "click", "experiments"}),
        ("parity", {"parity_tests", "meta_tests", "experiments", "hypothesis"}),
        ("parity_tests", {"meta_tests", "experiments"}),
    ],
)
def test_a_room_knows_nothing_of_its_users(room, forbidden):
    """Importing everything in a room loads none of the rooms that use it."""
    assert not imported(modules(room)) & forbidden


def test_the_check_above_would_notice():
    """The child process does import what it is told to."""
    assert {"parity", "reference"} <= imported(["parity.judge"])


def test_the_engine_judges_with_torch_and_numpy_alone():
    """What records and judges can run where only torch and numpy are installed."""
    assert not imported(["parity.judge", "parity.observing", "parity.explaining"]) & {
        "pytest",
        "hypothesis",
        "rich",
        "click",
    }


def test_records_are_made_and_compared_with_torch_and_numpy_alone():
    """In any environment that has the two."""
    names = [f"parity.upgrade.{name}" for name in ("command", "recording", "comparing", "file", "telling", "kernels")]
    assert not imported([*names, "parity.upgrade.speeds"]) & {
        "pytest",
        "hypothesis",
        "rich",
        "click",
        "allpairspy",
        "packaging",
        "threadpoolctl",
    }
