"""Who is judged, and where what may end a process is run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lstm_parity.audits.verify import OUR_IMPLEMENTATIONS
from lstm_parity.parity_tests.strategies import compute_on
from lstm_parity.plugin import judged
from lstm_parity.running.child_process import UNLUCKY_MEMORY, ProcessServer


def pytest_configure(config: pytest.Config) -> None:
    """Cases are drawn for the device that was chosen."""
    compute_on(config.option.device)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The implementation that `--impl` names, or each of ours in turn."""
    own = any("implementation" in str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize"))
    if "implementation" in metafunc.fixturenames and not own:
        named = judged(metafunc.config)
        chosen = OUR_IMPLEMENTATIONS if named is None else [named]
        metafunc.parametrize("implementation", chosen, ids=lambda one: one.name, scope="session")


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> str:
    """The one that was chosen."""
    return str(request.config.option.device)


@pytest.fixture(scope="session")
def isolation() -> Iterator[ProcessServer]:
    """A server of child processes that have loaded torch, the bad calls and the probes of known bugs."""
    loaded = (
        "lstm_parity.catalogue.bad_calls.preload",
        "lstm_parity.catalogue.bad_calls.run",
        "lstm_parity.parity_tests.torch_bugs",
    )
    with ProcessServer(*loaded, environment=UNLUCKY_MEMORY) as server:
        yield server
