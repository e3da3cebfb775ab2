"""Data and imports flow one way: reference <- parity <- parity_tests <- meta_tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRAMEWORKS = ROOT / "lstm_parity" / "implementations" / "frameworks"
WITHOUT_ANY = {FRAMEWORKS / f"{name}.py" for name in ("__init__", "adapting", "registry")}


def modules(room):
    """The dotted names of all modules of a room, but for those that need another framework, and its own tests."""
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "lstm_parity").joinpath(*room.split(".")).rglob("*.py")
        if path.name != "__main__.py" and (path.parent != FRAMEWORKS or path in WITHOUT_ANY)
    )


RECORDS = [
    "command",
    "measure.record_torch",
    "measure.kernels",
    "measure.speeds",
    "compare.records",
    "record_file",
    "report",
]
ROOMS = ["cases", "running", "implementations", "judging", "catalogue", "reports", "diagnosis", "audits", "plugin"]
OTHERS = {"pytest", "hypothesis", "rich", "click", "experiments"}
STAGES = (
    ("reference", modules("reference"), {"lstm_parity.parity_tests", "meta_tests", *OTHERS}),
    (
        "records",
        [f"lstm_parity.audits.upgrade.{name}" for name in RECORDS],
        {*OTHERS, "allpairspy", "packaging", "threadpoolctl"},
    ),
    (
        "engine",
        ["lstm_parity.judging.forward", "lstm_parity.running.observe", "lstm_parity.judging.arithmetic"],
        {"lstm_parity.parity_tests", "meta_tests", *OTHERS},
    ),
    (
        "parity",
        [name for room in ROOMS for name in modules(room)],
        {"lstm_parity.parity_tests", "meta_tests", "experiments", "hypothesis"},
    ),
    ("parity_tests", modules("parity_tests"), {"meta_tests", "experiments"}),
)
SCRIPT = """
import importlib, json, sys
for names in json.loads(sys.argv[1]):
    for name in names:
        importlib.import_module(name)
    parts = [module.split(".") for module in sys.modules]
    print(*{".".join(part[:k]) for part in parts for k in (1, 2)})
"""


def imported(*stages):
    """The top-level packages, and our rooms, that a new interpreter has loaded after each stage, in turn."""
    command = [sys.executable, "-c", SCRIPT, json.dumps(stages)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [set(line.split()) for line in told.stdout.splitlines()]


@pytest.fixture(scope="module")
def loaded():
    """What is loaded after each stage."""
    return dict(zip((stage for stage, _, _ in STAGES), imported(*(names for _, names, _ in STAGES)), strict=True))


@pytest.mark.parametrize(("stage", "forbidden"), [(stage, forbidden) for stage, _, forbidden in STAGES])
def test_a_room_knows_nothing_of_its_users(loaded, stage, forbidden):
    """What records and judges loads torch and NumPy, what is in a room none of the rooms that use it."""
    assert not loaded[stage] & forbidden


def test_the_check_above_would_notice(loaded):
    """The interpreter does import what it is told to."""
    assert {"lstm_parity.judging", "lstm_parity.parity_tests", "hypothesis"} <= loaded["parity_tests"]
