"""The answer to a bug report as Markdown, to paste into a thread: the verdict first, details folded."""

from __future__ import annotations

from collections.abc import Mapping

from lstm_parity.reports.answers.answer import (
    COLUMNS,
    Answer,
    Sides,
    describe_missing,
    describe_reading,
    describe_tensors,
)
from lstm_parity.reports.formats.markdown import Document, bullets, code, code_block, fold, plain, quote, table


def answer_markdown(answer: Answer, head: Mapping[str, str]) -> Document:
    """Write the answer, in blocks."""
    where = f"({plain(answer.row.implementation)}, {answer.row.dtype})"
    about = {**head, **describe_reading(answer)}
    return [
        f"**{answer.outcome.value}** {where}: {plain(answer.sentence)}",
        f"To change: {plain(answer.fault[1])}" if answer.fault else "",
        *map(quote, answer.diagnosis),
        bullets(answer.calls),
        table(("tensor",), COLUMNS, describe_tensors(answer)) if answer.tensors else "",
        bullets([*(f"{name}: {value}" for name, value in about.items()), *describe_missing(answer)]),
        fold("where it deviates", code_block("\n\n".join(answer.row.failures))) if answer.row.failures else "",
        code(answer.repeat),
    ]


def sides_markdown(sides: Sides, head: Mapping[str, str]) -> Document:
    """Write which of two sides is wrong, and the answer to each."""
    return [
        f"**{plain(sides.sentence)}**",
        bullets(difference.sentence for difference in sides.differences),
        *(
            block
            for answer in sides.answers
            for block in (f"### {plain(answer.row.implementation)}", *answer_markdown(answer, head))
        ),
    ]
