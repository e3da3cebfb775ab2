"""Who is judged, what a refusal means, and where code that may end a process runs."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from lstm_parity.audits.verification.verify import OUR_IMPLEMENTATIONS
from lstm_parity.parity_tests.strategies import compute_on
from lstm_parity.plugin import activate, option
from lstm_parity.plugin.implementation import find_judged
from lstm_parity.running.child_process import UNLUCKY_MEMORY, ProcessServer

# files whose tests judge torch's modules only: with --impl, importing them would take time for nothing
TORCH_ONLY = {
    "test_cell.py",
    "test_refusals.py",
    "test_replacing.py",
    "test_torch_bugs.py",
    "test_000_paddle.py",
    "test_001_lstm_and_cell.py",
    "test_002_lstm_forward.py",
    "test_003_keras.py",
}


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Activate the plugin, and draw cases for the device that was chosen."""
    activate(config)
    compute_on(option(config, "device", "cpu"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `--impl`, leave out the files whose tests judge torch's modules only."""
    return True if option(config, "impl") is not None and collection_path.name in TORCH_ONLY else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Judge the implementation that `--impl` names, or each of ours in turn."""
    own = any("implementation" in str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize"))
    if "implementation" in metafunc.fixturenames and not own:
        named = find_judged(metafunc.config)
        chosen = OUR_IMPLEMENTATIONS if named is None else [named]
        metafunc.parametrize("implementation", chosen, ids=lambda one: one.name, scope="session")


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, None]:
    """Skip a test whose every case the implementation refuses, with its reason."""
    outcome = yield
    if "implementation" in pyfuncitem.fixturenames and outcome.excinfo and (reason := _refusal(outcome.excinfo[1])):
        outcome.force_exception(pytest.skip.Exception(f"refused: {reason}"))


def _refusal(error: BaseException) -> str | None:
    """Return why nothing was judged: the implementation's words, or that hypothesis found no case it supports."""
    from hypothesis.errors import FailedHealthCheck, Unsatisfiable

    if isinstance(error, NotImplementedError):
        return str(error) or "NotImplementedError"
    in_vain = isinstance(error, Unsatisfiable) or (isinstance(error, FailedHealthCheck) and "filter" in str(error))
    return "every case of this test" if in_vain else None


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> str:
    """Return the device that was chosen."""
    return str(option(request.config, "device", "cpu"))


@pytest.fixture(scope="session")
def isolation() -> Iterator[ProcessServer]:
    """Start a server of child processes that have loaded torch, the bad calls and the probes of known bugs."""
    loaded = (
        "lstm_parity.catalogue.bad_calls.preload",
        "lstm_parity.catalogue.bad_calls.run",
        "lstm_parity.parity_tests.torch_bugs",
    )
    with ProcessServer(*loaded, environment=UNLUCKY_MEMORY) as server:
        yield server
