"""The plugin, and which files share a worker: those whose tests share what takes long to make."""

from __future__ import annotations

from typing import Any

import pytest

from lstm_parity.plugin import activate

pytest_plugins = ["lstm_parity.plugin"]

TOGETHER = {
    "parity_tests/test_refusals.py": "isolated",
    "parity_tests/test_torch_bugs.py": "isolated",
    **{
        f"{folder}/test_{name}.py": name
        for folder, names in {
            "tests/reports": ["certificate"],
            "tests/diagnosis": ["diagnose"],
            "tests/audits": ["modes", "sweep", "sweep_on_ray", "corners"],
            "tests/cases": ["lattice"],
            "tests/plugin": ["plugin"],
            "meta_tests": ["mistakes", "scopes"],
        }.items()
        for name in names
    },
}


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Judge, select and report in all tests of this repository."""
    activate(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each test by itself but for those files (the mark `xdist_group` does nothing since pytest 9.1)."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return TOGETHER.get(nodeid.partition("::")[0], nodeid)

    return Together(config, log)
