"""Who is judged, and where what may end a process is run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parity.implementations.protocol import Implementation
from parity.isolated import UNLUCKY_MEMORY, Isolation
from parity.verifying import OURS


@pytest.fixture(scope="session", params=OURS, ids=lambda implementation: implementation.name)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    """Each implementation in turn."""
    return request.param


@pytest.fixture(scope="session")
def isolation() -> Iterator[Isolation]:
    """A server of child processes that have loaded torch, the bad calls and the probes of known bugs."""
    loaded = "parity_tests.warm", "parity_tests.bad_calls.running", "parity_tests.torch_bugs"
    with Isolation(*loaded, environment=UNLUCKY_MEMORY) as server:
        yield server
