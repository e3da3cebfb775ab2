"""Who is judged, and how hypothesis runs here."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from parity.implementations.protocol import Implementation
from parity.verifying import OURS

# No deadline: the first call of a kernel takes long. Nothing that draws a case is slow enough to say so.
settings.register_profile("lstm-parity", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lstm-parity")


@pytest.fixture(scope="session", params=OURS, ids=lambda implementation: implementation.name)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    """Each implementation in turn."""
    return request.param
