"""The strategies reach every value of every axis, and every coincidence of sizes, within the default examples."""

from __future__ import annotations

import pytest

from lstm_parity.cases.profiles import PROFILES
from lstm_parity.cases.setting import DTYPES, GRAD_MODES
from lstm_parity.parity_tests.strategies import AXES
from specimens.property_runs import examples_of, widest

COINCIDENCES = {
    "I == H": lambda a, c: a.input_size == a.hidden_size,
    "B == T": lambda a, c: c.batch == c.time,
    "B == H": lambda a, c: c.batch == a.hidden_size,
    "B == L*D": lambda a, c: c.batch == a.num_layers * a.num_directions,
    "H > 128": lambda a, c: a.hidden_size > 128,
    "T > 10": lambda a, c: c.time > 10,
    "all sizes distinct": lambda a, c: len({a.input_size, a.hidden_size, c.time, c.batch}) == 4,
    "everything at once": lambda a, c: (
        a.num_layers > 1 and a.bidirectional and a.proj_size > 0 and c.lengths is not None
    ),
    "unsorted with states": lambda a, c: c.states and list(c.lengths or ()) != sorted(c.lengths or (), reverse=True),
    "ties": lambda a, c: len(set(c.lengths or ())) < len(c.lengths or ()),
    "a length of 1 beside longer ones": lambda a, c: c.lengths is not None and min(c.lengths) == 1 < c.time,
    "equal lengths": lambda a, c: c.lengths is not None and c.batch > 1 and len(set(c.lengths)) == 1,
}
VALUES = {
    "num_layers": {1, 2, 3},
    "bias": {True, False},
    "batch_first": {True, False},
    "bidirectional": {True, False},
    "projected": {True, False},
    "batch": {None, 1, 2, 3, 4, 5},
    "packed": {True, False},
    "states": {True, False},
    "strided": {True, False},
    "dtype": set(DTYPES),
    "grad_mode": set(GRAD_MODES),
    "mkldnn": {True, False},
    "threads": {1, 2},
    "deterministic": {True, False},
    "profile": set(PROFILES),
    "input_size": set(range(1, 10)),
    "hidden_size": set(range(1, 10)),
    "time": set(range(1, 7)),
}
READ = {
    "projected": lambda case: case.setting.architecture.proj_size > 0,
    "packed": lambda case: case.setting.call.lengths is not None,
    "profile": lambda case: case.profile,
}


def value(case, axis):
    """The value of an axis in a case."""
    if axis in READ:
        return READ[axis](case)
    setting = case.setting
    return next(getattr(p, axis) for p in (setting.architecture, setting.call, setting.runtime) if hasattr(p, axis))


@pytest.fixture(scope="session")
def drawn():
    """What the widest test draws, with its own seed, which changes with the code, and with others."""
    return [case for seed in (None, 1, 2, 3) for case in examples_of(widest(), seed)]


@pytest.mark.parametrize("axis", VALUES)
def test_every_value_of_an_axis_is_drawn(drawn, axis):
    """No value is there in name only."""
    assert VALUES[axis] <= {value(case, axis) for case in drawn}


@pytest.mark.parametrize("coincidence", COINCIDENCES)
def test_every_coincidence_is_drawn(drawn, coincidence):
    """Sizes that happen to be equal, and the combinations that mistakes hide in."""
    holds = COINCIDENCES[coincidence]

    assert any(holds(case.setting.architecture, case.setting.call) for case in drawn)


def test_every_axis_is_looked_at():
    """An axis that is added is added here; sizes are looked at as coincidences, and a seed is only a number."""
    assert set(AXES) - {"sizes", "seed"} == set(VALUES)
