"""Running an implementation on cases: the whole call, and the chain of single steps from its own states.

An observation is what was seen, judged by nobody yet. Whatever the implementation raises is an observation too.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.calls import Outputs, call_lstm, runtime_flags, weight_tensors
from lstm_parity.running.protocol import LSTM, Implementation, expected_arithmetic

WHOLE, CHAIN, TRAJECTORY, PAIR = "whole call", "chain", "trajectory", "pair"
TWICE, LATE = "second call", "read late"  # ways of `lstm_parity/diagnosis/probes.py`


class ImplementationError(Exception):
    """What an implementation did, told already: there is no traceback to add."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """One thing that was run: the arrays that went in and the outputs that came out, canonical.

    way: whole call or chain. The steps of a chain lie side by side as rows of one batch, step-major: x is (1, T*B, I).
    masks: (T, B, D*P) for every layer but the last, in train mode with dropout.
    """

    way: str
    x: Array
    h_0: Array
    c_0: Array
    outputs: Outputs
    lengths: tuple[int, ...] | None = None
    masks: tuple[Array, ...] = ()


@dataclass(frozen=True, eq=False)
class Observation:
    """An implementation's run of one case: evidence, or why there is none (`refused`, or `failed` and a traceback).

    arithmetic: the one that it ought to be computed in; None for that of the case's dtype.
    unchained: whether the chain was asked for, but its single padded steps are refused.
    """

    case: Case
    evidence: tuple[Evidence, ...] = ()
    refused: str | None = None
    failed: str | None = None
    arithmetic: Arithmetic | None = None
    unchained: bool = False

    @property
    def expected_arithmetic(self) -> Arithmetic:
        """The arithmetic that it is judged in where no other is asked for."""
        return self.arithmetic or NATIVE[self.case.setting.runtime.dtype]


@runtime_checkable
class RunsCases(Protocol):
    """One that lives in another process: a case is run there, in one message and one answer."""

    def evidence(self, case: Case, chain: bool) -> tuple[Evidence, ...]:
        """As the function of that name."""


def observe(implementation: Implementation, case: Case, *, chain: bool | None = None) -> Observation:
    """Run one case. The chain is run too where the whole call hides layers, or where asked for."""
    if chain is None:
        chain = case.setting.architecture.num_layers > 1
    try:
        found = collect_evidence(implementation, case, chain)
        unchained = chain and _has_steps(case, found[0].outputs) and len(found) == 1
        arithmetic = expected_arithmetic(implementation, case.setting)
        return Observation(case, found, arithmetic=arithmetic, unchained=unchained)
    except NotImplementedError as error:
        return Observation(case, refused=str(error) or "NotImplementedError")
    except Exception as error:  # the implementation is the user's: whatever it raises is a verdict
        return Observation(case, failed=describe_exception(error))


def describe_exception(error: Exception) -> str:
    """What is told of an exception that an implementation raised: its traceback, unless it is told already."""
    return str(error) if isinstance(error, ImplementationError) else "".join(traceback.format_exception(error))


def collect_evidence(implementation: Implementation, case: Case, chain: bool) -> tuple[Evidence, ...]:
    """The whole call and, where asked for, the chain. Raises NotImplementedError for a refusal, and what is raised."""
    if isinstance(implementation, RunsCases):
        return implementation.evidence(case, chain)
    with runtime_flags(case.setting.runtime):
        if (reason := implementation.unsupported_reason(case.setting)) is not None:
            raise NotImplementedError(reason)
        lstm = implementation.load(case.setting, weight_tensors(case))
        outputs = call_lstm(lstm, case.setting, case.input, case.h_0, case.c_0)
        whole = Evidence(WHOLE, case.input, case.h_0, case.c_0, outputs, case.setting.call.lengths)
        if chain and _has_steps(case, outputs):
            return (whole, *_steps(implementation, lstm, case))
        return (whole,)


def _has_steps(case: Case, outputs: Outputs) -> bool:
    """Whether there is a chain of single steps to be run after the whole call."""
    return case.setting.call.time > 1 and outputs.complete


def _steps(implementation: Implementation, lstm: LSTM, case: Case) -> tuple[Evidence, ...]:
    """The chain, or nothing where padded single steps are refused though the call, a packed one say, is not."""
    if implementation.unsupported_reason(case.setting.one_step()) is not None:
        return ()
    try:
        return (_chain(lstm, case),)
    except NotImplementedError:
        return ()


def _chain(lstm: LSTM, case: Case) -> Evidence:
    """One call for each step, each from the implementation's own h_n and c_n of the one before."""
    setting = case.setting.one_step()
    h, c = case.h_0, case.c_0
    befores, afters = [], []
    faults: tuple[str, ...] = ()
    for t in range(case.setting.call.time):
        seen = call_lstm(lstm, setting, case.input[t : t + 1], h, c)
        befores.append((h, c))
        afters.append((seen.output, seen.h_n, seen.c_n))
        faults = faults or seen.faults
        if seen.output is None or seen.h_n is None or seen.c_n is None:
            return Evidence(CHAIN, case.input[:1], case.h_0, case.c_0, seen)
        h, c = seen.h_n, seen.c_n
    h_0, c_0 = (np.concatenate(states, 1) for states in zip(*befores, strict=True))
    output, h_n, c_n = (np.concatenate(arrays, 1) for arrays in zip(*afters, strict=True))
    return Evidence(CHAIN, case.input.reshape(1, -1, case.input.shape[-1]), h_0, c_0, Outputs(output, h_n, c_n, faults))


def observe_all(implementation: Implementation, cases: list[Case], *, chain: bool | None = None) -> list[Observation]:
    """Run many cases, one after the other."""
    return [observe(implementation, case, chain=chain) for case in cases]
