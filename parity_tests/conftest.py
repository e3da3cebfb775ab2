"""Who is judged, and where what may end a process is run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parity.isolated import UNLUCKY_MEMORY, Isolation
from parity.plugin import judged
from parity.verifying import OURS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The implementation that `--impl` names, or each of ours in turn."""
    own = any("implementation" in str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize"))
    if "implementation" in metafunc.fixturenames and not own:
        named = judged(metafunc.config)
        chosen = OURS if named is None else [named]
        metafunc.parametrize("implementation", chosen, ids=lambda one: one.name, scope="session")


@pytest.fixture(scope="session")
def isolation() -> Iterator[Isolation]:
    """A server of child processes that have loaded torch, the bad calls and the probes of known bugs."""
    loaded = "parity_tests.warm", "parity_tests.bad_calls.running", "parity_tests.torch_bugs"
    with Isolation(*loaded, environment=UNLUCKY_MEMORY) as server:
        yield server
