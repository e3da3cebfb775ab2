"""Execution modes: a few trials of each cheap one end as `expected_failures.py` says; all: `lstm-parity modes`."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lstm_parity.audits.modes.conditions import is_supported_here
from lstm_parity.audits.modes.expected_failures import EXPECTED_FAILURES, find_expected_failure
from lstm_parity.audits.modes.report import mode_row, modes_text
from lstm_parity.audits.modes.run import TrialResult, run_trials
from lstm_parity.audits.modes.trials import AXES, design_trials
from lstm_parity.audits.named import LOADERS
from lstm_parity.implementations.load import load_target
from lstm_parity.implementations.modes import MODES, find_mode
from lstm_parity.implementations.target import TargetError, parse_target
from lstm_parity.judging.verdict import Outcome

SLOW = ("compile", "export", "ONNX", "jvp", "weight_norm, deprecated", "torch.save", "jit.freeze")
CHEAP = [name for name in MODES if not name.startswith(SLOW)]
EVERY = [trial for mode in MODES.values() for trial in design_trials(mode)]

judged_for = pytest.mark.skipif(
    not torch.__version__.startswith("2.13."), reason="expected_failures.py says what torch 2.13 does"
)


def some(name):
    """Of one mode, the first trial that must agree, and the first that must fail; if there are any."""
    found = design_trials(MODES[name])
    firsts = (next((t for t in found if (find_expected_failure(t) is None) == agree), None) for agree in (True, False))
    return [trial for trial in firsts if trial is not None]


@judged_for
def test_cheap_modes_do_what_is_said_of_them():
    """One trial that agrees and one that fails as listed, of each."""
    found = list(run_trials([trial for name in CHEAP for trial in some(name)]))

    assert [(one.trial.mode, one.trial.name, one.surprise) for one in found if one.surprise] == []


def test_every_pair_of_call_forms_stands_together():
    """In the design of a mode, but for a single layer, in which nothing can be dropped."""
    designed = {(t.form, t.setting.runtime.dtype) for t in design_trials(MODES["eager"])}

    assert designed == {(form, dtype) for form in AXES["form"] for dtype in AXES["dtype"]}


@pytest.mark.parametrize("listed", EXPECTED_FAILURES, ids=lambda listed: f"{listed.modes}: {listed.reason}")
def test_every_lack_is_live(listed):
    """Some trial is expected to fail so; none on a processor that has the kernels whose lack is the reason."""
    covers = any(find_expected_failure(trial) is listed for trial in EVERY)

    assert covers == (not listed.lacking or not is_supported_here(listed.lacking))


@pytest.mark.parametrize("supported", [set(), {"bf16"}, {"bf16", "fp16"}], ids=["AVX2", "AVX512_BF16", "AVX512_FP16"])
def test_what_a_processor_lacks_is_asked_of_it(monkeypatch, supported):
    """Failures for want of a kernel are expected where oneDNN says that there is none, and nowhere else."""
    for name in ("bf16", "fp16"):
        monkeypatch.setattr(torch.ops.mkldnn, f"_is_mkldnn_{name}_supported", lambda name=name: name in supported)
    found = {expected.lacking for expected in map(find_expected_failure, EVERY) if expected}

    assert found == {"", "bf16", "fp16"} - supported


def test_a_trial_that_works_though_listed_is_told():
    """The table is asserted both ways."""
    trial = next(trial for trial in EVERY if find_expected_failure(trial) is not None)
    agrees, fails = (
        TrialResult(trial, Outcome.PARITY, ""),
        TrialResult(trial, Outcome.FAILED, "in words that nobody listed"),
    )

    assert "though listed" in agrees.surprise
    assert "not as listed" in fails.surprise


def test_a_trial_that_fails_unlisted_is_told():
    """With what it said."""
    trial = next(trial for trial in EVERY if find_expected_failure(trial) is None)

    assert "nothing said so: SIGSEGV" in TrialResult(trial, Outcome.FAILED, "SIGSEGV").surprise


def test_what_was_tried_is_read_back_from_json():
    """Field by field."""
    tried = TrialResult(EVERY[0], Outcome.PARITY, "")

    assert TrialResult.of(EVERY[0], tried.fields) == tried


def test_a_missing_package_is_told_as_not_judged(monkeypatch):
    """And nothing is run."""
    monkeypatch.setitem(MODES, "eager", replace(MODES["eager"], packages=("no_such_package",)))

    assert "not judged: no_such_package is not installed" in modes_text([mode_row("eager", [])], {})


def test_a_mode_is_a_target():
    """`--impl mode:NAME` is judged by every test; one that is not there is told."""
    assert load_target(parse_target("mode:functional_call", loaders=LOADERS)) is find_mode("functional_call")
    with pytest.raises(TargetError, match="is none of eager"):
        load_target(parse_target("mode:no_such", loaders=LOADERS))


def test_there_are_many_modes():
    """Each with its own name, and those in train mode."""
    assert len(MODES) >= 15
    assert find_mode("eager in train mode").dropout > 0.0
