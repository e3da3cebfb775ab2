"""Bad calls run in child processes: together where all are likely to be refused, alone where one may do harm."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lstm_parity.catalogue.bad_calls.callees import run_bad_call
from lstm_parity.running.child_process import CallResult, ExitKind, ProcessServer

_REPEATS = 3
_FEW = 6  # suspects in one process: where one ends it, so many are made again
# what torch says where it read past the end of a list of tensors, and met by luck something else than the end of itself
_OVERRUN = ("INTERNAL ASSERT FAILED", "tensor does not have a device")


def is_refused(ending: CallResult) -> bool:
    """Whether a call was refused, and not ended by luck alone."""
    return ending.how is ExitKind.RAISED and not is_overrun(ending.words)


def is_overrun(words: str) -> bool:
    """Whether an exception's words are those of memory that was overrun."""
    return any(sign in words for sign in _OVERRUN)


def run_isolated(isolation: ProcessServer, subject: str, row: str) -> CallResult:
    """How one bad call ends, in a process of its own; of some runs the first that was not refused: harm may vary."""
    for _ in range(_REPEATS):
        ending = isolation.run("lstm_parity.catalogue.bad_calls.callees:run_bad_call", subject, row)
        if not is_refused(ending):
            break
    return ending


def run_all(
    isolation: ProcessServer, subject: str, rows: Iterable[str], suspects: Collection[str]
) -> dict[str, CallResult]:
    """How bad calls end: suspects a few in a process, the others all in one; alone where that leaves it open.

    What is refused where a suspect stands may be so by luck; one that is accepted among others is accepted.
    """
    rows = list(rows)
    found = {row: e for row, e in run_batched(isolation, subject, rows, suspects, len(rows)).items() if is_refused(e)}
    some = run_batched(isolation, subject, suspects, [row for row in rows if row not in suspects], _FEW)
    found |= {row: e for row, e in some.items() if row in rows and e.how is ExitKind.RETURNED}
    return {row: found[row] if row in found else run_isolated(isolation, subject, row) for row in rows}


def run_batched(
    isolation: ProcessServer, subject: str, rows: Iterable[str], without: Collection[str], number: int
) -> dict[str, CallResult]:
    """How bad calls end that share a process with so many others; none of those that the process did not survive."""
    chosen, found = [row for row in rows if row not in without], dict[str, CallResult]()
    for some in (chosen[k : k + number] for k in range(0, len(chosen), number)):
        told = isolation.run(f"{__name__}:{_find_refusals.__name__}", subject, some, limit=60.0)
        for row, words in zip(some, told.value or [], strict=told.how is ExitKind.RETURNED):
            found[row] = CallResult(ExitKind.RAISED, None, *words) if words else CallResult(ExitKind.RETURNED)
    return found


def _find_refusals(subject: str, rows: list[str]) -> list[tuple[str, str] | None]:
    """The exception and the words of each bad call that was refused; None for one that was not."""
    return [_refusal_of(subject, row) for row in rows]


def _refusal_of(subject: str, row: str) -> tuple[str, str] | None:
    try:
        run_bad_call(subject, row)
    except Exception as error:
        return type(error).__name__, str(error)
    return None
