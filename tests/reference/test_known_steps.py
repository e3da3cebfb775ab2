"""The steps of large layers, in few passes: the noise and the values that the rules give, or none at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lstm_parity.cases.case import draw_case
from lstm_parity.cases.profiles import PROFILES
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.exact import exact_answer
from lstm_parity.judging.forward import judge_all
from lstm_parity.reference.noise import known_steps
from lstm_parity.reference.noise.arithmetics import NATIVE, ladder
from lstm_parity.running.observe import observe_all

FLOAT32 = Runtime("float32")
SETTINGS = {
    "plain": Setting(Architecture(9, 33), Call(12, 5), FLOAT32),
    "no states": Setting(Architecture(9, 33), Call(12, 5, states=False), FLOAT32),
    "both ways, no bias": Setting(Architecture(5, 16, bidirectional=True, bias=False), Call(9, 4), FLOAT32),
    "projected": Setting(Architecture(5, 16, proj_size=7), Call(9, 4), FLOAT32),
    "two layers": Setting(Architecture(5, 16, 2), Call(9, 4), FLOAT32),
    "packed": Setting(Architecture(5, 16, bidirectional=True), Call(9, 4, lengths=(9, 6, 3, 1)), FLOAT32),
    "long": Setting(Architecture(2, 3), Call(700, 2), FLOAT32),
}


def answer(setting, profile, monkeypatch, *, few_passes, arithmetic=NATIVE["float32"]):
    """The exact answer to three runs, and how many layers were computed in few passes."""
    done, follow = [], known_steps.follow
    monkeypatch.setattr(known_steps, "SMALLEST", 0 if few_passes else 2**62)
    monkeypatch.setattr(known_steps, "follow", lambda *given: done.append(follow(*given)) or done[-1])
    cases = [draw_case(setting, profile, seed) for seed in range(3)]
    runs = [observation.evidence[0] for observation in observe_all(TorchLSTM(), cases)]
    found = exact_answer(cases, runs, arithmetic)
    monkeypatch.undo()
    return found, len([one for one in done if one is not None])


def farthest(one, other, part):
    """The largest relative distance of values or noises."""
    far = 0.0
    for name in ("output", "h_n", "c_n"):
        a, b = (getattr(getattr(found, name), part) for found in (one, other))
        with np.errstate(all="ignore"):
            far = max(far, np.nanmax(np.where(a == b, 0.0, np.abs(a - b) / np.maximum(np.abs(b), 1e-300))))
    return far


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", SETTINGS)
def test_few_passes_give_the_noise_of_the_rules(name, profile, monkeypatch):
    """To a hundred-thousandth of it; what may overflow, and what enters from hidden layers, is the same."""
    one, _ = answer(SETTINGS[name], profile, monkeypatch, few_passes=True)
    other, _ = answer(SETTINGS[name], profile, monkeypatch, few_passes=False)
    assert farthest(one, other, "deviation") <= 1e-5
    assert (one.overflow == other.overflow).all()
    assert np.allclose(one.hidden_noise, other.hidden_noise, rtol=1e-5)


@pytest.mark.parametrize("name", SETTINGS)
def test_few_passes_give_the_values_of_the_rules(name, monkeypatch):
    """In float64 as they are."""
    one, count = answer(SETTINGS[name], "normal", monkeypatch, few_passes=True)
    other, none = answer(SETTINGS[name], "normal", monkeypatch, few_passes=False)
    assert farthest(one, other, "value") <= 1e-11
    assert (count, none) == (name != "two layers", 0)  # the first of two, whose states are not known, brings noise


@pytest.mark.parametrize("arithmetic", ladder("float32"), ids=lambda a: a.name)
def test_every_arithmetic_has_the_noise_of_the_rules(arithmetic, monkeypatch):
    """Those that are not plain are left to them."""
    one, count = answer(SETTINGS["plain"], "trained", monkeypatch, few_passes=True, arithmetic=arithmetic)
    other, _ = answer(SETTINGS["plain"], "trained", monkeypatch, few_passes=False, arithmetic=arithmetic)
    assert farthest(one, other, "deviation") <= 1e-5
    assert count <= known_steps.is_plain(arithmetic)


@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "float16"])
def test_other_dtypes_are_left_to_the_rules(dtype, monkeypatch):
    """Their noise does not fit float32's squares, or their activations are not straight within it."""
    setting = replace(SETTINGS["plain"], runtime=Runtime(dtype))
    _, count = answer(setting, "normal", monkeypatch, few_passes=True, arithmetic=NATIVE[dtype])
    assert count == 0


def test_a_large_case_is_judged_alike(monkeypatch):
    """Worst and root mean square are those of the rules, to five digits."""
    runs = observe_all(TorchLSTM(), [draw_case(Setting(Architecture(64, 128), Call(40, 16), FLOAT32), "normal", 0)])
    now = judge_all(runs)[0]
    monkeypatch.setattr(known_steps, "SMALLEST", 2**62)
    before = judge_all(runs)[0]
    assert (now.worst, now.rms) == pytest.approx((before.worst, before.rms), rel=1e-5)
