"""Which property test notices which wrong LSTM, and how many examples it needs: the median and the most of 20 seeds.

For each mistake the property tests are run, with the examples of a plain `pytest`, until one has noticed it beside the
widest, which has all axes; both are then run with 20 seeds. Where the widest misses it with some seed, the search goes
on to a test that misses it with none. Default numbers of examples throughout.
Run `python -m experiments.detection [--work FILE]`: it writes as it goes and resumes. Result: detection.md.
"""

from __future__ import annotations

import argparse
import statistics
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from experiments.resumed import ask_all, read_answers

SEEDS = 20


def run(name: str) -> dict[str, Any]:
    """One mistake: the tests that notice it, and the examples that two of them need with each seed."""
    import torch

    from lstm_parity.catalogue.mistakes import find_mistake
    from specimens.property_runs import by_default, examples_needed, killers, property_tests, widest

    by_default()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    wrong, tests = find_mistake(name), {test.__name__: test for test in property_tests()}
    others = (known for known in killers(wrong) if known[0] != widest().__name__)
    needed = {widest().__name__: until_missed(examples_needed(widest(), wrong, seed) for seed in range(SEEDS))}
    for test, _ in others:
        found = until_missed(examples_needed(tests[test], wrong, seed) for seed in range(SEEDS))
        if None not in found or None not in needed[widest().__name__]:
            return {"mistake": name, "needed": needed | {test: found}}
    return {"mistake": name, "needed": needed}


def until_missed(needed: Iterable[int | None]) -> list[int | None]:
    """The examples needed with each seed, up to the first that is not enough."""
    known: list[int | None] = []
    for number in needed:
        known.append(number)
        if number is None:
            break
    return known


def main() -> None:
    """Run what has not been run, then write the table."""
    from lstm_parity.catalogue.mistakes import MISTAKES

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("/tmp/detection.jsonl"))
    work = parser.parse_args().work
    rows = read_answers(work)
    left = [wrong.name for wrong in MISTAKES if wrong.name not in {row["mistake"] for row in rows}]
    for row in ask_all(run, left, work):
        rows.append(row)
        print(f"{len(rows)} of {len(MISTAKES)}", flush=True)
    order = [wrong.name for wrong in MISTAKES]
    report(sorted(rows, key=lambda row: order.index(row["mistake"])))


def report(rows: list[dict[str, Any]]) -> None:
    """The table."""
    from lstm_parity.parity_tests.test_together import EXAMPLES as MORE
    from specimens.property_runs import EXAMPLES, widest

    wide = widest().__name__
    lines = [
        "# Which test notices which wrong LSTM",
        "",
        "Made by `python -m experiments.detection`; what it does stands at the top of that file.",
        "",
        f"Examples needed, median / most of {SEEDS} seeds; a dash: not noticed in some seed. The widest test",
        f"(`{wide}`) draws {MORE} examples, every other {EXAMPLES}.",
        "",
        "| wrong LSTM | widest test | another test that notices it | its examples |",
        "|---|---:|---|---:|",
    ]
    for row in rows:
        narrow = next((test for test in row["needed"] if test != wide), "none")
        cells = [row["mistake"], told(row["needed"][wide]), narrow, told(row["needed"].get(narrow, [None]))]
        lines.append("| " + " | ".join(cells) + " |")
    missed = [row["mistake"] for row in rows if all(None in needed for needed in row["needed"].values())]
    lines += ["", f"Of {len(rows)} wrong LSTMs, **{len(missed)}** are missed by both tests in some seed."]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def told(needed: list[int | None]) -> str:
    """Median / most, or a dash where it was missed in some seed."""
    seen = [number for number in needed if number is not None]
    if len(seen) < SEEDS:
        return "-"
    return f"{statistics.median(seen):g} / {max(seen)}"


if __name__ == "__main__":
    main()
