"""The answer to a bug report as text and as Markdown: what deviates, how it was read, what the numbers can show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT, Outcome
from lstm_parity.reports.certificate import Row
from lstm_parity.reports.certificate_json import row_fields
from lstm_parity.reports.certificate_text import format_distance
from lstm_parity.reports.json_text import json_text
from lstm_parity.reports.page import make_table, render_page, render_text

_COLUMNS = ("worst", "RMS", "judged", "lost", "visible from")


@dataclass(frozen=True)
class JudgedTensor:
    """What was given of one tensor of a call.

    worst, rms: in noises. judged: how many elements; lost: how many of them say nothing. visible: the difference from
    which on half of them would be seen to deviate.
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
    repeat: str = ""

    @property
    def outcome(self) -> Outcome:
        """NOT ENOUGH if nothing could be judged."""
        unjudged = (Outcome.NOT_JUDGED, Outcome.REFUSED)
        return Outcome.NOT_ENOUGH if self.row.outcome in unjudged else self.row.outcome

    @property
    def exit_code(self) -> int:
        """0 if all that is given agrees, 1 if something deviates, 3 if too little is given to tell."""
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
        return f"{self.fault[0]}." if self.fault else "more than rounding noise, in no arithmetic that is known."


def answer_text(answer: Answer, head: Mapping[str, str], width: int = 120) -> str:
    """The whole answer, plain text of at most `width` columns."""
    console = render_page("LSTM PARITY ANSWER", {**head, **_describe_reading(answer)}, width)
    console.print(f"\n{answer.outcome.value}: {answer.sentence}", highlight=False, soft_wrap=True)
    if answer.fault:
        console.print(f"change: {answer.fault[1]}", highlight=False, soft_wrap=True)
    for line in answer.calls:
        console.print(line, highlight=False, soft_wrap=True)
    if answer.tensors:
        console.print(make_table(("tensor",), _COLUMNS, _rows(answer)))
        console.print(
            f"worst and RMS are in units of expected rounding noise, with the limits {WORST_LIMIT:g} and {RMS_LIMIT:g}; "
            "a smaller difference than the last column cannot be seen in half of the elements."
        )
    for line in _describe_missing(answer):
        console.print(line, highlight=False, soft_wrap=True)
    for paragraph in (*answer.diagnosis, *answer.row.failures):
        console.print(f"\n{paragraph}", highlight=False, soft_wrap=True)
    return render_text(console)


def answer_markdown(answer: Answer, head: Mapping[str, str]) -> str:
    """The answer to paste into a thread: the verdict first, details folded."""
    lines = [f"**{answer.outcome.value}** ({answer.row.implementation}, {answer.row.dtype}): {answer.sentence}", ""]
    lines += [f"To change: {answer.fault[1]}", ""] if answer.fault else []
    for paragraph in answer.diagnosis:
        lines += [f"> {line}" for line in paragraph.splitlines()] + [""]
    lines += [f"* {line}" for line in answer.calls] + [""] * bool(answer.calls)
    if answer.tensors:
        lines += [" | ".join(("| tensor", *_COLUMNS)) + " |", "|---" + "|--:" * len(_COLUMNS) + "|"]
        lines += [f"| {' | '.join(row)} |" for row in _rows(answer)] + [""]
    about = {**head, **_describe_reading(answer)}
    lines += [*(f"* {name}: {value}" for name, value in about.items()), *map("* {}".format, _describe_missing(answer))]
    if answer.row.failures:
        failures = "\n\n".join(answer.row.failures)
        lines += ["", "<details><summary>where it deviates</summary>", "", "```", failures, "```", "", "</details>"]
    return "\n".join([*lines, "", f"`{answer.repeat}`", ""])


def answer_json(answer: Answer, head: Mapping[str, str]) -> str:
    """The answer for programs."""
    content = {
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
    return json_text("answer", 1, content)


def _describe_reading(answer: Answer) -> dict[str, str]:
    told = {"read as": "; ".join(answer.read_as)}
    return told | ({"ignored": ", ".join(answer.ignored)} if answer.ignored else {})


def _rows(answer: Answer) -> Iterator[Sequence[str]]:
    several = len({tensor.call for tensor in answer.tensors}) > 1
    for t in answer.tensors:
        name = f"{t.tensor} of call {t.call}" if several else t.tensor
        yield (name, format_distance(t.worst), format_distance(t.rms), str(t.judged), str(t.lost), f"{t.visible:.1e}")


def _describe_missing(answer: Answer) -> list[str]:
    """Say what was not judged, and why."""
    return [f"not judged: {reason}" for reason in answer.row.reasons] if answer.tensors else []
