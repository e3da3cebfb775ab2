"""Who is judged."""

from __future__ import annotations

import pytest

from parity.implementations.protocol import Implementation
from parity.verifying import OURS


@pytest.fixture(scope="session", params=OURS, ids=lambda implementation: implementation.name)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    """Each implementation in turn."""
    return request.param
