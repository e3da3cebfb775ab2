"""Whether the data sheet names planted arithmetics, by somebody who had not seen how arithmetic is measured.

Each of `specimens/planted_arithmetics.py` in several sizes: right if all that was planted is found, and nothing else.
What one cannot see in principle is said to be so: an order in a sum of one term, an error below that of the states that
it is read through. Run `python -m experiments.data_sheets [SIZE...]`. Result: data_sheets.md.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from lstm_parity.cases.setting import Runtime
from lstm_parity.identification.arithmetic.orders import KnownOrder
from lstm_parity.identification.arithmetic.sheet import DataSheet, measure_data_sheet
from lstm_parity.implementations.load import adapt
from specimens.planted_arithmetics import PLAIN, PLANTED, Planted

RESULT = Path(__file__).with_suffix(".md")
SIZES = (1, 8, 64, 512)
SEVERAL = 6.0  # roundoffs: an activation that errs by less is as accurate as the dtype


def adapt_step(planted: Planted) -> Any:
    """Return a planted step as an implementation, by the door `cell:` for NumPy functions."""

    def cell(x: Any, state: Any, *weights: Any) -> Any:
        return planted.step(x, *state, *weights)

    return adapt("cell", planted.name, cell, "numpy")


def judge(planted: Planted, sheet: DataSheet) -> str:
    """Return "right", or what was missed, cannot be seen, or is said and was not planted."""
    found = dict(sheet.lacks)
    missed, unseen = list[str](), list[str]()
    for kind, value in _demanded(planted, sheet).items():
        if not _is_seen(kind, sheet):
            unseen.append(kind)
        elif not _is_found(kind, value, sheet):
            missed.append(f"{kind} {value}")
    for kind in set(found) & set(planted.truth) | ({"not repeatable"} if "repeatable" in planted.truth else set()):
        found.pop(kind, None)
    said = [f"not planted: {kind} {value}" for kind, value in found.items()]
    return "; ".join([*(f"missed: {m}" for m in missed), *said]) or (
        f"cannot be seen: {', '.join(unseen)}" if unseen else "right"
    )


def _demanded(planted: Planted, sheet: DataSheet) -> dict[str, Any]:
    """Return what has to be found: what was planted, but for errors that are as small as the dtype's own."""
    truth: dict[str, Any] = dict(planted.truth)
    by_name = {a.name: a for a in sheet.activations}
    errors = truth.pop("activation", {})
    roundoff = 2.0**-sheet.digits
    large = [n for n, e in errors.items() if e > SEVERAL * roundoff or by_name[n].relative > 2.0 * SEVERAL]
    return truth | ({"activation": large} if large else {})


def _is_seen(kind: str, sheet: DataSheet) -> bool:
    """Whether this size, and what else was planted, let it be seen at all."""
    if kind in ("order", "batch dependent", "repeatable"):
        return sheet.size >= 4
    return kind != "activation" or min(sheet.states.values()) == sheet.digits


def _is_found(kind: str, value: Any, sheet: DataSheet) -> bool:
    lacks = sheet.lacks
    if kind == "order":
        return bool(sheet.orders) and all(_is_order(value, order) for order in sheet.orders)
    if kind == "fma":
        words = {"f * c": "f * c is not", "i * g": "i * g is not", "both": "the products are not"}
        return sheet.update.startswith(words[value])
    if kind == "flushed":
        narrow = [f.name for f in sheet.factors if f.narrow]  # the range is smaller: more than the subnormal are lost
        return set(value) <= {*sheet.flushed, *narrow} or sheet.states != {"h": sheet.digits, "c": sheet.digits}
    if kind == "batch dependent":
        return sheet.alone is not None
    if kind == "repeatable":
        return not sheet.repeats
    if kind in ("activation", "overflow"):
        return set(value) <= set(lacks.get(kind, ()))
    return bool(lacks.get(kind) == value)


def _is_order(value: Any, order: Any) -> bool:
    """Whether an order has the sizes of the planted one; in one sum of x and h, or in each of two."""
    n, way = order.terms.n, "one after another"
    if isinstance(value, str):
        way = {"sequential": way, "reversed": f"{way} from the last", "pairwise": "pairwise"}[value]
        return KnownOrder("", (range(n),), way, way).has(order.places, order.sizes)
    kind, k = value
    blocks = (
        [range(s, min(s + k, n)) for s in range(0, n, k)] if kind == "blocked" else [range(s, n, k) for s in range(k)]
    )
    parts = tuple(block for block in blocks if len(block))
    return any(KnownOrder("", parts, way, o).has(order.places, order.sizes) for o in (way, "pairwise"))


Found = list[tuple[int, Planted, str, float]]  # size, specimen, what came of it, seconds


def measure(size: int) -> Found:
    """Measure all in one size."""
    found = Found()
    for planted in (*PLAIN, *PLANTED):
        start = time.perf_counter()
        result = judge(planted, measure_data_sheet(adapt_step(planted), Runtime(planted.dtype), size))
        found.append((size, planted, result, time.perf_counter() - start))
        print(size, planted.name, result, flush=True)
    return found


def page(found: Found) -> str:
    """Write what was found."""
    sizes = list(dict.fromkeys(row[0] for row in found))
    lines = [
        "# Arithmetics that were planted",
        "",
        f"Made by `python -m experiments.data_sheets`: {len(PLANTED)} LSTMs, and {len(PLAIN)} plain ones, in sizes of",
        f"{', '.join(map(str, sizes))} inputs and units.",
        "",
        "| size | right | cannot be seen | missed | said though not planted | median s | longest s |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for size in sizes:
        here = [row for row in found if row[0] == size]
        counts = [sum(r.startswith(w) for _, _, r, _ in here) for w in ("right", "cannot", "missed", "not planted")]
        seconds = [s for *_, s in here]
        lines.append(f"| {size} | {' | '.join(map(str, counts))} | {np.median(seconds):.1f} | {max(seconds):.1f} |")
    lines += ["", "| LSTM | dtype | size | result |", "|---|---|---:|---|"]
    lines += [f"| {p.name} | {p.dtype} | {size} | {r} |" for size, p, r, _ in found if r != "right"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure the sizes that are named, or all, and write the page after each."""
    found = Found()
    for size in map(int, sys.argv[1:] or SIZES):
        found += measure(size)
        RESULT.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
