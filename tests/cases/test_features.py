"""One vocabulary of settings: every axis has a feature, and a feature's words are said of nothing else."""

from __future__ import annotations

import pytest

from lstm_parity.cases.covering import AXES, cover_pairs, setting_at
from lstm_parity.cases.features import DECLARABLE, DROPOUT, FEATURES, NON_FINITE, has

SETTINGS = [setting_at(point) for dtype in AXES["dtype"] for point in cover_pairs(dtype=dtype, profile="normal")]


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_is_asked_by_some_setting_and_not_by_all(name):
    """It tells settings apart in the covering design, or in longer sequences than that has."""
    held = {has(setting, name) for setting in SETTINGS}

    assert held == {True, False} or name == "many steps"


def test_what_may_be_declared_is_a_feature():
    """Every word of --without but one, which is of numbers."""
    assert [name for name in DECLARABLE if name not in FEATURES] == [NON_FINITE, DROPOUT]


def test_places_of_faults_have_words_of_their_own():
    """No two features are described by the same argument."""
    arguments = [feature.argument for feature in FEATURES.values() if feature.argument]

    assert len(arguments) == len(set(arguments))


@pytest.mark.parametrize("axis", [axis for axis in AXES if axis not in ("sizes", "device", "profile")])
def test_every_axis_is_seen_by_some_feature(axis):
    """Two settings that differ in one axis alone differ in a feature."""
    first = {name: values[0] for name, values in AXES.items()}
    others = [setting_at(first | {axis: value}) for value in AXES[axis][1:]]
    words = [{name for name in FEATURES if has(setting, name)} for setting in (setting_at(first), *others)]

    assert any(one != words[0] for one in words[1:])
