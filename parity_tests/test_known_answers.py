"""What fifty digits say: every implementation against the stored numbers."""

from __future__ import annotations

import pytest

from parity.judge import Outcome
from parity.known import against, demand_known, read_all

KNOWN = read_all()
POINTS = [pytest.param(name, dtype, id=f"{name}-{dtype}") for name, known in KNOWN.items() for dtype in known.dtypes]


@pytest.mark.parametrize(("name", "dtype"), POINTS)
def test_an_implementation_returns_the_known_answers(implementation, name, dtype):
    """In every dtype that holds the given numbers, what is returned is what fifty digits say, to rounding noise."""
    verdict = against(KNOWN[name], implementation, dtype)
    if verdict.outcome is Outcome.REFUSED:
        pytest.skip(verdict.reason)
    demand_known(KNOWN[name], verdict)
