"""Which name one folder's numbers get: every known mistake, strangers' faults, what converters get wrong, and nothing.

One case each, as a report holds it, of one or two layers and directions, with states and without, in float32. A known
mistake is named rightly by its own name or that of another that returns the same numbers here; another model that
returns these numbers is counted apart ("equal"), for one folder may not tell them apart. Strangers' faults
(`specimens/strange_equations.py`, `stranger_equations.py`) are named rightly if the parts that differ are those that
were changed. So is "one function wrong" (`specimens/coarse_gates.py`), near enough to the right function to look like
low precision; "narrow" are LSTMs of low precision, there too, of which an arithmetic is right, and an equation wrong.
At first all 24 calls of the one were named wrongly, as arithmetics, and all 24 of the other rightly.
Ports combine an order of gates, a forget bias, a bias left out and a transposed matrix. Random numbers,
of the size of an LSTM's, must get no name: 1,000 draws, for all but 16 of which the search ends early. Run
`python -m experiments.folder_names [GROUP ...]`. Results: folder_names.md, folder_names.jsonl, which is written as it
goes.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.setting import Architecture, Call, Setting
from lstm_parity.catalogue.mistakes import MISTAKES
from lstm_parity.diagnosis.forward import Diagnosis
from lstm_parity.diagnosis.numbers import diagnose_numbers
from lstm_parity.identification.numbers.given import SECONDS
from lstm_parity.implementations.load import adapt
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.running.evidence import Observation, Outputs
from lstm_parity.running.observe import observe
from specimens import coarse_gates, strange_equations, stranger_equations
from specimens.coarse_gates import NARROW, WRONG
from specimens.strange_equations import PAIRS, STRANGE
from specimens.stranger_equations import STRANGER

RESULT, WORK = Path(__file__).with_suffix(".md"), Path(__file__).with_suffix(".jsonl")
SHAPES = tuple(product((1, 2), (1, 2), (True, False)))  # layers, directions, states given
UNITS = 4
FEW = ((1, 1, True),)  # for strangers' faults
RANDOM, COMPLETE, HASTE = 1000, 16, 0.5  # so many draws; the search is complete for some, and ends early for others
FAULTS = {fault.name: fault for fault in (*STRANGE, *STRANGER, *WRONG)}
CLASSES = {**strange_equations.CLASSES, **stranger_equations.CLASSES, **coarse_gates.CLASSES}
ARITHMETIC = "an arithmetic"  # what is expected of a narrow LSTM


@dataclass(frozen=True)
class Row:
    """One folder: what it is named, whether that is right ("right", "equal", "wrong", "nothing"), processor seconds."""

    group: str
    name: str
    shape: str
    result: str
    seconds: float
    words: str


def make_case(shape: tuple[int, int, bool], seed: int, units: int = UNITS) -> Case:
    """Draw the case of a folder: 3 inputs, 4 units, 5 steps, 3 rows."""
    layers, directions, states = shape
    architecture = Architecture(3, units, layers, bidirectional=directions == 2)
    return draw_case(Setting(architecture, Call(5, 3, states=states)), seed=seed)


def write_shape(shape: tuple[int, int, bool]) -> str:
    """Write it as in the table."""
    return f"{shape[0]}x{shape[1]}" + ("" if shape[2] else ", hx=None")


def name_mistakes() -> Iterator[Row]:
    """Every known mistake that deviates here."""
    for shape, mistake in product(SHAPES, MISTAKES):
        if "float32" not in mistake.dtypes:
            continue
        verdict = judge(observe(mistake, make_case(shape, 1), chain=False))
        if verdict.outcome is Outcome.DEVIATES:
            yield name(verdict, "known mistake", mistake.name, shape, {mistake.name})


def name_strangers() -> Iterator[Row]:
    """Faults by somebody else, single and in pairs."""
    pairs = ["And".join(fault.name for fault in pair) for pair in PAIRS]
    for shape, (group, called) in product(
        FEW, [*(("stranger", n) for n in FAULTS), *(("stranger pair", n) for n in pairs)]
    ):
        verdict = judge(observe(adapt("module", called, CLASSES[called]), make_case(shape, 2), chain=False))
        if verdict.outcome is Outcome.DEVIATES:
            yield name(verdict, group, called, shape, _expected_parts(called))


def name_wrong_functions() -> Iterator[Row]:
    """One function that is another, and looks like low precision."""
    for fault in WRONG:
        yield from _name_module("one function wrong", fault.name, _expected_parts(fault.name))


def name_narrow() -> Iterator[Row]:
    """LSTMs of low precision."""
    for fault in NARROW:
        yield from _name_module("narrow", fault.name, {ARITHMETIC})


def _name_module(group: str, called: str, expected: set[Any]) -> Iterator[Row]:
    """Name what a class returns in a small call and in a larger one."""
    for shape, size in (((1, 1, True), 4), ((1, 1, True), 16), ((1, 2, True), 8)):
        verdict = judge(observe(adapt("module", called, CLASSES[called]), make_case(shape, 2, size), chain=False))
        if verdict.outcome is Outcome.DEVIATES:
            words = write_shape(shape) + f", {size} units" * (size > UNITS)
            yield replace(name(verdict, group, called, shape, expected), shape=words)


def _expected_parts(called: str) -> set[frozenset[str]]:
    faults = [FAULTS[part] for part in called.split("And")]
    return {
        frozenset(part for parts in choice for part in parts)
        for choice in product(*((fault.parts, *fault.also) for fault in faults))
    }


def name_ports() -> Iterator[Row]:
    """What converters get wrong, two or three at once: rows are moved in the weights, which a right LSTM then reads."""
    rng = np.random.default_rng(5)
    for shape, number in product(SHAPES, range(8)):
        case, order = make_case(shape, 3), rng.permutation(4)
        shift, drop, turn = map(bool, rng.permutation([True, True, False]))

        def port(cell: Any, order: Any = order, shift: bool = shift, drop: bool = drop, turn: bool = turn) -> Any:
            blocks = {key: np.split(value, 4) for key, value in cell.items()}
            if turn:
                blocks["w_hh"] = [block.T for block in blocks["w_hh"]]
            parts = {key: np.concatenate([value[k] for k in order]) for key, value in blocks.items()}
            parts["b_hh"] = parts["b_hh"] * (not drop)
            size = len(parts["b_hh"]) // 4
            parts["b_ih"][size : 2 * size] += float(shift)
            return replace(cell, **parts)

        cells = tuple(tuple(port(cell) for cell in directions) for directions in case.weights.cells)
        weights = replace(case.weights, cells=cells)
        ported = observe(_right(), replace(case, weights=weights), chain=False)
        verdict = judge(replace(ported, case=case))
        words = f"order {order}" + " forget+1" * shift + " no b_hh" * drop + " w_hh.T" * turn
        if verdict.outcome is Outcome.DEVIATES:
            yield name(verdict, "port", f"{number}: {words}", shape, {frozenset({"z", "f"}), frozenset({"z"})})


def name_random() -> Iterator[Row]:
    """Numbers that no LSTM made."""
    done = {row.name for row in read_rows() if row.group == "random"}
    for number in range(RANDOM):
        if str(number) in done:  # it goes on where it was stopped
            continue
        shape, rng = SHAPES[number % len(SHAPES)], np.random.default_rng(number)
        seen = observe(_right(), make_case(shape, number), chain=False)
        evidence = seen.evidence[0]
        drawn = [np.tanh(rng.standard_normal(getattr(evidence.outputs, k).shape)) for k in ("output", "h_n", "c_n")]
        outputs = Outputs(*(array.astype(np.float32).astype(np.float64) for array in drawn))
        verdict = judge(Observation(seen.case, (replace(evidence, outputs=outputs),)))
        yield name(verdict, "random", str(number), shape, set(), SECONDS if number < COMPLETE else HASTE)


def _right() -> Any:
    return adapt("module", "nn.LSTM", nn.LSTM)


def name(
    verdict: Verdict,
    group: str,
    called: str,
    shape: tuple[int, int, bool],
    expected: set[Any],
    seconds: float = SECONDS,
) -> Row:
    """Diagnose one folder, and say whether that is right."""
    start = time.process_time()
    _, found = diagnose_numbers([verdict], seconds)
    words = found.text.splitlines()[0]
    result = _compare_with_expected(found, expected)
    row = Row(group, called, write_shape(shape), result, time.process_time() - start, words[:300])
    print(row.group, row.name, row.shape, row.result, f"{row.seconds:.1f}", row.words[:150], flush=True)
    return row


def _compare_with_expected(found: Diagnosis, expected: set[Any]) -> str:
    known = {one.name for one in (found.mistake, *found.equivalents) if one}
    parts = {frozenset(model.differing) for model in found.models}
    if known or parts:
        other = "wrong" if ARITHMETIC in expected else "equal"
        return "right" if (known or parts) & expected else other
    if found.arithmetic is None:
        return "nothing"
    return "right" if ARITHMETIC in expected else "wrong"


GROUPS = {
    "known mistake": name_mistakes,
    "port": name_ports,
    "stranger": name_strangers,
    "one function wrong": name_wrong_functions,
    "narrow": name_narrow,
    "random": name_random,
}


def read_rows() -> list[Row]:
    """Read what was kept."""
    return [Row(**json.loads(line)) for line in WORK.read_text(encoding="utf-8").splitlines()] if WORK.exists() else []


def report(rows: list[Row]) -> str:
    """Write the page."""
    lines = [
        "# The name of one folder",
        "",
        "Made by `python -m experiments.folder_names`, which says what it does.",
        "",
    ]
    lines += ["| numbers | shape | right | equal | wrong | nothing named | median s | longest s |"]
    lines += ["|---|---|---:|---:|---:|---:|---:|---:|"]
    for group in dict.fromkeys(row.group for row in rows):
        for shape in dict.fromkeys(row.shape for row in rows if row.group == group):
            here = [row for row in rows if (row.group, row.shape) == (group, shape)]
            counts = [sum(row.result == word for row in here) for word in ("right", "equal", "wrong", "nothing")]
            seconds = [row.seconds for row in here]
            cells = [group, shape, *map(str, counts), f"{np.median(seconds):.1f}", f"{max(seconds):.1f}"]
            lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| numbers | | shape | | what was named |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.group} | {row.name} | {row.shape} | {row.result} | {row.words.replace('|', '/')} |"
        for row in rows
        if row.result != "right" and (row.group, row.result) != ("random", "nothing")
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the groups that are named, or all, and write the page."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for group in sys.argv[1:] or GROUPS:
        kept = [row for row in read_rows() if group == "random" or row.group.split(" pair")[0] != group]
        found = list[Row]()
        for row in GROUPS[group]():
            found.append(row)
            WORK.write_text("".join(json.dumps(asdict(r)) + "\n" for r in [*kept, *found]), encoding="utf-8")
    RESULT.write_text(report(read_rows()), encoding="utf-8")


if __name__ == "__main__":
    main()
