"""Back-propagation derived by hand against autograd, over a covering design of the lattice: how far apart they are.

For each architecture of the design: all its cases (every value profile meets every value of every axis, losses on
output, h_n, c_n and all together), through nn.LSTM and through the torch reference. float64: autograd against
`reference/numpy_backward.py`, both as noisy as one another; the other dtypes: autograd in that dtype against the same
page in float64. Distances are in rounding noises of `reference/noisy_backward.py`; "of the largest" is the plain
|difference| over the largest element of its tensor. Run `python -m experiments.backward`. Result: backward.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from parity.calling import TENSORS
from parity.cases import Case
from parity.gradients import adjoints, by_autograd, measured
from parity.implementations.references import TorchReference
from parity.implementations.torch_modules import TorchLSTM
from parity.judge import RMS, WORST, Measured
from parity.lattice import cases
from parity.settings import Architecture

LOSSES = [TENSORS, *((name,) for name in TENSORS)]
DTYPES = ("float64", "float32", "bfloat16")


def architecture(a: Architecture) -> str:
    """What kind of network it is, without its sizes."""
    words = [f"{a.num_layers} layers" if a.num_layers > 1 else "1 layer"]
    words += ["bidirectional"] * a.bidirectional + ["projection"] * (a.proj_size > 0) + ["no bias"] * (not a.bias)
    return ", ".join(words)


def found(dtype: str) -> Iterator[tuple[str, Case, Measured]]:
    """Every gradient of every case, through both implementations, the loss changing from case to case."""
    for k, case in enumerate(cases(dtype=dtype, grad_mode="grad")):
        for j, implementation in enumerate((TorchReference(), TorchLSTM())):
            d = adjoints(case, LOSSES[(k + j) % len(LOSSES)])
            for one in measured(case, by_autograd(implementation, case, d), d):
                yield implementation.name, case, one


def plain(one: Measured) -> float:
    """The largest difference over the largest number, where all are finite."""
    if not np.isfinite(one.exact).all() or not one.exact.any():
        return 0.0
    return float(np.abs(one.got - one.exact).max() / np.abs(one.exact).max())


def summary(rows: list[tuple[str, Case, Measured]]) -> str:
    """Cases, gradients, those beyond the limits, worst, RMS, and relative to the largest."""
    count = len({case.id for _, case, _ in rows})
    beyond, worst = sum(m.deviates for _, _, m in rows), max(m.worst for _, _, m in rows)
    rms = max((m.rms for _, _, m in rows if m.averages), default=0.0)
    return f"{count} | {len(rows)} | {beyond} | {worst:.2f} | {rms:.2f} | {max(plain(m) for _, _, m in rows):.1e}"


def table(title: str, groups: dict[Any, list[tuple[str, Case, Measured]]]) -> list[str]:
    """A row for each group."""
    head = f"| {title} | cases | gradients | beyond the limits | worst | RMS | of the largest |"
    rows = [f"| {name} | {summary(rows)} |" for name, rows in sorted(groups.items())]
    return [head, "|---|---:|---:|---:|---:|---:|---:|", *rows, ""]


def main() -> None:
    """Measure every dtype and write the tables."""
    lines = ["# Back-propagation by hand against autograd", "", "Made by `python -m experiments.backward`, which says"]
    lines += [f"what it does. Limits, those of the outputs: worst {WORST:g}, RMS {RMS:g}. Nothing was left out.", ""]
    for dtype in DTYPES:
        rows = list(found(dtype))
        lines += [f"## {dtype}", ""]
        for title in ("architecture", "implementation", "value profile", "gradient of"):
            groups = defaultdict(list)
            for name, case, one in rows:
                kind = one.tensor.rstrip("0123456789").removesuffix("_reverse").split("_l")[0]
                keys = (architecture(case.setting.architecture), name, case.profile, kind)
                titles = ("architecture", "implementation", "value profile", "gradient of")
                groups[dict(zip(titles, keys, strict=True))[title]].append((name, case, one))
            lines += table(title, groups)
    Path(__file__).with_suffix(".md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
