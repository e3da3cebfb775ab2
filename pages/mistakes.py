"""The page of the known wrong LSTMs, docs/mistakes.md: what is wrong, where alone it may show, a witness, a thread.

Run `python -m pages.mistakes`; a meta-test compares the page.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from lstm_parity.cases.setting import DTYPES
from lstm_parity.catalogue.mistakes import DROPOUT_MISTAKES, GRADIENT_MISTAKES, MISTAKES
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.scope import NOWHERE

PAGE = Path(__file__).parents[1] / "docs" / "mistakes.md"
HEAD = """\
# Known wrong LSTMs

Made by `python -m pages.mistakes` from `lstm_parity/catalogue/mistakes/`.

There are {total}: {forward} of the forward pass, {backward} of gradients, {dropout} of dropout; for {seen} of them a
thread is known in which people made them. Each is a correct LSTM with one fault. It deviates on its witness; it has
parity wherever the fault cannot show: tests say both, and that the property tests of `parity_tests/` kill each of them
with the examples of a plain `pytest`. A mistake without a witness shows in no single call's numbers, but in what it
does to memory or to the next call.
"""


def page() -> str:
    """The whole page."""
    every = (*MISTAKES, *GRADIENT_MISTAKES, *DROPOUT_MISTAKES)
    head = HEAD.format(
        total=len(every),
        forward=len(MISTAKES),
        backward=len(GRADIENT_MISTAKES),
        dropout=len(DROPOUT_MISTAKES),
        seen=sum(bool(wrong.reported_at) for wrong in every),
    )
    groups = groupby(every, lambda wrong: wrong.written.__module__)
    return "\n".join([head, *(table(module, list(mistakes)) for module, mistakes in groups)])


def table(module: str, mistakes: Sequence[Mistake]) -> str:
    """The mistakes of one module, under its docstring."""
    name, doc = module.rpartition(".")[2], " ".join((sys.modules[module].__doc__ or "").split())
    lines = [
        f"## {name}",
        "",
        doc,
        "",
        "| name | what is wrong | may show with | witness | seen |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(row, mistakes), ""])


def row(wrong: Mistake) -> str:
    """One mistake."""
    witness = f"`{wrong.witness}`" if wrong.witness else ""
    return f"| {wrong.name} | {wrong.description} | {shows(wrong)} | {witness} | {linked(wrong.reported_at)} |"


def shows(wrong: Mistake) -> str:
    """Its scope in words."""
    if wrong in GRADIENT_MISTAKES:
        return "gradients"
    if wrong in DROPOUT_MISTAKES:
        return "dropout" if wrong.scope is NOWHERE else "dropout, in eval mode too"
    return (
        wrong.scope.description
        if wrong.dtypes == DTYPES
        else f"{wrong.scope.description}, in {', '.join(wrong.dtypes)}"
    )


def linked(address: str) -> str:
    """`owner/repository#number`, or the site."""
    parts = address.removeprefix("https://").split("/")
    words = f"{parts[1]}/{parts[2]}#{parts[4]}" if parts[0] == "github.com" else parts[0]
    return f"[{words}]({address})" if address else ""


if __name__ == "__main__":
    PAGE.write_text(page())
