"""The page of the known wrong LSTMs, docs/mistakes.md: what is wrong, where alone it may show, a witness, a thread.

Run `python -m pages.mistakes`; a meta-test compares the page.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path

from lstm_parity.cases.case import Case, parse_case
from lstm_parity.cases.setting import DTYPES
from lstm_parity.catalogue.mistakes import DROPOUT_MISTAKES, GRADIENT_MISTAKES, MISTAKES
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain_dropout import DroppingLSTM, make_module
from lstm_parity.catalogue.mistakes.scope import NOWHERE
from lstm_parity.implementations.dropout import replay_masks
from lstm_parity.implementations.lives import InDropout
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import judge
from lstm_parity.judging.gradients import judge_gradients
from lstm_parity.judging.verdict import WORST_LIMIT, TensorComparison, Verdict
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.autograd import adjoints
from lstm_parity.running.evidence import WHOLE
from lstm_parity.running.observe import observe, observe_whole

DROPOUT, SEED = 0.3, 1  # of the pictures of wrong dropout
PAGE = Path(__file__).parents[1] / "docs" / "mistakes.md"
HEAD = """\
# Known wrong LSTMs

Made by `python -m pages.mistakes` from `lstm_parity/catalogue/mistakes/`.

There are {total}: {forward} of the forward pass, {backward} of gradients, {dropout} of dropout; for {seen} of them a
thread is known in which people made them. Each is a correct LSTM with one fault. It deviates on its witness; it has
parity wherever the fault cannot show: tests say both, and that the property tests of `parity_tests/` kill each of them
with the examples of a plain `pytest`. A mistake without a witness shows in no single call's numbers, but in what it
does to memory or to the next call.

*Deviates* is a picture of the witness: a square for each step of the output, and for each layer of h_n and c_n, ■ if
anything in it is beyond the limits, · if all of it is right; the forward direction first. Each step is judged from the
state that the mistake itself returned before it, so that what is wrong once is not wrong ever after. Of gradients those
that deviate are drawn: of the input a square for each step, of h_0 and c_0 for each layer and direction, of weights and
biases for each gate, in torch's order i, f, g, o. Dropout is drawn in train mode, with a probability of {dropped:g}, or
in eval mode if it is wrong there alone.

*Computes* is what `lstm-parity identify` found from outside in place of nn.LSTM's equations and connections, which are
those of [What an LSTM computes](../reference/README.md): rows of [its experiment](../experiments/identification.md). It
is empty where identify does not look (projections, packed sequences, forms, kernels, gradients, dropout) or finds none.
"""
IDENTIFIED = Path(__file__).parents[1] / "experiments" / "identification.jsonl"
_CUT = 300  # characters of a row, whose last part may not be whole
_UNNAMED = ("right", "not known", "none of the known forms", "computes something else")


def page() -> str:
    """The whole page."""
    every = (*MISTAKES, *GRADIENT_MISTAKES, *DROPOUT_MISTAKES)
    head = HEAD.format(
        total=len(every),
        forward=len(MISTAKES),
        backward=len(GRADIENT_MISTAKES),
        dropout=len(DROPOUT_MISTAKES),
        dropped=DROPOUT,
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
        "| name | what is wrong | computes | may show with | witness | deviates | seen |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(row, mistakes), ""])


def row(wrong: Mistake) -> str:
    """One mistake."""
    witness = f"`{wrong.witness}`" if wrong.witness else ""
    seen = linked(wrong.reported_at)
    computes = describe_computed(wrong)
    return (
        f"| {wrong.name} | {wrong.description} | {computes} | {shows(wrong)} | {witness} | {picture(wrong)} | {seen} |"
    )


def describe_computed(wrong: Mistake) -> str:
    """Describe what a mistake computes in place of nn.LSTM's equations, as it was identified; empty if it was not."""
    words = read_identified().get(wrong.name, "right")
    parts = [part.partition(" instead of ")[0] for part in words.split("; ")]
    return "" if any(word in words for word in _UNNAMED) else "<br>".join(f"`{part}`" for part in parts)


@cache
def read_identified() -> dict[str, str]:
    """Read what was identified of the known mistakes, by name."""
    rows = map(json.loads, IDENTIFIED.read_text(encoding="utf-8").splitlines())
    words = {row["name"]: row["words"] for row in rows if row["group"] == "known mistake"}
    whole = {name: said if len(said) < _CUT else said.rpartition("; ")[0] for name, said in words.items()}
    return {name: said.partition("equations and wiring: ")[2] for name, said in whole.items()}


def picture(wrong: Mistake) -> str:
    """What of its witness deviates, square by square."""
    if not wrong.witness:
        return ""
    case = parse_case(wrong.witness)
    if wrong in GRADIENT_MISTAKES:
        return picture_gradients(judge_gradients(wrong, case, adjoints(case)))
    verdict = judge_dropout(wrong, case) if wrong in DROPOUT_MISTAKES else judge(observe(wrong, case))
    whole = [one for one in verdict.measured if one.way == WHOLE]
    if not whole:
        return "; ".join(verdict.faults)
    directions = verdict.case.setting.architecture.num_directions
    return "<br>".join(f"{one.tensor}&nbsp;{draw_squares(one, directions)}" for one in whole)


def judge_dropout(wrong: Mistake, case: Case) -> Verdict:
    """Judge a mistake of dropout: in train mode, or in eval mode if it is right in train mode."""
    assert issubclass(wrong.written, DroppingLSTM)
    run = InDropout(TorchLSTM(module=make_module(wrong.written)), DROPOUT, (SEED,))
    seen = judge(observe_whole(run, case, masks=replay_masks(case, DROPOUT, SEED)))
    return seen if seen.outcome.is_wrong else judge(observe(replace(run, training=False), case))


def picture_gradients(verdict: Verdict) -> str:
    """Draw the gradients that deviate."""
    drawn = {one.tensor: draw_gradient(one) for one in verdict.measured}
    return "<br>".join(f"{name}&nbsp;{squares}" for name, squares in drawn.items() if "■" in squares)


def draw_gradient(one: TensorComparison) -> str:
    """A square for each step or layer, or for each gate of a weight or bias; one for a projection."""
    beyond = ~(one.ratio <= WORST_LIMIT)
    gates = one.tensor.startswith(("weight_ih", "weight_hh", "bias"))
    count = 4 if gates else 1 if one.tensor.startswith("weight_hr") else len(beyond)
    return _fill(beyond.reshape(count, -1))


def draw_squares(one: TensorComparison, directions: int) -> str:
    """A square for each step of each direction, or for each layer and direction."""
    beyond = ~(one.ratio <= WORST_LIMIT)
    parts = beyond.reshape(*beyond.shape[:2], directions if one.tensor == "output" else 1, -1)
    return "&nbsp;".join(_fill(parts[:, :, k].reshape(len(parts), -1)) for k in range(parts.shape[2]))


def _fill(beyond: Array) -> str:
    """A square for each row, filled if anything in it is beyond the limits."""
    return "".join("■" if row.any() else "·" for row in beyond)


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
    PAGE.write_text(page(), encoding="utf-8")
