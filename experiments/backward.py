"""Back-propagation derived by hand against autograd, over a covering design of the lattice: how far apart they are.

For each architecture of the design: all its cases (every value profile meets every value of every axis, losses on
output, h_n, c_n and all together), through nn.LSTM and through the torch reference. float64: autograd against
`reference/numpy_backward.py`, both as noisy as one another; the other dtypes: autograd in that dtype against the same
page in float64. Distances are in rounding noises of `reference/noise/backward.py`; "of the largest" is the plain
|difference| over the largest element of its tensor: about 1 where rounding leaves nothing of a saturated layer's
gradient, which a tolerance would call wrong. Run `python -m experiments.backward`. Result: backward.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstm_parity.cases.covering import draw_design
from lstm_parity.cases.setting import Architecture
from lstm_parity.implementations.references import TorchReference
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import RMS_LIMIT, WORST_LIMIT, TensorComparison
from lstm_parity.judging.gradients import compare_gradients
from lstm_parity.running.autograd import adjoints, gradients_by_autograd
from lstm_parity.running.calls import TENSORS

LOSSES = [TENSORS, *((name,) for name in TENSORS)]
DTYPES = ("float64", "float32", "bfloat16", "float16")
AXES = ("architecture", "implementation", "profile", "gradient")


def architecture(a: Architecture) -> str:
    """What kind of network it is, without its sizes."""
    words = [f"{a.num_layers} layers" if a.num_layers > 1 else "1 layer"]
    words += ["bidirectional"] * a.bidirectional + ["projection"] * (a.proj_size > 0) + ["no bias"] * (not a.bias)
    return ", ".join(words)


@dataclass(frozen=True)
class Row:
    """One gradient: how far autograd is from the page."""

    case: str
    architecture: str
    implementation: str
    profile: str
    gradient: str
    deviates: bool
    worst: float
    rms: float
    plain: float


def rows(dtype: str) -> Iterator[Row]:
    """Every gradient of every case, through both implementations, the loss changing from case to case."""
    for k, case in enumerate(draw_design(dtype=dtype, grad_mode="grad")):
        for j, implementation in enumerate((TorchReference(), TorchLSTM())):
            d = adjoints(case, LOSSES[(k + j) % len(LOSSES)])
            kind, start = architecture(case.setting.architecture), (case.id, implementation.name, case.profile)
            for m in compare_gradients(case, gradients_by_autograd(implementation, case, d), d):
                of = m.tensor.rpartition("_l")[0] or m.tensor
                yield Row(
                    start[0], kind, *start[1:], of, m.deviates, m.worst, m.rms if m.rms_is_meaningful else 0.0, plain(m)
                )


def plain(m: TensorComparison) -> float:
    """The largest difference over the largest number, where all are finite."""
    if not np.isfinite(m.exact).all() or not m.exact.any():
        return 0.0
    return float(np.abs(m.got - m.exact).max() / np.abs(m.exact).max())


def table(axis: str, found: list[Row]) -> list[str]:
    """A line for each value of an axis."""
    groups = defaultdict(list)
    for row in found:
        groups[getattr(row, axis)].append(row)
    lines = [f"| {axis} | cases | gradients | beyond the limits | worst | RMS | of the largest |"]
    lines += ["|---|---:|---:|---:|---:|---:|---:|"]
    for name, part in sorted(groups.items()):
        worst, rms, largest = (max(getattr(row, key) for row in part) for key in ("worst", "rms", "plain"))
        count, beyond = len({row.case for row in part}), sum(row.deviates for row in part)
        lines.append(f"| {name} | {count} | {len(part)} | {beyond} | {worst:.2f} | {rms:.2f} | {largest:.1e} |")
    return [*lines, ""]


def main() -> None:
    """Measure every dtype and write the tables."""
    lines = ["# Back-propagation by hand against autograd", "", "Made by `python -m experiments.backward`, which says"]
    lines += [f"what it does. Limits, those of the outputs: worst {WORST_LIMIT:g}, RMS {RMS_LIMIT:g}.", ""]
    for dtype in DTYPES:
        found = list(rows(dtype))
        drowned = len({case.id for case in draw_design(dtype=dtype, grad_mode="grad")}) - len(
            {row.case for row in found}
        )
        lines += [f"## {dtype}", "", f"{drowned} cases are not judged: the noise of a hidden state is above 2^-5.", ""]
        lines += [*(line for axis in AXES for line in table(axis, found))]
        beyond = sorted({row.case for row in found if row.deviates})
        lines += [f"Beyond the limits: {', '.join(beyond) or 'none'}.", ""]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
