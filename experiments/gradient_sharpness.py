"""How small a fault in a gradient may be and still be told from rounding: every known wrong way back, in every dtype.

The gradients of nn.LSTM, by autograd, are moved by a part s of what the fault changes, and judged; s = 1 is the fault
itself. The smallest s at which any gradient deviates is found by halving; it is told as the largest change of an
element over the largest element of its tensor. The setting of the mistake's witness, twenty seeds, those left out where
rounding drowns the way forward; loss on all three.

Run `python -m experiments.gradient_sharpness`. Result: gradient_sharpness.md.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from lstm_parity.cases.case import Case, parse_case
from lstm_parity.cases.setting import DTYPES, Runtime
from lstm_parity.catalogue.mistakes import GRADIENT_MISTAKES
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import TensorComparison, distances
from lstm_parity.judging.gradients import compare_gradients
from lstm_parity.running.autograd import INPUTS, Adjoints, Gradients, adjoints, gradients_by_autograd, gradients_by_hand

SEEDS = 20
HALVINGS = 40
SLIGHT = "weights' gradients times 1 + 1e-5"
SETTING = "I5-H7-L2-T6-B3-float32-grad-normal-1"  # of the slight one


def moved(right: tuple[TensorComparison, ...], by: Gradients, s: float) -> tuple[TensorComparison, ...]:
    """The gradients moved by a part of a change."""
    got = [m.got + s * by[m.tensor] for m in right]
    return tuple(replace(m, got=g, ratio=distances(g, m.exact, m.noise)) for m, g in zip(right, got, strict=True))


def change(fault: Mistake | None, of: Case, d: Adjoints) -> Gradients:
    """What a fault adds to every gradient, in float64; None is the slight one."""
    if fault is None:
        return {name: 1e-5 * right * (name not in INPUTS) for name, right in gradients_by_hand(of, d).items()}
    exact = replace(of, setting=replace(of.setting, runtime=Runtime("float64", grad_mode="grad")))
    wrong, right = (gradients_by_autograd(implementation, exact, d) for implementation in (fault, Mistake(PlainLSTM)))
    return {name: wrong[name] - gradient for name, gradient in right.items()}


def noticed(right: tuple[TensorComparison, ...], by: Gradients) -> float | None:
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


def line(fault: Mistake | None, dtype: str) -> str:
    """A row of the table."""
    parts, far = [], []
    for seed in range(SEEDS):
        words = (fault.witness if fault else SETTING).replace("float32", dtype).rpartition("-")[0]
        of = parse_case(f"{words}-{seed}")
        d = adjoints(of)
        if not (right := compare_gradients(of, gradients_by_autograd(TorchLSTM(), of, d), d)):
            continue  # drowned
        by = change(fault, of, d)
        parts.append(noticed(right, by))
        far.append(max(m.worst for m in moved(right, by, 1.0)))
    found = [part for part in parts if part is not None]
    smallest = f"{median(found):.1e} | {max(found):.1e}" if found else " | "
    name = fault.name if fault else SLIGHT
    return f"| {name} | {dtype} | {len(found)} of {len(parts)} | {median(far):.2g} | {smallest} |"


def main() -> None:
    """The table."""
    lines = ["# Sharpness of gradients", "", "Made by `python -m experiments.gradient_sharpness`, which says how.", ""]
    lines += ["| fault | dtype | DEVIATES | noises away, median | begins at, median of seeds | largest of seeds |"]
    lines += ["|---|---|---:|---:|---:|---:|"]
    lines += [line(fault, dtype) for fault in (None, *GRADIENT_MISTAKES) for dtype in DTYPES]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
