"""The answer to a bug report as text and as Markdown: what deviates, how it was read, what the numbers can show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT, Outcome
from lstm_parity.reports.certificate import Row
from lstm_parity.reports.certificate_json import row_fields
from lstm_parity.reports.certificate_text import format_distance
from lstm_parity.reports.json_text import json_text
from lstm_parity.reports.page import make_table, print_line, render_page, render_text, wrap_line

COLUMNS = ("worst", "RMS", "judged", "lost", "visible from")


@dataclass(frozen=True)
class JudgedTensor:
    """What was given of one tensor of a call.

    worst, rms: in noises. judged: how many elements; lost: how many of them say nothing. visible: the difference from
    which on half of them would be found to deviate.
    """

    call: int
    tensor: str
    worst: float
    rms: float
    judged: int
    lost: int
    visible: float


@dataclass(frozen=True)
class Answer:
    """What a report comes to.

    row: what was judged, as certificates have it. read_as: how the report was read, what it did not say included.
    ignored: arrays and files that belong to nothing. tensors: what was given. fault: what is wrong with how the numbers
    were computed and what to change, if another reading explains them. diagnosis: paragraphs, if none does. calls: what
    became of each, if there are several. repeat: the command that answers the report again.
    """

    row: Row
    read_as: tuple[str, ...]
    ignored: tuple[str, ...]
    tensors: tuple[JudgedTensor, ...]
    fault: tuple[str, str] | None = None
    diagnosis: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    repeat: str = ""

    @property
    def outcome(self) -> Outcome:
        """NOT ENOUGH if nothing could be judged."""
        unjudged = (Outcome.NOT_JUDGED, Outcome.REFUSED)
        return Outcome.NOT_ENOUGH if self.row.outcome in unjudged else self.row.outcome

    @property
    def exit_code(self) -> int:
        """0 if all that is given agrees, 1 if something deviates, 3 if too little is given to say."""
        return 0 if self.outcome is Outcome.PARITY else 1 if self.outcome.is_wrong else 3

    @property
    def sentence(self) -> str:
        """The answer in a sentence."""
        if self.outcome is Outcome.PARITY:
            return "every number that is given is within rounding noise of the exact answer."
        if self.outcome is Outcome.NOT_ENOUGH:
            why = "; ".join(self.row.reasons) or "no results are given"
            return f"nothing that is given can be judged: {why}."
        if self.outcome is Outcome.NARROWER:
            return f"not noise of {self.row.expected}, but of a narrower arithmetic: {self.row.arithmetic}."
        return f"{self.fault[0]}." if self.fault else "more than rounding noise, and of no arithmetic that is known."


@dataclass(frozen=True)
class Difference:
    """How two results of one tensor differ.

    largest: the largest absolute difference, None if the shapes are not the same; place: its index. differing: how many
    elements differ at all.
    """

    tensor: str
    largest: float | None
    place: tuple[int, ...]
    one: tuple[int, ...]
    other: tuple[int, ...]
    differing: int = 0

    @property
    def sentence(self) -> str:
        """Say it."""
        if self.largest is None:
            return f"{self.tensor}: mine has shape {self.one}, theirs {self.other}"
        count = int(math.prod(self.one))
        place = list(self.place)
        return f"{self.tensor}: {self.differing} of {count} elements differ, by at most {self.largest:.2g} at {place}"


@dataclass(frozen=True)
class Sides:
    """Two sets of results: their differences, and the answer to each; None if they cannot be judged."""

    differences: tuple[Difference, ...]
    mine: Answer | None = None
    theirs: Answer | None = None

    @property
    def answers(self) -> list[Answer]:
        """The answers that there are."""
        return [answer for answer in (self.mine, self.theirs) if answer is not None]

    @property
    def exit_code(self) -> int:
        """0 if both agree, 1 if one does not, 3 if too little is given to say."""
        codes = {answer.exit_code for answer in self.answers}
        return 3 if not codes or (3 in codes and 1 not in codes) else max(codes & {0, 1})

    @property
    def sentence(self) -> str:
        """Which of the two is wrong."""
        if not self.answers:
            return "NOT ENOUGH: without the weights and the input only the difference can be described."
        wrong = [answer.row.implementation for answer in self.answers if answer.outcome.is_wrong]
        unjudged = [answer.row.implementation for answer in self.answers if answer.exit_code == 3]
        if unjudged:
            return f"NOT ENOUGH: {' and '.join(unjudged)} cannot be judged." + f" {wrong[0]} is wrong." * bool(wrong)
        if not wrong:
            return "PARITY: both agree with the exact answer to rounding noise; so does their difference."
        right = [answer.row.implementation for answer in self.answers if not answer.outcome.is_wrong]
        others = f"; {right[0]} agrees with the exact answer" if right else ""
        return f"DEVIATES: {' and '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} wrong{others}."


def sides_text(sides: Sides, head: Mapping[str, str], width: int = 120) -> str:
    """Say which of two sides is wrong, how they differ, and the answer to each."""
    lines = [sides.sentence, *(f"  {difference.sentence}" for difference in sides.differences)]
    return "\n\n".join(["\n".join(lines), *(answer_text(answer, head, width).rstrip("\n") for answer in sides.answers)])


def sides_json(sides: Sides, head: Mapping[str, str]) -> str:
    """Return the same, for programs."""
    differences = [vars(difference) for difference in sides.differences]
    answers = {answer.row.implementation: _fields(answer, head) for answer in sides.answers}
    return json_text("sides", 1, {"sentence": sides.sentence, "differences": differences, **answers})


def answer_text(answer: Answer, head: Mapping[str, str], width: int = 120) -> str:
    """Return the whole answer, plain text of at most `width` columns."""
    console = render_page("LSTM PARITY ANSWER", {**head, **describe_reading(answer)}, width)
    print_line(console, f"\n{answer.outcome.value}: {answer.sentence}")
    if answer.fault:
        print_line(console, f"change: {answer.fault[1]}")
    for line in (*answer.diagnosis, *answer.calls):
        print_line(console, line)
    if answer.tensors:
        console.print(make_table(("tensor",), COLUMNS, describe_tensors(answer)))
        units = (
            f"worst and RMS are in units of expected rounding noise; the limits are {WORST_LIMIT:g} and {RMS_LIMIT:g}. "
            "A difference below the last column cannot be seen in half of the elements."
        )
        print_line(console, wrap_line(units, width, 0))
    for line in describe_missing(answer):
        print_line(console, line)
    for paragraph in answer.row.failures:
        print_line(console, f"\n{paragraph}")
    return render_text(console)


def answer_json(answer: Answer, head: Mapping[str, str]) -> str:
    """Return the answer for programs."""
    return json_text("answer", 1, _fields(answer, head))


def _fields(answer: Answer, head: Mapping[str, str]) -> dict[str, Any]:
    return {
        "verdict": answer.outcome.value,
        "sentence": answer.sentence,
        "change": answer.fault[1] if answer.fault else "",
        "provenance": dict(head),
        "read_as": list(answer.read_as),
        "ignored": list(answer.ignored),
        "tensors": [vars(tensor) for tensor in answer.tensors],
        "diagnosis": list(answer.diagnosis),
        "calls": list(answer.calls),
        "row": row_fields(answer.row),
    }


def describe_reading(answer: Answer) -> dict[str, str]:
    """Describe how the report was read, and which part of it was not."""
    told = {"read as": "; ".join(answer.read_as)}
    return told | ({"ignored": ", ".join(answer.ignored)} if answer.ignored else {})


def describe_tensors(answer: Answer) -> Iterator[Sequence[str]]:
    """Yield the cells of each tensor: its name and `COLUMNS`."""
    several = len({tensor.call for tensor in answer.tensors}) > 1
    for t in answer.tensors:
        name = f"{t.tensor} of call {t.call}" if several else t.tensor
        yield (name, format_distance(t.worst), format_distance(t.rms), str(t.judged), str(t.lost), f"{t.visible:.1e}")


def describe_missing(answer: Answer) -> list[str]:
    """Say what was not judged, and why."""
    lost = [f"{t.lost} of {t.judged} elements of {t.tensor} are lost in noise" for t in answer.tensors if t.lost]
    absent = f"not given: {', '.join(answer.absent)}"
    return [absent] * bool(answer.absent and answer.tensors) + [f"not judged: {words}" for words in lost]
