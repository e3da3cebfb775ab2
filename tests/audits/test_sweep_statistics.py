"""Means of many cells: their confidence, biases, drift, and the many tests that are made together."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_parity.audits.sweep.rows import Errors
from lstm_parity.audits.sweep.statistics import ErrorTable, adjust, find_biases, find_drift
from lstm_parity.audits.sweep.store import SUMS


def make_table(shift=0.0, *, groups=200, seed=0, of="float32"):
    """Errors of groups of cells: 50 elements each, normal with deviation 0.2 around a shift."""
    random = np.random.default_rng(seed)
    drawn = [random.normal(shift, 0.2, 50) for _ in range(groups)]
    errors = [Errors(50, float(e.sum()), 0.0, float(np.square(e).sum()), float(np.abs(e).max())) for e in drawn]
    return ErrorTable.of(
        {"dtype": np.full(groups, of), "bias": np.arange(groups) % 2}, np.arange(groups), sums_of(errors)
    )


def sums_of(errors):
    """Their sums as columns."""
    return {name: np.array([getattr(one, name) for one in errors]) for name in SUMS}


def parts_of(table):
    """Everything pooled, and by an axis."""
    parts = {**table.pool_axes(("dtype",)), **table.pool_axes(("dtype", "bias"), 2)}
    return {(words, "output"): pooled for words, pooled in parts.items()}


def test_p_values_are_adjusted_as_holm_says():
    """The smallest of four times four, the next times three, and so on, never falling: worked out by hand."""
    assert adjust([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_a_shift_far_below_one_noise_is_a_bias():
    """0.1 noises, a twentieth of the limit of one element."""
    found = find_biases(parts_of(make_table(0.1)))

    assert [(bias.words, bias.kind) for bias in found] == [("dtype = float32", "shift")]


def test_errors_without_a_shift_are_no_bias():
    """In a hundred draws."""
    assert not any(find_biases(parts_of(make_table(seed=seed))) for seed in range(100))


def test_a_shift_that_correct_kernels_have_is_no_bias():
    """However sure it is: 0.02 noises."""
    assert find_biases(parts_of(make_table(0.02, groups=3000))) == []


def test_the_interval_of_a_mean_holds_it_nineteen_times_of_twenty():
    """Over 400 draws; within four standard errors of 0.95."""
    pooled = [make_table(0.1, groups=60, seed=seed).pool_axes(("dtype",)) for seed in range(400)]
    means = [next(iter(one.values())).shift for one in pooled]
    share = np.mean([abs(mean.value - 0.1) <= mean.half_width for mean in means])

    assert abs(share - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 400)


def test_groups_whose_cells_round_alike_count_once():
    """Ten copies of every computation make no mean surer."""
    table = make_table(0.1)
    errors = [Errors(50, s, 0.0, q, 1.0) for s, q in zip(table.shift, table.squares, strict=True) for _ in range(10)]
    copied = ErrorTable.of({"dtype": np.full(2000, "float32")}, np.arange(2000) // 10, sums_of(errors))

    assert copied.pool_axes(("dtype",))["dtype = float32"].shift == table.pool_axes(("dtype",))["dtype = float32"].shift


def test_two_sweeps_drift_if_a_mean_moves():
    """And do not if only the seeds differ."""
    old, same, moved = (parts_of(make_table(shift, seed=seed)) for shift, seed in ((0.0, 0), (0.0, 1), (0.05, 2)))

    assert (find_drift(old, same), "shift" in {one.kind for one in find_drift(old, moved)}) == ([], True)
