"""Speeds of two records: planted changes are called slower or faster in the right units, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.planted_speed_cases import CASES, Planted
from lstm_parity.audits.upgrade.compare.finding import Kind
from lstm_parity.audits.upgrade.compare.records import compare_records
from lstm_parity.audits.upgrade.measure.rounds import join_rounds
from lstm_parity.audits.upgrade.measure.speeds import measure_speeds
from lstm_parity.audits.upgrade.record import ITSELF, NUMPY, PRODUCT, PYTHON, Record

CONDITIONS = {"torch": "1.2.3", "python": "3.11.0", "numpy": "1.26.4", "processor": "one", "model": "one"}
CONDITIONS |= {"capability": "AVX2", "threads": "2"}


def measured(planted, seed=0):
    """A record of five rounds on a machine where a call takes two milliseconds, and every unit one."""
    rng, rounds = np.random.default_rng(seed), []
    sizes = {PRODUCT: planted.product, PYTHON: planted.python, NUMPY: planted.numpy}
    for _ in range(5):
        times = {unit: size * rng.uniform(1.0, 1.0 + planted.noise) for unit, size in sizes.items()}
        call = 2.0 * planted.layer * rng.uniform(1.0, 1.0 + planted.noise)
        rounds.append({unit: {ITSELF: time, "padded": call / time} for unit, time in times.items()})
    return Record(CONDITIONS | planted.conditions, speeds=join_rounds(rounds))


def found(old, new):
    """The findings of a comparison, without those about conditions."""
    return [f for f in compare_records(old, new).findings if f.kind is not Kind.CONDITIONS]


@pytest.mark.parametrize("name", CASES)
def test_a_planted_change_is_called_what_it_is(name):
    """Whatever the noise of twenty pairs of records."""
    planted = CASES[name]
    right = [planted.right] * bool(planted.right)
    pairs = [
        (measured(Planted("", noise=planted.noise), seed), measured(planted, -seed - 1 + 2**32)) for seed in range(20)
    ]
    assert [[f.kind.value for f in found(*pair)] for pair in pairs] == [right] * 20


@pytest.mark.parametrize("record", [Record({}), Record({"torch": "1"}, speeds={})])
def test_a_record_without_speeds_has_none_to_compare(record):
    """As those of other devices are."""
    assert not found(record, measured(Planted("")))


def test_slower_says_in_which_units():
    """A library that slows both is as fast as ever in products."""
    (one,) = found(measured(Planted("", noise=0.0)), measured(Planted("", layer=2.0, product=2.0, noise=0.0)))
    assert one.line == (
        "slower: padded: 2.0 times the time in units of plain Python, 2.0 of NumPy, 1.0 of torch's matrix product; "
        "2 to 2 of the first before, 4 to 4 now"
    )


def test_a_machine_that_differs_is_said_to_have_no_common_speed():
    """In the line about what differs."""
    lines = compare_records(measured(Planted("")), measured(CASES["another model of one name, and the layer"])).findings
    assert [f.words.endswith("speeds are not compared") for f in lines] == [True]


OLD = {"padded": (1.0, 1.1, 0.95), ITSELF: (1.0, 1.1, 1.0)}


@pytest.mark.parametrize(
    ("after", "product", "right"),
    [
        ((2.0, 2.1, 2.3), 1.0, [Kind.SLOWER]),
        ((0.4, 0.5, 0.5), 1.0, [Kind.FASTER]),
        ((1.3, 1.3, 1.35), 1.0, []),
        ((1.15, 2.1, 2.3), 1.0, []),
        ((0.9, 0.5, 0.5), 1.0, []),
        ((3.0, 3.1, 3.2), 0.3, []),
    ],
    ids=["slower", "faster", "a little", "rounds that overlap", "likewise", "a product that became faster"],
)
@pytest.mark.parametrize("other", [{}, {PYTHON: OLD, NUMPY: OLD}], ids=["both old", "one of them old"])
def test_an_old_record_is_compared_in_products_and_seconds(after, product, right, other):
    """And it is said what cannot be seen in these."""
    old = Record(CONDITIONS, speeds={PRODUCT: OLD})
    new = Record(CONDITIONS, speeds={PRODUCT: {"padded": after, ITSELF: (product,)}} | other)
    first, *more = found(old, new)
    assert (first.kind, [one.kind for one in more]) == (Kind.NOT_COMPARED, right)


def test_the_record_that_lacks_units_is_named():
    """It is the one to be made again."""
    old, new = Record(CONDITIONS, speeds={PRODUCT: OLD}), measured(Planted(""))
    assert "the old record has none in units of plain Python and NumPy" in found(old, new)[0].words
    assert "the old and the new record" in found(old, replace(old, conditions=CONDITIONS))[0].words


def test_a_record_that_says_no_model_is_not_compared_with_one_that_does():
    """One name of a processor is that of many."""
    conditions = {name: value for name, value in CONDITIONS.items() if name != "model"}
    (one,) = found(replace(measured(Planted("")), conditions=conditions), measured(Planted("", layer=2.0)))
    assert "the old record does not say of which model its processor is" in one.words


def test_every_call_is_measured_in_every_unit():
    """And every unit in milliseconds."""
    calls = {unit: tuple(times) for unit, times in measure_speeds().items()}
    assert list(calls) == [PRODUCT, PYTHON, NUMPY]
    assert len(set(calls.values())) == 1
