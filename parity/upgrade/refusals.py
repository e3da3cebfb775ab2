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

from parity.bad_calls import crashes
from parity.bad_calls.probing import CannotTellError
from parity.bad_calls.running import overrun, refused, together
from parity.bad_calls.subjects import ROWS, applies
from parity.isolated import Ending, How, Isolation
from parity.upgrade.record import Conduct

TIMES = 6
TOGETHER = 8  # bad calls in one process: where one ends it, so many are made again
SUBJECTS = ("nn.LSTM", "nn.LSTMCell")
CALL = "parity.bad_calls.subjects:call"
SHAKEN, AGAIN = "parity.upgrade.refusals:shaken", "parity.upgrade.refusals:again"
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
    """What a probe of parity/bad_calls/crashes.py tells that is wrong. Raises ProbeRefusedError where nothing is."""
    if not (told := str(getattr(crashes, name)())):
        raise ProbeRefusedError("refused")
    return told
