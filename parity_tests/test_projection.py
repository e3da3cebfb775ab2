"""Projections: h is `w_hr (o * tanh c)`, of proj_size, and c keeps hidden_size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.implementations.references import NumpyReference, TorchReference
from parity.implementations.torch_modules import TorchLSTM
from parity_tests.strategies import agrees, cases


@pytest.fixture(scope="session", params=[TorchLSTM(), TorchReference(), NumpyReference()], ids=lambda i: i.name)
def implementation(request):
    """The implementations that support projections."""
    return request.param


@given(case=cases(projected=True, hidden_size=st.integers(2, 9), num_layers=1))
def test_the_projected_state_is_what_is_fed_back(implementation, case):
    """The next step reads the projected h, not the unprojected one."""
    assert agrees(implementation, case)


@given(case=cases(projected=True, hidden_size=st.integers(2, 9), num_layers=st.integers(2, 3)))
def test_the_next_layer_reads_the_projected_state(implementation, case):
    """Layer k > 0 has proj_size inputs for each direction."""
    assert agrees(implementation, case)


@given(case=cases(projected=True, hidden_size=st.integers(2, 9), bidirectional=True))
def test_each_direction_has_a_projection_of_its_own(implementation, case):
    """The reverse direction projects with its own w_hr."""
    assert agrees(implementation, case)
