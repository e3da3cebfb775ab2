"""Projections: h is `w_hr (o * tanh c)`, of proj_size, and c keeps hidden_size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lstm_parity.cases.profiles import PROFILES
from lstm_parity.parity_tests.strategies import agrees, cases
from lstm_parity.parity_tests.test_relations import run, same, weighed
from lstm_parity.running.evidence import Outputs

DEEP = {"num_layers": st.integers(2, 3), "bidirectional": True}
FINITE = tuple(name for name in PROFILES if name != "non_finite")  # what is not finite passes a product with zero


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


@given(case=cases(projected=True, hidden_size=st.integers(2, 9), profile=st.sampled_from(FINITE)))
def test_a_projection_that_selects_units_is_the_lstm_of_all_units_seen_in_part(implementation, case):
    """With w_hr selecting the first P units, it is an LSTM without projection that reads and shows only those."""
    a = case.setting.architecture
    units, selected = a.hidden_size, np.eye(a.output_size, a.hidden_size)
    one = weighed(case, lambda cell, layer: replace(cell, w_hr=selected))

    def whole(array, parts=1):
        """Zeros for the units that are not selected, in each of the directions."""
        pieces = np.split(array, parts, -1)
        return np.concatenate([np.pad(p, [(0, 0)] * (p.ndim - 1) + [(0, units - p.shape[-1])]) for p in pieces], -1)

    def unprojected(cell, layer):
        w_ih = whole(cell.w_ih, a.num_directions) if layer else cell.w_ih
        return replace(cell, w_ih=w_ih, w_hh=whole(cell.w_hh), w_hr=None)

    wide = replace(case.setting, architecture=replace(a, proj_size=0))
    back = run(implementation, replace(weighed(one, unprojected), setting=wide, h_0=whole(case.h_0)))
    output = np.concatenate([p[..., : a.output_size] for p in np.split(back.output, a.num_directions, -1)], -1)

    assert same(implementation, one, Outputs(output, back.h_n[..., : a.output_size], back.c_n))


@given(case=cases(**DEEP, projected=True, hidden_size=st.integers(2, 9), packed=True, batch=st.integers(2, 5)))
def test_layers_directions_projection_and_packing_agree_together(implementation, case):
    """A deep bidirectional projected LSTM on sequences of different lengths."""
    assert agrees(implementation, case)
