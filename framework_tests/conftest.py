"""Where probes run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pytest

from lstm_parity.running.child_process import CallResult, ProcessServer

PROBES = ("paddle_probes", "keras_probes")  # what takes long to import is imported once, by a server of its own


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[str], ProcessServer]]:
    """Servers of child processes that have loaded torch, and a module of probes if one is named."""
    started: dict[str, ProcessServer] = {}
    with ExitStack() as stack:

        def server(probes: str) -> ProcessServer:
            if probes not in started:
                more = [f"framework_tests.{probes}"] if probes else []
                one = ProcessServer("torch", "lstm_parity.implementations.frameworks.registry", *more)
                started[probes] = stack.enter_context(one)
            return started[probes]

        yield server


@pytest.fixture
def probe(servers: Callable[[str], ProcessServer]) -> Callable[..., Any]:
    """Runs a function of a module here and gives what it returned; or how it ended, if asked for that."""

    def run(name: str, *arguments: Any, ending: bool = False) -> Any:
        function = f"framework_tests.{name}"
        found: CallResult = servers(_probes(name, *arguments)).run(function, *arguments, limit=300.0)
        assert ending or found.words == ""
        return found if ending else found.value

    return run


def _probes(name: str, *arguments: Any) -> str:
    """The module whose imports a probe needs, its own or that of the framework it is asked of; empty for none."""
    asked = (name, *map(str, arguments)) if name == "common:outcome" else (name,)
    return next((p for p in PROBES if any(part.startswith(p.partition("_")[0]) for part in asked)), "")


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
