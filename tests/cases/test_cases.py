"""Cases are the same numbers everywhere, and their names bring them back."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given

from lstm_parity.cases.case import draw_case, parse_case, round_case
from lstm_parity.cases.covering import AXES, cover_pairs, setting_at
from lstm_parity.cases.profiles import PROFILES
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting, SettingError, parse_setting
from lstm_parity.parity_tests.strategies import cases
from lstm_parity.running.calls import make_tensor

PINNED = {
    "I5-H7-L2-bi-P3-T4-B3-packed2.4.1-float32-normal-3": "6566338e55878fb5",
    "I5-H7-L2-bi-P3-T4-B3-packed2.4.1-float64-trained-3": "7d0c4af8c49b219b",
    "I5-H7-L2-bi-P3-T4-B3-packed2.4.1-bfloat16-x10-3": "5944338a3d3e1a42",
    "I5-H7-L2-bi-P3-T4-B3-packed2.4.1-float16-denormal-3": "435640901567e95c",
    "I3-H4-T5-unbatched-nostates-float32-sparse-9": "77e20167d350a56b",
    "I3-H4-T5-B2-float32-one_hot-9": "2b3f354fa6db5a97",
    "I3-H4-T5-B2-float32-non_finite-9": "6c9e717ce8222183",
}


@pytest.mark.parametrize(("name", "checksum"), PINNED.items())
def test_a_case_is_the_same_numbers_on_every_torch_and_numpy(name, checksum):
    """The checksum over all numbers of a case is pinned."""
    assert parse_case(name).checksum == checksum


@given(case=cases())
def test_a_case_is_brought_back_by_its_name(case):
    """The id holds all that a case is made of."""
    again = parse_case(case.id)

    assert (again.setting, again.checksum) == (case.setting, case.checksum)


@given(case=cases())
def test_every_number_of_a_case_is_exact_in_its_dtype(case):
    """What the exact answer is computed from is what the implementation is given, to the last bit."""
    held = make_tensor(case.input, case.setting.runtime).double().numpy()

    assert np.array_equal(held, case.input, equal_nan=True)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
def test_rounding_to_a_dtype_is_what_torch_does(dtype):
    """To nearest, ties to even, with infinities, NaN and denormals."""
    numbers = np.concatenate(
        [np.linspace(-3, 3, 1001) * 10.0**k for k in (-40, -6, 0, 4)] + [[np.inf, -np.inf, np.nan]]
    )
    numbers = numbers.astype(np.float32).astype(np.float64)  # torch rounds float64 to float16 by way of float32
    torchs = torch.from_numpy(numbers).to(getattr(torch, dtype)).double().numpy()

    assert np.array_equal(round_case(numbers, dtype), torchs, equal_nan=True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("I5-H7-T4-B2-float32-normal", "SETTING-PROFILE-SEED"),
        ("I5-H7-T4-B2-float32-strange-3", "profile 'strange' was given, but it must be one of normal"),
        ("I5-H7-B2-float32-normal-3", "needs T with a number"),
        ("I5-H7-Q9-T4-B2-float32-normal-3", "words that no setting has: Q"),
        ("I5-H7-P9-T4-B2-float32-normal-3", "proj_size=9 was given, but it must be below"),
    ],
)
def test_a_name_that_names_no_case_is_refused_in_words(name, words):
    """What was given, what is needed."""
    with pytest.raises(SettingError, match=words):
        parse_case(name)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Architecture(0, 3), "must be at least 1"),
        (lambda: Architecture(3, 3, proj_size=3), "proj_size=3 was given"),
        (lambda: Call(3, 2, (3, 4)), "one length of at least 1 for each row"),
        (lambda: Call(3, 2, (1, 3), enforce_sorted=True), "sort them, longest first"),
        (lambda: Runtime("int8"), "dtype='int8' was given"),
    ],
)
def test_a_setting_that_no_lstm_can_have_is_refused_in_words(make, words):
    """What was given, what is needed."""
    with pytest.raises(SettingError, match=words):
        make()


def test_the_name_of_a_setting_reads_back_to_it():
    """Every word survives the round trip."""
    setting = Setting(
        Architecture(5, 7, 2, False, True, True, 3),
        Call(4, 2, (4, 2), True, False),
        Runtime("float16", "cuda:1", "grad", False),
    )

    assert parse_setting(setting.name) == setting


@pytest.mark.parametrize("profile", PROFILES)
def test_a_seed_makes_a_case_of_its_own(profile):
    """Different seeds give different numbers, in every value profile."""
    setting = Setting(Architecture(5, 7), Call(4, 3))

    assert draw_case(setting, profile, 1).checksum != draw_case(setting, profile, 2).checksum


@pytest.mark.parametrize("backwards", [False, True])
def test_a_design_holds_every_pair_of_values(backwards):
    """Each two values of two axes stand together in some point."""
    points = cover_pairs(backwards=backwards)
    pairs = {(a, p[a], b, p[b]) for p in points for a, b in itertools.combinations(AXES, 2)}

    assert len(pairs) == sum(len(AXES[a]) * len(AXES[b]) for a, b in itertools.combinations(AXES, 2))


def test_a_design_has_only_settings_that_exist():
    """Each point makes a setting."""
    assert all(setting_at(point).call.time for point in cover_pairs())
