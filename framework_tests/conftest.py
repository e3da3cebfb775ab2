"""Where probes run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pytest

from parity.isolated import Ending, Isolation


@pytest.fixture(scope="session")
def isolation() -> Iterator[Isolation]:
    """A server of child processes that have loaded torch."""
    with Isolation("torch", "parity.implementations.frameworks.registry") as server:
        yield server


@pytest.fixture
def probe(isolation: Isolation) -> Callable[..., Any]:
    """Runs a function of a module here and gives what it returned; or how it ended, if asked for that."""

    def run(name: str, *arguments: Any, ending: bool = False) -> Any:
        found: Ending = isolation.run(f"framework_tests.{name}", *arguments, limit=300.0)
        assert ending or found.words == ""
        return found if ending else found.value

    return run


@pytest.fixture(autouse=True)
def _installed(request: pytest.FixtureRequest) -> None:
    """A test of a package that is not there is skipped, in words: `make frameworks` prints them."""
    for mark in request.node.iter_markers("needs"):
        for package in mark.args:
            try:
                version(package)
            except PackageNotFoundError:
                pytest.skip(f"not judged: {package} is not installed")


def pytest_configure(config: pytest.Config) -> None:
    """The mark that says which packages a test needs."""
    config.addinivalue_line("markers", "needs(*packages): what must be installed")
