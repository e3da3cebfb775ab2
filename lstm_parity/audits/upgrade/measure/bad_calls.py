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

from lstm_parity.audits.upgrade.record import Conduct
from lstm_parity.catalogue.bad_calls import crashes
from lstm_parity.catalogue.bad_calls.callees import ROWS, applies
from lstm_parity.catalogue.bad_calls.probe_helpers import CannotTellError
from lstm_parity.catalogue.bad_calls.run import overrun, refused, together
from lstm_parity.running.child_process import Ending, How, Isolation

TIMES = 6
TOGETHER = 8  # bad calls in one process: where one ends it, so many are made again
SUBJECTS = ("nn.LSTM", "nn.LSTMCell")
CALL = "lstm_parity.catalogue.bad_calls.callees:call"
SHAKEN, AGAIN = (
    "lstm_parity.audits.upgrade.measure.bad_calls:shaken",
    "lstm_parity.audits.upgrade.measure.bad_calls:again",
)
PROBES = tuple(  # the functions of that file, but for a helper
    name
    for name, value in vars(crashes).items()
    if getattr(value, "__module__", "") == crashes.__name__ and name != "weights"
)


def conducts(isolation: Isolation, rows: Sequence[str] = ROWS) -> Iterator[tuple[str, Conduct]]:
    """What became of each bad call, by subject and name, then of each probe of a crash."""
    for subject in SUBJECTS:
        yield from _of_subject(isolation, subject, [row for row in rows if applies(subject, row)])
    for name in PROBES:
        conduct = repeated(isolation, f"{__name__}:probe", name)
        if not conduct.words.startswith(CannotTellError.__name__):
            yield f"probe: {name.replace('_', ' ')}", conduct


def _of_subject(isolation: Isolation, subject: str, rows: list[str]) -> Iterator[tuple[str, Conduct]]:
    """Some in one process; those that were not refused there, or not in sound words, again and alone."""
    found = together(isolation, subject, rows, (), TOGETHER)
    for row in rows:
        if row in found and refused(found[row]):
            yield f"{subject}: {row}", Conduct({"refused": 1}, words(found[row]))
        else:
            yield f"{subject}: {row}", repeated(isolation, CALL, subject, row)


def repeated(isolation: Isolation, *call: str) -> Conduct:
    """What became of a call: of one run where that was refused, of TIMES runs, numbered, where not.

    Where the first was accepted, the others are made in one process, and each in its own only where that one ended.
    """
    endings = [isolation.run(SHAKEN, 0, *call)]
    again = isolation.run(AGAIN, *call) if how(endings[0]) == "accepted" else None
    if again is not None and again.how is How.RETURNED:
        endings += [Ending(How.RETURNED, value) for value in again.value]
    elif how(endings[0]) != "refused":
        endings += [isolation.run(SHAKEN, k, *call) for k in range(1, TIMES)]
        endings += [again] if again is not None and how(again) == "crashed" else []
    counts = Counter(map(how, endings))
    worst = next((e for e in endings if how(e) in ("crashed", "exited", "hung", "accepted")), endings[0])
    return Conduct(dict(sorted(counts.items())), words(worst))


def shaken(k: int, name: str, *arguments: str) -> object:
    """What a function "module:name" returns after the k-th way of leaving holes in memory: run in a child process."""
    blocks = [torch.empty(1 + 37 * j * (k + 1) % 509) for j in range(40 * k)]
    del blocks[:: 2 + k % 2]
    module, _, function = name.partition(":")
    return getattr(sys.modules[module], function)(*arguments)


def again(name: str, *arguments: str) -> list[object]:
    """What a function returns after every other way of leaving holes in memory: run in one child process."""
    return [shaken(k, name, *arguments) for k in range(1, TIMES)]


def how(ending: Ending) -> str:
    """How a call ended, in a word; "overrun" where an exception shows that memory was read past an end."""
    if ending.how is How.RAISED:
        return "overrun" if overrun(ending.words) else "refused"
    return "accepted" if ending.how is How.RETURNED else ending.how.value


def words(ending: Ending) -> str:
    """The exception and its message without what varies from build to build; or what was returned, or the signal."""
    if ending.how is How.RETURNED:
        return str(ending.value)
    if ending.how is How.RAISED:
        return f"{ending.kind}: {cleaned(ending.words)}"
    return f"{ending.how.value} {ending.kind}"


def cleaned(message: str) -> str:
    """A message without stack traces, addresses, and the places of source lines."""
    message = re.split(r"\n?Exception raised from|\nThe above|\nC\+\+ CapturedTraceback", message)[0]
    message = re.sub(r"0x[0-9a-fA-F]+", "0x...", message)
    return " ".join(re.sub(r'(at )?"?[\w./-]+\.(cpp|h|hpp|cu|cc)"?:\d+', "...", message).split())[:300]


class ProbeRefusedError(Exception):
    """What a probe tried was refused, as it ought to be."""


def probe(name: str) -> str:
    """Return what a probe of `catalogue/bad_calls/crashes.py` finds wrong; raise ProbeRefusedError if nothing is."""
    if not (told := str(getattr(crashes, name)())):
        raise ProbeRefusedError("refused")
    return told
