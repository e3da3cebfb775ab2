"""What torch does with every bad call and every call that has crashed, in child processes whose memory is unlucky.

What is refused once is refused; what is not is called again, TIMES in all, since the harm that it does may vary: with
what lies where in memory, which is the same in every child of one server, and is therefore shaken before each call.
A process costs more than a call, so calls stand together in one, and alone where that one did not survive them.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

import torch

from lstm_parity.audits.upgrade.record import CallOutcome
from lstm_parity.catalogue.bad_calls import crashes
from lstm_parity.catalogue.bad_calls.callees import ROWS, can_run
from lstm_parity.catalogue.bad_calls.probe_helpers import UndecidedError
from lstm_parity.catalogue.bad_calls.run import is_overrun, is_refused, run_batched
from lstm_parity.running.child_process import CallResult, ExitKind, ProcessServer

_REPEATS = 6
_BATCH = 8  # bad calls in one process: where one ends it, so many are made again
_SUBJECTS = ("nn.LSTM", "nn.LSTMCell")
_CALL = "lstm_parity.catalogue.bad_calls.callees:run_bad_call"
_SHAKEN, _AGAIN = (f"{__name__}:{name}" for name in ("run_in_batches", "run_alone"))
_PROBES = tuple(  # the functions of that file, but for a helper
    name
    for name, value in vars(crashes).items()
    if getattr(value, "__module__", "") == crashes.__name__ and name != "weights"
)


def bad_call_outcomes(isolation: ProcessServer, rows: Sequence[str] = ROWS) -> Iterator[tuple[str, CallOutcome]]:
    """Yield what became of each bad call, by subject and name, then of each probe of a crash."""
    for subject in _SUBJECTS:
        yield from _outcomes_of(isolation, subject, [row for row in rows if can_run(subject, row)])
    for name in _PROBES:
        conduct = run_repeatedly(isolation, f"{__name__}:{_run_probe.__name__}", name)
        if not conduct.words.startswith(UndecidedError.__name__):
            yield f"probe: {name.replace('_', ' ')}", conduct


def _outcomes_of(isolation: ProcessServer, subject: str, rows: list[str]) -> Iterator[tuple[str, CallOutcome]]:
    """Yield some in one process; those that were not refused there, or not in sound words, again and alone."""
    found = run_batched(isolation, subject, rows, (), _BATCH)
    for row in rows:
        if row in found and is_refused(found[row]):
            yield f"{subject}: {row}", CallOutcome({"refused": 1}, _message_of(found[row]))
        else:
            yield f"{subject}: {row}", run_repeatedly(isolation, _CALL, subject, row)


def run_repeatedly(isolation: ProcessServer, *call: str) -> CallOutcome:
    """Return what became of a call: of one run if that was refused, else of TIMES runs, numbered.

    Where the first was accepted, the others are made in one process, and each in its own only where that one ended.
    """
    endings = [isolation.run(_SHAKEN, 0, *call)]
    again = isolation.run(_AGAIN, *call) if exit_of(endings[0]) == "accepted" else None
    if again is not None and again.how is ExitKind.RETURNED:
        endings += [CallResult(ExitKind.RETURNED, value) for value in again.value]
    elif exit_of(endings[0]) != "refused":
        endings += [isolation.run(_SHAKEN, k, *call) for k in range(1, _REPEATS)]
        endings += [again] if again is not None and exit_of(again) == "crashed" else []
    counts = Counter(map(exit_of, endings))
    worst = next((e for e in endings if exit_of(e) in ("crashed", "exited", "hung", "accepted")), endings[0])
    return CallOutcome(dict(sorted(counts.items())), _message_of(worst))


def run_in_batches(k: int, name: str, *arguments: str) -> object:
    """What a function "module:name" returns after the k-th way of leaving holes in memory: run in a child process."""
    blocks = [torch.empty(1 + 37 * j * (k + 1) % 509) for j in range(40 * k)]
    del blocks[:: 2 + k % 2]
    module, _, function = name.partition(":")
    return getattr(sys.modules[module], function)(*arguments)


def run_alone(name: str, *arguments: str) -> list[object]:
    """Return a function's results after every other way of leaving holes in memory, run in one child process."""
    return [run_in_batches(k, name, *arguments) for k in range(1, _REPEATS)]


def exit_of(ending: CallResult) -> str:
    """Describe how a call ended, in a word; "overrun" where an exception shows that memory was read past an end."""
    if ending.how is ExitKind.RAISED:
        return "overrun" if is_overrun(ending.words) else "refused"
    return "accepted" if ending.how is ExitKind.RETURNED else ending.how.value


def _message_of(ending: CallResult) -> str:
    """The exception and its message without what varies from build to build; or what was returned, or the signal."""
    if ending.how is ExitKind.RETURNED:
        return str(ending.value)
    if ending.how is ExitKind.RAISED:
        return f"{ending.kind}: {mask_addresses(ending.words)}"
    return f"{ending.how.value} {ending.kind}"


def mask_addresses(message: str) -> str:
    """Return a message without stack traces, addresses, and the places of source lines."""
    message = re.split(r"\n?Exception raised from|\nThe above|\nC\+\+ CapturedTraceback", message)[0]
    message = re.sub(r"0x[0-9a-fA-F]+", "0x...", message)
    return " ".join(re.sub(r'(at )?"?[\w./-]+\.(cpp|h|hpp|cu|cc)"?:\d+', "...", message).split())[:300]


class ProbeRefusedError(Exception):  # records hold this name
    """The call of a probe was refused, as it must be."""


def _run_probe(name: str) -> str:
    """Return what a probe of `catalogue/bad_calls/crashes.py` finds wrong; raise ProbeRefusedError if nothing is."""
    if not (told := str(getattr(crashes, name)())):
        raise ProbeRefusedError("refused")
    return told
