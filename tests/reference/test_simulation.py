"""Simulated runs: the exact values that errors are carried through, and where errors come from."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_parity.cases.case import draw_case
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.judging.exact import stack_weights
from lstm_parity.reference import numpy_lstm
from lstm_parity.reference.noise.arithmetics import NATIVE, find_arithmetic
from lstm_parity.reference.noise.local import run_layer
from lstm_parity.reference.noise.simulation import simulate_differences


def draw_some(architecture, dtype="float32", batch=2):
    """Return a case with zero states, its input and its weights with a case axis."""
    case = draw_case(Setting(architecture, Call(6, batch, states=False), Runtime(dtype)))
    return case, case.input[None], stack_weights([case.weights])


@pytest.mark.parametrize("more", [{}, {"proj_size": 3}, {"bias": False}])
def test_errors_are_carried_through_the_exact_values(more):
    """As the reference in NumPy computes them."""
    case, x, weights = draw_some(Architecture(4, 5, **more))
    output, _ = numpy_lstm.lstm_forward(case.input, None, case.weights)
    found = run_layer(np.swapaxes(x, 0, 1), weights.cells[0][0]).h[:, 0]

    assert np.abs(found - output).max() < 1e-14


def test_rounding_only_what_is_kept_errs_by_one_rounding_at_most_after_a_step():
    """Of numbers within 1: no more than the dtype's roundoff."""
    _, x, weights = draw_some(Architecture(4, 5))
    kept = find_arithmetic("float64 inside, rounded to float32", "float32")
    found = simulate_differences([kept], kept.state, x[:, :1], weights, 8, np.random.default_rng(0))

    assert found.pair.max() <= 2.0**-24


def test_an_arithmetic_does_not_depend_on_those_simulated_beside_it():
    """The sources that it has are drawn alike, if the others have no more."""
    _, x, weights = draw_some(Architecture(4, 5, num_layers=2, bidirectional=True))
    native, kept = NATIVE["float32"], find_arithmetic("float64 inside, rounded to float32", "float32")
    alone, beside = (
        simulate_differences([kept, *more], kept.state, x, weights, 4, np.random.default_rng(0)).exact[0]
        for more in ([], [native])
    )

    assert alone.tolist() == beside.tolist()
