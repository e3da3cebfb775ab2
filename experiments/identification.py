"""Which equation or connection is named for wrong LSTMs that no other file of the project describes, and how fast.

`specimens/unseen_equations/`: 62 single faults and 40 pairs, and `unseen_gradients.py`: 20 wrong gradients, by the
author of identification, who knew them while its functions and connections were chosen; "later" are 25 more of his, on
which it was made more general. "Strange" (60, and 20 pairs) and "stranger" (40) are by somebody who did not know it:
`strange_equations.py` and `stranger_equations.py`, committed before it was first run on them; then it was made more
general where they showed the way, so that the figures for them here are no longer those of strangers' faults: the first
time 31 of 60 were named rightly and 3 otherwise, and of the next 40, 21 and 3. "Ported" (40, 15 pairs, and 10 wrong
gradients), `ported_equations.py`, are by the author of what was then made more general on them, who had read the lists
of functions and connections when he wrote them and committed them before the first run: that named 23 of 40 rightly
and 2 otherwise, 2 of 15 pairs, and 1 of 10 gradients; of a gradient the derivative must be the one that is wrong.
"Joined" (5, and 5 pairs), `joined_equations.py`, were written and committed in the same way; the first run named 1.
"Reset" (12), `reset_equations.py`, too, in which a gate multiplies what another reads of h; the first
run named none of them.

A name is right if the parts that are said to differ are those that were changed (or another description of the same
function, listed there), and wrong if other parts are named; a recovered model that does not reproduce fresh cases is
not named at all. Also every known mistake, which is right if it is found among them, as the command does, and every
correct specimen, which must give nn.LSTM's equations. Run `python -m experiments.identification [GROUP ...]`; it
writes as it goes: groups that are not named keep the rows that they have. Results: identification.md,
identification.jsonl.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path

from lstm_parity.running.threads import share_cores

RESULT = Path(__file__).with_suffix(".md")
WORK = Path(__file__).with_suffix(".jsonl")


@dataclass(frozen=True)
class Row:
    """One LSTM: what is named, whether that is right (None if nothing is named), and how long it took."""

    group: str
    name: str
    right: bool | None
    seconds: float
    words: str


def questions() -> Iterator[tuple[str, str]]:
    """Yield every LSTM, by group and name."""
    from lstm_parity.catalogue.mistakes import MISTAKES
    from specimens.joined_equations import JOINED
    from specimens.joined_equations import PAIRS as JOINED_PAIRS
    from specimens.ported_equations import GRADIENTS as PORTED_GRADIENTS
    from specimens.ported_equations import PAIRS as PORTED_PAIRS
    from specimens.ported_equations import PORTED
    from specimens.reset_equations import RESET
    from specimens.strange_equations import PAIRS as STRANGE_PAIRS
    from specimens.strange_equations import STRANGE
    from specimens.stranger_equations import STRANGER
    from specimens.unseen_equations import PAIRS
    from specimens.unseen_equations.faults import FAULTS, LATER
    from specimens.unseen_gradients import FAULTS as GRADIENT_FAULTS

    yield from (("single", fault.name) for fault in FAULTS)
    yield from (("pair", "And".join(fault.name for fault in pair)) for pair in PAIRS)
    yield from (("later", fault.name) for fault in LATER)
    yield from (("strange", fault.name) for fault in STRANGE)
    yield from (("strange pair", "And".join(fault.name for fault in pair)) for pair in STRANGE_PAIRS)
    yield from (("stranger", fault.name) for fault in STRANGER)
    yield from (("ported", fault.name) for fault in PORTED)
    yield from (("ported pair", "And".join(fault.name for fault in pair)) for pair in PORTED_PAIRS)
    yield from (("ported gradient", fault.name) for fault in PORTED_GRADIENTS)
    yield from (("joined", fault.name) for fault in JOINED)
    yield from (("joined pair", "And".join(fault.name for fault in pair)) for pair in JOINED_PAIRS)
    yield from (("reset", fault.name) for fault in RESET)
    yield from (("gradient", fault.name) for fault in GRADIENT_FAULTS)
    yield from (("known mistake", mistake.name) for mistake in MISTAKES)
    yield from (("correct", name) for name in correct_lstms())


def correct_lstms() -> list[str]:
    """List the correct LSTMs: nn.LSTM, the references, and every style of the specimens."""
    from specimens.unseen_styles import STYLES

    return ["nn.LSTM", "Right", *STYLES]


def identify_one(question: tuple[str, str]) -> Row:
    """Identify one LSTM."""
    import torch

    from lstm_parity.identification.model import identify_implementation
    from lstm_parity.identification.probe import ProbeError

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    group, name = question
    start = time.process_time()
    try:
        implementation = _implementation(group, name)
        found = identify_implementation(implementation)
        if group == "known mistake":
            return _find_known(implementation, found, name, start)
        named = bool(found.differing) or found.is_right
        words = found.summary or found.unknown
        right = _is_right(group, name, found.differing, words) if named else None
    except ProbeError as error:
        right, words = None, str(error)
    return Row(group, name, right, time.process_time() - start, " ".join(words.split())[:300])


def _find_known(implementation, found, name: str, start: float) -> Row:  # type: ignore[no-untyped-def]
    """Ask which known mistake it is, as the command does; others that return the same on the probes count."""
    from lstm_parity.audits.identify import find_known

    known = find_known(implementation)
    names = {one.name for one in (known.mistake, *known.equivalents) if one} if known else set()
    right = name in names if names else None
    called = ", ".join(sorted(names)) or "no known mistake"
    words = f"{called}; equations and wiring: {found.summary or found.unknown or 'right'}"
    return Row("known mistake", name, right, time.process_time() - start, " ".join(words.split())[:300])


def _implementation(group: str, name: str):  # type: ignore[no-untyped-def]
    from torch import nn

    from lstm_parity.catalogue.mistakes import MISTAKES
    from lstm_parity.implementations.load import adapt
    from specimens import (
        joined_equations,
        ported_equations,
        reset_equations,
        strange_equations,
        stranger_equations,
        unseen_equations,
        unseen_gradients,
        unseen_styles,
    )

    if group == "known mistake":
        return next(mistake for mistake in MISTAKES if mistake.name == name)
    if name == "nn.LSTM":
        return adapt("module", name, nn.LSTM)
    unseen = (unseen_gradients, unseen_equations)
    others = (strange_equations, stranger_equations, ported_equations, joined_equations, reset_equations)
    for specimens in (*unseen, *others):
        if name in specimens.CLASSES:
            return adapt("module", name, specimens.CLASSES[name])
    kind, flags = unseen_styles.STYLES[name]
    return adapt(kind, name, getattr(unseen_styles, name), "numpy" if "numpy" in flags else "torch")


def _is_right(group: str, name: str, differing: tuple[str, ...], words: str) -> bool:
    from specimens.joined_equations import FAULTS as JOINED
    from specimens.ported_equations import GRADIENTS, PORTED
    from specimens.reset_equations import RESET
    from specimens.strange_equations import STRANGE
    from specimens.stranger_equations import STRANGER
    from specimens.unseen_equations.faults import FAULTS, LATER

    if group == "correct":
        return not differing
    if "gradient" in group:
        parts = {fault.name: fault.part for fault in GRADIENTS}
        return differing == ("gradients",) and parts.get(name, "") in words
    by_name = {fault.name: fault for fault in FAULTS + LATER + STRANGE + STRANGER + PORTED + JOINED + RESET}
    faults = [by_name[part] for part in name.split("And")]
    expected = product(*((fault.parts, *fault.also) for fault in faults))
    return any(set(differing) == {part for parts in choice for part in parts} for choice in expected)


def report(rows: Iterable[Row]) -> str:
    """Write the page."""
    rows = list(rows)
    lines = ["# What an LSTM computes, recovered from outside", ""]
    lines += [
        "Made by `python -m experiments.identification`, which says what it does: group by group, on an AMD EPYC with"
    ]
    lines += ["two cores, other work beside; seconds are those of the process.", ""]
    lines += [
        "| LSTMs | | right | wrong | nothing named | median seconds | longest |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for group in dict.fromkeys(row.group for row in rows):
        some = [row for row in rows if row.group == group]
        counts = [sum(row.right is answer for row in some) for answer in (True, False, None)]
        seconds = [row.seconds for row in some]
        times = f"{statistics.median(seconds):.1f} | {max(seconds):.1f}"
        lines.append(f"| {group} | {len(some)} | {' | '.join(map(str, counts))} | {times} |")
    for group in dict.fromkeys(row.group for row in rows):
        lines += ["", f"## {group[0].upper()}{group[1:]}", ""]
        words = {True: "", False: "WRONG: ", None: "not named: "}
        some = [row for row in rows if row.group == group]
        lines += [f"* {row.name}: {words[row.right]}{row.words or 'as nn.LSTM'}" for row in some]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Identify all, or some groups, and write the page."""
    share_cores()  # before the processes import NumPy and torch
    every = list(questions())
    groups = sys.argv[1:] or list(dict.fromkeys(group for group, _ in every))
    kept = [Row(**json.loads(line)) for line in WORK.read_text(encoding="utf-8").splitlines()] if WORK.exists() else []
    kept = [row for row in kept if row.group not in groups]
    asked = [question for question in every if question[0] in groups]
    with get_context("spawn").Pool(2) as pool:
        for number, row in enumerate(pool.imap(identify_one, asked, chunksize=1), 1):
            kept.append(row)
            print(f"{number} of {len(asked)}", row.group, row.name, row.right, flush=True)
            WORK.write_text("".join(json.dumps(asdict(one)) + "\n" for one in kept), encoding="utf-8")
    RESULT.write_text(report(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
