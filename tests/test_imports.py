"""What importing a module loads, which its import statements (checked by `lint-imports`) do not show."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UPGRADE = "lstm_parity.audits.upgrade"
RECORDING = f"{UPGRADE}.command {UPGRADE}.measure.record_torch {UPGRADE}.measure.kernels {UPGRADE}.measure.speeds"
COMPARING = f"{UPGRADE}.compare.records {UPGRADE}.record_file {UPGRADE}.report"
NEVER = {"pytest", "hypothesis", "click", "rich"}
OURS = {"lstm_parity", "specimens", "pages", "experiments", "benchmarks", "examples", "tests", "meta_tests"}
SCRIPT = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
parts = [module.split(".") for module in sys.modules]
print(*{".".join(part[:k]) for part in parts for k in (1, 2)})
"""


def loaded_by(names):
    """The top-level packages, and our rooms, that a new interpreter has loaded once it has imported these modules."""
    command = [sys.executable, "-c", SCRIPT, *names.split()]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    ("names", "loaded", "unloaded"),
    [
        (f"{RECORDING} {COMPARING}", "torch", NEVER | {"allpairspy", "packaging", "threadpoolctl"}),
        ("lstm_parity.judging.arithmetic", "lstm_parity.running", NEVER | {"lstm_parity.parity_tests"}),
        ("lstm_parity.cli", "click", {"torch", "numpy"}),  # which read how threads wait when they are imported
        ("lstm_parity.known_answers.generate", "mpmath", NEVER | {"torch", "lstm_parity.reference"}),
    ],
)
def test_what_is_not_needed_is_not_loaded(names, loaded, unloaded):
    """A record is made beside any torch, with NumPy and nothing else; known answers without what they judge."""
    assert loaded_by(names) & {loaded, *unloaded} == {loaded}


@pytest.mark.parametrize(
    "name",
    [
        f"{folder}.{path.stem}"
        for folder in ("benchmarks", "experiments", "pages", "specimens")
        for path in sorted((ROOT / folder).glob("*.py"))
    ],
)
def test_every_script_can_be_imported(name):
    """Nothing that it names has moved; what needs a package that is not installed is skipped."""
    try:
        assert importlib.import_module(name).__doc__
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in OURS:
            raise
        pytest.skip(f"{error.name} is not installed")
