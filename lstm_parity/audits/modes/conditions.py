"""Expected failures of modes, and the conditions on trials that they consist of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch

from lstm_parity.audits.modes.trials import Trial
from lstm_parity.cases.features import has

_When = Callable[[Trial], bool]


@dataclass(frozen=True)
class ExpectedFailure:
    """Trials of some modes that are expected to fail.

    modes: a regular expression that their whole names match. words: one that the error must match. wrong: they
    return a wrong answer instead. reported_at: where: an issue of pytorch/pytorch, or a page of docs/findings.
    lacking: a dtype of oneDNN, bf16 or fp16; they fail only on a processor that oneDNN has no kernels of it for.
    """

    modes: str
    when: _When
    reason: str
    words: str = ""
    wrong: bool = False
    reported_at: str = ""
    lacking: str = ""

    def covers(self, trial: Trial) -> bool:
        """Whether a trial is expected to fail so, on this processor."""
        absent = not self.lacking or not is_supported_here(self.lacking)
        return absent and re.fullmatch(self.modes, trial.mode) is not None and self.when(trial)

    def fits(self, deviates: bool, words: str) -> bool:
        """Whether a failure is this one."""
        return deviates == self.wrong and re.search(self.words, words) is not None


_PACKED = ("packed", "packed equal")


def is_packed(trial: Trial) -> bool:
    """Whether the input is a PackedSequence."""
    return trial.form in _PACKED


def is_unbatched(trial: Trial) -> bool:
    """Whether there is no axis of rows."""
    return trial.form == "unbatched"


def is_projected(trial: Trial) -> bool:
    """Whether proj_size is given."""
    return has(trial.setting, "projection")


def is_training(trial: Trial) -> bool:
    """Whether the module is in train mode, with dropout."""
    return trial.training


def has_dtype(*names: str) -> _When:
    """Make the condition that a layer has one of these dtypes."""
    return lambda trial: trial.setting.runtime.dtype in names


def both_hold(*conditions: _When) -> _When:
    """Make the condition that all of these hold."""
    return lambda trial: all(condition(trial) for condition in conditions)


def never_holds(condition: _When) -> _When:
    """Make the contrary of a condition."""
    return lambda trial: not condition(trial)


def is_allowed(trial: Trial) -> bool:
    """Whether oneDNN may be used: there is no projection, which it does not know."""
    return trial.setting.runtime.mkldnn and not is_projected(trial)


def has_no_rows(trial: Trial) -> bool:
    """Whether the batch is empty."""
    return trial.empty


def has_no_states(trial: Trial) -> bool:
    """Whether no initial states are given."""
    return has(trial.setting, "no-states")


def is_rowless_and_dynamic(trial: Trial) -> bool:
    """Whether there is no axis of rows that could be dynamic."""
    return is_unbatched(trial) and "dynamic batch" in trial.mode


def has_no_biases(trial: Trial) -> bool:
    """Whether bias=False."""
    return has(trial.setting, "no-bias")


def is_supported_here(name: str) -> bool:
    """Whether oneDNN says that this processor can compute in a dtype, bf16 or fp16."""
    return bool(getattr(torch.ops.mkldnn, f"_is_mkldnn_{name}_supported", lambda: True)())


def always_holds(_: Trial) -> bool:
    """Return True for every trial."""
    return True


def is_in_grad_mode(trial: Trial) -> bool:
    """Whether weights require gradients."""
    return has(trial.setting, "grad")


def is_deep_and_bidirectional(trial: Trial) -> bool:
    """Whether there are two bidirectional layers."""
    return has(trial.setting, "bidirectional") and has(trial.setting, "layers")


def is_rowless(trial: Trial) -> bool:
    """Whether there is no axis of rows to map over."""
    return is_packed(trial) or is_unbatched(trial)


floats = has_dtype("float32")
