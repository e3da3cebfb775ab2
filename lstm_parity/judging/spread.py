"""How the distances of many verdicts are spread: counts by size for each tensor, and their growth over the steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lstm_parity.judging.verdict import WORST_LIMIT, TensorComparison, Verdict
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.evidence import CHAIN, PREFIXES, SEEN

_WITHIN = 11  # bins up to the limit
BIN_EDGES = (*(float(WORST_LIMIT * k / _WITHIN) for k in range(_WITHIN + 1)), 10.0, 100.0, 1e4)
"""The lower edges of the bins, in noises; the last has no upper one."""


@dataclass(frozen=True)
class Spread:
    """The distances of one tensor, in noises: how many lie in each bin of `BIN_EDGES`, and the worst."""

    tensor: str
    counts: tuple[int, ...]
    worst: float


@dataclass(frozen=True)
class StepSpread:
    """The distances of the output at the steps from `first` to `last`: how many, their root mean square, the worst.

    counts: how many lie in each bin of `BIN_EDGES`.
    """

    first: int
    last: int
    count: int
    rms: float
    worst: float
    counts: tuple[int, ...] = ()


def spread_by_tensor(verdicts: Iterable[Verdict]) -> tuple[Spread, ...]:
    """Sum up the distances for each tensor; a weight's gradients of all layers and directions are one."""
    found: dict[str, list[TensorComparison]] = defaultdict(list)
    for verdict in verdicts:
        for measured in verdict.measured:
            found[measured.tensor.split("_l")[0]].append(measured)
    return tuple(_spread(name, np.concatenate([m.ratio.ravel() for m in some])) for name, some in found.items())


def _spread(name: str, ratio: Array) -> Spread:
    return Spread(name, _count(ratio), float(ratio.max()))


def _count(ratio: Array) -> tuple[int, ...]:
    """Return how many distances lie in each bin."""
    place = np.searchsorted(BIN_EDGES, np.nan_to_num(ratio, nan=np.inf), "right") - 1
    place[ratio == WORST_LIMIT] = _WITHIN - 1  # the limit itself is within
    return tuple(np.bincount(place, minlength=len(BIN_EDGES)).tolist())


def spread_by_step(verdicts: Iterable[Verdict]) -> tuple[StepSpread, ...]:
    """Sum up the distances of outputs over steps 0, 1, 2 to 3, 4 to 7 and so on, of the calls whose steps are known."""
    found: dict[int, list[Array]] = defaultdict(list)
    for verdict in verdicts:
        for measured in verdict.measured:
            if measured.tensor == "output" and measured.ratio.ndim == 3 and measured.way not in (CHAIN, PREFIXES, SEEN):
                noisy = measured.noise > 0.0
                for step, (ratio, there) in enumerate(zip(measured.ratio, noisy, strict=True)):
                    found[step.bit_length()].append(ratio[there])
    return tuple(_spread_steps(power, np.concatenate(found[power])) for power in sorted(found))


def _spread_steps(power: int, ratio: Array) -> StepSpread:
    with np.errstate(over="ignore"):
        rms = float(np.sqrt(np.square(ratio).mean())) if ratio.size else 0.0
    worst = float(ratio.max(initial=0.0))
    return StepSpread(1 << power >> 1, max(0, (1 << power) - 1), ratio.size, rms, worst, _count(ratio))
