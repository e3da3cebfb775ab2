"""Exact answers do not depend on how the work is shared out."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_parity.cases.case import parse_case
from lstm_parity.judging.exact import exact_trajectory
from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.running.calls import use_threads


@pytest.mark.parametrize("name", ["I8-H64-L2-bi-T260-B2-float32-normal-1", "I8-H64-P8-bi-T260-B1-bfloat16-trained-2"])
def test_directions_in_threads_have_the_same_bits(name):
    """Values and noise."""
    found = []
    for threads in (1, 2):
        with use_threads(threads):
            exact = exact_trajectory(parse_case(name), NATIVE["float32"])
            assert exact is not None
            found.append([part for one in (exact.output, exact.h_n, exact.c_n) for part in (one.value, one.deviation)])
    assert all(map(np.array_equal, *found))
