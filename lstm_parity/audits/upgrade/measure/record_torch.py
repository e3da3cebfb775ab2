"""Making a record of the installed torch: its answers in this process, what may crash or hang in child processes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lstm_parity.audits.upgrade.measure.answers import fixed_cases, record_answers
from lstm_parity.audits.upgrade.measure.bad_calls import bad_call_outcomes
from lstm_parity.audits.upgrade.measure.capabilities import record_capabilities
from lstm_parity.audits.upgrade.measure.conditions import record_conditions
from lstm_parity.audits.upgrade.measure.rounds import SpeedRound, join_rounds
from lstm_parity.audits.upgrade.record import Answer, Record
from lstm_parity.cases.case import parse_case
from lstm_parity.running.child_process import UNLUCKY_MEMORY, CallResult, ExitKind, ProcessServer
from lstm_parity.running.devices import require_device

_LOADED = (
    "lstm_parity.catalogue.bad_calls.preload",
    "lstm_parity.catalogue.bad_calls.run",
    "lstm_parity.catalogue.bad_calls.crashes",
    "lstm_parity.audits.upgrade.measure.capabilities",
)
_ROUNDS = 5  # of speeds, between the other parts
_Progress = Callable[[str], None]


def record_torch(
    progress: _Progress = lambda text: None, cases: Sequence[str] | None = None, device: str = "cpu"
) -> Record:
    """Record the installed torch on the fixed cases, or on these. Raises ChildProcessError if that cannot be.

    On a device other than the CPU it is the answers alone: bad calls, capabilities, kernels and speeds are the CPU's.
    Raises DeviceMissingError for one that is not there.
    """
    ids = tuple(fixed_cases() if cases is None else cases)
    checksums = {name: parse_case(name).checksum for name in ids}
    if device != "cpu":
        require_device(device)
        return Record(record_conditions(device), checksums, _record_answers(ids, progress, device))
    rounds = list[SpeedRound]()
    with ProcessServer(*_LOADED) as calm, ProcessServer(*_LOADED, environment=UNLUCKY_MEMORY) as unlucky:
        unlucky.start()
        rounds += _record_speeds(calm, progress)
        answered = _record_answers(ids, progress)
        rounds += _record_speeds(calm, progress)
        progress("bad calls, in child processes")
        conduct = dict(bad_call_outcomes(unlucky))
        rounds += _record_speeds(calm, progress)
        progress("capabilities, in child processes")
        capable = dict(record_capabilities(calm))
        rounds += _record_speeds(calm, progress)
        kernels = _take_value(
            calm.run("lstm_parity.audits.upgrade.measure.kernels:record_kernels", limit=120.0), "kernels"
        )
        rounds += _record_speeds(calm, progress)
    return Record(
        record_conditions(),
        checksums,
        answered,
        conduct,
        capable,
        {call: tuple(names) for call, names in kernels.items()},
        join_rounds(rounds),
    )


def _record_answers(ids: Sequence[str], progress: _Progress, device: str = "cpu") -> tuple[Answer, ...]:
    progress(f"{len(ids)} cases")
    with silence_warnings():
        return tuple(record_answers(ids, device))


def _record_speeds(isolation: ProcessServer, progress: _Progress) -> list[SpeedRound]:
    """One round of speeds, in a process of its own."""
    progress("speeds")
    return [
        _take_value(isolation.run("lstm_parity.audits.upgrade.measure.speeds:measure_speeds", limit=120.0), "speeds")
    ]


def _take_value(ending: CallResult, what: str) -> Any:
    if ending.how is not ExitKind.RETURNED:
        raise ChildProcessError(f"the {what} is unknown: {ending.how.value} {ending.kind} {ending.words}")
    return ending.value


@contextmanager
def silence_warnings() -> Iterator[None]:
    """Silence what torch warns of that is no fault: that projections are not for oneDNN."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
