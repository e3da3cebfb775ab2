"""Making a record of the installed torch: its answers in this process, what may crash or hang in child processes."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lstm_parity.audits.upgrade.measure.answers import answers, fixed_cases
from lstm_parity.audits.upgrade.measure.bad_calls import conducts
from lstm_parity.audits.upgrade.measure.capabilities import capabilities
from lstm_parity.audits.upgrade.measure.conditions import conditions
from lstm_parity.audits.upgrade.record import Answer, Record
from lstm_parity.cases.case import case
from lstm_parity.running.child_process import UNLUCKY_MEMORY, Ending, How, Isolation
from lstm_parity.running.devices import demand

LOADED = (
    "lstm_parity.catalogue.bad_calls.preload",
    "lstm_parity.catalogue.bad_calls.run",
    "lstm_parity.catalogue.bad_calls.crashes",
    "lstm_parity.audits.upgrade.measure.capabilities",
)
ROUNDS = 5  # of speeds, between the other parts
Progress = Callable[[str], None]


def record(progress: Progress = lambda text: None, cases: Sequence[str] | None = None, device: str = "cpu") -> Record:
    """Record the installed torch on the fixed cases, or on these. Raises ChildProcessError where that cannot be.

    On a device other than the CPU it is the answers alone: bad calls, capabilities, kernels and speeds are the CPU's.
    Raises DeviceMissingError for one that is not there.
    """
    ids = tuple(fixed_cases() if cases is None else cases)
    checksums = {name: case(name).checksum for name in ids}
    if device != "cpu":
        demand(device)
        return Record(conditions(device), checksums, _answered(ids, progress, device))
    rounds = list[dict[str, float]]()
    with Isolation(*LOADED) as calm, Isolation(*LOADED, environment=UNLUCKY_MEMORY) as unlucky:
        unlucky.start()
        rounds += _speeds(calm, progress)
        answered = _answered(ids, progress)
        rounds += _speeds(calm, progress)
        progress("bad calls, in child processes")
        conduct = dict(conducts(unlucky))
        rounds += _speeds(calm, progress)
        progress("capabilities, in child processes")
        capable = dict(capabilities(calm))
        rounds += _speeds(calm, progress)
        kernels = _value(calm.run("lstm_parity.audits.upgrade.measure.kernels:kernels", limit=120.0), "kernels")
        rounds += _speeds(calm, progress)
    return Record(
        conditions(),
        checksums,
        answered,
        conduct,
        capable,
        {call: tuple(names) for call, names in kernels.items()},
        _by_call(rounds),
    )


def _answered(ids: Sequence[str], progress: Progress, device: str = "cpu") -> tuple[Answer, ...]:
    progress(f"{len(ids)} cases")
    with quietly():
        return tuple(answers(ids, device))


def _speeds(isolation: Isolation, progress: Progress) -> list[dict[str, float]]:
    """One round of speeds, in a process of its own."""
    progress("speeds")
    return [_value(isolation.run("lstm_parity.audits.upgrade.measure.speeds:round_of_speeds", limit=120.0), "speeds")]


def _value(ending: Ending, what: str) -> Any:
    if ending.how is not How.RETURNED:
        raise ChildProcessError(f"the {what} cannot be told: {ending.how.value} {ending.kind} {ending.words}")
    return ending.value


def _by_call(rounds: list[dict[str, float]]) -> dict[str, tuple[float, ...]]:
    found = defaultdict(list)
    for one in rounds:
        for call, ratio in one.items():
            found[call].append(round(ratio, 4))
    return {call: tuple(ratios) for call, ratios in found.items()}


@contextmanager
def quietly() -> Iterator[None]:
    """Without what torch warns of that is no fault: that projections are not for oneDNN."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
