"""How small a fault in a gradient may be and still be told from rounding: every known wrong way back, in every dtype.

The gradients of nn.LSTM, by autograd, are moved by a part s of what the fault changes, and judged; s = 1 is the fault
itself. The smallest s at which any gradient deviates is found by halving; it is told as the largest change of an
element over the largest element of its tensor. Twenty seeds, those left out where rounding
drowns the way forward; 2 layers of 7 units, 6 steps, loss on all three.

Run `python -m experiments.gradient_sharpness`. Result: gradient_sharpness.md.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from experiments.wrong_gradients import SLIGHT, WRONG, gone_wrong
from parity.cases import Case, case
from parity.gradients import Adjoints, Gradients, adjoints, by_autograd, by_hand, measured
from parity.implementations.torch_modules import TorchLSTM
from parity.judge import Measured, distances
from parity.settings import DTYPES

SEEDS = 20
HALVINGS = 40


def moved(right: tuple[Measured, ...], by: Gradients, s: float) -> tuple[Measured, ...]:
    """The gradients moved by a part of a change."""
    got = [m.got + s * by[m.tensor] for m in right]
    return tuple(replace(m, got=g, ratio=distances(g, m.exact, m.noise)) for m, g in zip(right, got, strict=True))


def change(fault: str, of: Case, d: Adjoints) -> Gradients:
    """What a fault adds to every gradient."""
    with gone_wrong(fault):
        wrong = by_hand(of, d)
    return {name: wrong[name] - right for name, right in by_hand(of, d).items()}


def noticed(right: tuple[Measured, ...], by: Gradients) -> float | None:
    """The smallest part of a change that is noticed, relative to the largest element; None where it never is."""
    if not any(m.deviates for m in moved(right, by, 1.0)):
        return None
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2 if low else high / 4
        if any(m.deviates for m in moved(right, by, middle)):
            high = middle
        else:
            low = middle
        if low and high / low < 1.02:
            break
    return high * max(float(np.abs(by[m.tensor]).max() / np.abs(m.exact).max()) for m in right)


def line(fault: str, dtype: str) -> str:
    """A row of the table."""
    parts, far = [], []
    for seed in range(SEEDS):
        of = case(f"I5-H7-L2-T6-B3-{dtype}-grad-normal-{seed}")
        d = adjoints(of)
        if not (right := measured(of, by_autograd(TorchLSTM(), of, d), d)):
            continue  # drowned
        by = change(fault, of, d)
        parts.append(noticed(right, by))
        far.append(max(m.worst for m in moved(right, by, 1.0)))
    found = [part for part in parts if part is not None]
    smallest = f"{median(found):.1e} | {max(found):.1e}" if found else " | "
    return f"| {fault} | {dtype} | {len(found)} of {len(parts)} | {median(far):.2g} | {smallest} |"


def main() -> None:
    """The table."""
    lines = ["# Sharpness of gradients", "", "Made by `python -m experiments.gradient_sharpness`, which says how.", ""]
    lines += ["| fault | dtype | DEVIATES | noises away, median | begins at, median of seeds | largest of seeds |"]
    lines += ["|---|---|---:|---:|---:|---:|"]
    lines += [line(fault, dtype) for fault in SLIGHT | WRONG for dtype in DTYPES]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
