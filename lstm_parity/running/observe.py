"""Running an implementation on cases: the whole call, and the chain of single steps from its own states.

An observation is what a run returned, not judged yet. An exception of the implementation is an observation too.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.running.calls import call_lstm, runtime_flags, weight_tensors
from lstm_parity.running.evidence import CHAIN, PREFIXES, WHOLE, Evidence, Masks, Observation, Outputs
from lstm_parity.running.protocol import (
    LSTM,
    Implementation,
    declined_reason,
    expected_arithmetic,
    keeps_loaded,
    runs_cases,
    stands_in,
)

_LONG, _LONGEST = 16, 150  # steps of a call in a half type that is observed at every step


class ImplementationError(Exception):
    """A failure whose message is complete: no traceback is appended."""


def observe(implementation: Implementation, case: Case, *, chain: bool | None = None) -> Observation:
    """Run one case. Its steps are observed too if the whole call hides layers or a long memory, or on request."""
    if (reason := declined_reason(implementation, case)) is not None:
        return Observation(case, refused=reason)
    if chain is None:
        chain = case.setting.architecture.num_layers > 1 or _is_long(case)
    try:
        found = collect_evidence(implementation, case, chain)
        unchained = chain and _has_steps(case, found[0].outputs) and len(found) == 1
        arithmetic = expected_arithmetic(implementation, case.setting)
        return Observation(case, found, arithmetic=arithmetic, unchained=unchained)
    except NotImplementedError as error:
        return Observation(case, refused=str(error) or "NotImplementedError")
    except Exception as error:  # the implementation is the user's: any exception is a verdict
        return Observation(case, failed=describe_exception(error))


def describe_exception(error: Exception) -> str:
    """Format an implementation's exception: its traceback, or an ImplementationError's message alone."""
    return str(error) if isinstance(error, ImplementationError) else "".join(traceback.format_exception(error))


def collect_evidence(implementation: Implementation, case: Case, chain: bool) -> tuple[Evidence, ...]:
    """Run the whole call and, on request, the chain. Raises NotImplementedError for a refusal, and what is raised."""
    if runs_cases(implementation):
        return implementation.evidence(case, chain)
    with runtime_flags(case.setting.runtime):
        if (reason := implementation.unsupported_reason(case.setting)) is not None:
            raise NotImplementedError(reason)
        lstm = _load(implementation, case)
        outputs = call_lstm(lstm, case.setting, case.input, case.h_0, case.c_0)
        whole = Evidence(WHOLE, case.input, case.h_0, case.c_0, outputs, case.setting.call.lengths)
        return (whole, *_collect_steps(implementation, lstm, case, outputs)) if chain else (whole,)


def observe_steps(implementation: Implementation, case: Case, outputs: Outputs) -> tuple[Evidence, ...]:
    """Run the chain, or calls of 1, 2, 3 ... steps, beside a whole call that returned these outputs.

    Raises what the implementation raises.
    """
    with runtime_flags(case.setting.runtime):
        lstm = _load(implementation, case)
        return _collect_steps(implementation, lstm, case, outputs)


def _load(implementation: Implementation, case: Case) -> LSTM:
    """Return the LSTM that the implementation has kept for a case, or load it."""
    kept = implementation.find_loaded(case.setting) if keeps_loaded(implementation) else None
    return implementation.load(case.setting, weight_tensors(case)) if kept is None else kept


def _collect_steps(implementation: Implementation, lstm: LSTM, case: Case, outputs: Outputs) -> tuple[Evidence, ...]:
    if not _has_steps(case, outputs):
        return ()
    stacked = case.setting.architecture.num_layers > 1 or not _is_long(case)
    prefixes = _prefixes(lstm, case) if _is_long(case) and not stands_in(implementation) else ()
    return (*(_steps(implementation, lstm, case) if stacked else ()), *prefixes)


def _is_long(case: Case) -> bool:
    """Whether the noise of c, which grows with the steps, may hide a fault of one step, if steps can be observed."""
    a, call, dtype = case.setting.architecture, case.setting.call, case.setting.runtime.dtype
    plain = call.lengths is None and not a.bidirectional and case.is_finite
    return plain and dtype in ("bfloat16", "float16") and _LONG <= call.time <= _LONGEST


def _prefixes(lstm: LSTM, case: Case) -> tuple[Evidence, ...]:
    """Return the last step of calls of 1, 2, 3 ... steps: h_n and c_n at every step of the whole call."""
    states, outputs = [(case.h_0, case.c_0)], []
    for time in range(1, case.setting.call.time + 1):
        setting = replace(case.setting, call=replace(case.setting.call, time=time))
        seen = call_lstm(lstm, setting, case.input[:time], case.h_0, case.c_0)
        if seen.output is None or seen.h_n is None or seen.c_n is None:
            return ()
        states.append((seen.h_n, seen.c_n))
        outputs.append(seen.output[-1:])
    h, c = ([one[k] for one in states] for k in range(2))
    last = Outputs(np.concatenate(outputs, 1), np.concatenate(h[1:], 1), np.concatenate(c[1:], 1))
    x, h_0, c_0 = case.input.reshape(1, -1, case.input.shape[-1]), np.concatenate(h[:-1], 1), np.concatenate(c[:-1], 1)
    return (Evidence(PREFIXES, x, h_0, c_0, last),)


def _has_steps(case: Case, outputs: Outputs) -> bool:
    """Whether there is a chain of single steps to be run after the whole call."""
    return case.setting.call.time > 1 and outputs.complete


def _steps(implementation: Implementation, lstm: LSTM, case: Case) -> tuple[Evidence, ...]:
    """Return the chain, or nothing if padded single steps are refused though the call, a packed one say, is not."""
    if implementation.unsupported_reason(case.setting.one_step()) is not None:
        return ()
    try:
        return (_chain(lstm, case),)
    except NotImplementedError:
        return ()


def _chain(lstm: LSTM, case: Case) -> Evidence:
    """Call for each step, each time from the implementation's own h_n and c_n of the step before."""
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


def observe_all(
    implementation: Implementation,
    cases: Sequence[Case],
    *,
    chain: bool | None = None,
    after: Callable[[], None] = lambda: None,
) -> list[Observation]:
    """Run many cases, one after the other; `after` is called after each."""
    seen = list[Observation]()
    for case in cases:
        seen.append(observe(implementation, case, chain=chain))
        after()
    return seen


def observe_whole(implementation: Implementation, case: Case, way: str = WHOLE, masks: Masks = ()) -> Observation:
    """Run the whole call alone.

    way: what a report calls it. masks: those of dropout, with which it is judged.
    """
    seen = observe(implementation, case, chain=False)
    return replace(seen, evidence=tuple(replace(evidence, way=way, masks=masks) for evidence in seen.evidence))
