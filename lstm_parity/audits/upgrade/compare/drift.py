"""Whether errors grew from one torch to another though all are within noise, and whether that could be chance.

Of every case the two root mean squares are compared as a ratio. Had nothing changed, each ratio would as likely be its
inverse: as many random choices of inverses as TRIALS, seeded, say how often the mean comes out as large by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

TRIALS = 20_000
CHANCE = 1e-3  # for all groups of a comparison together
GROWTH = 1.1  # less is not worth a line, however sure
FLOOR = 1e-3  # errors below a thousandth of the noise are as good as none


@dataclass(frozen=True)
class Drift:
    """How much errors grew, as the geometric mean of the ratios, the chance of that, and the cases it rests on."""

    growth: float
    chance: float
    cases: int

    def is_real(self, groups: int) -> bool:
        """Whether it is worth a line, and not chance, where so many groups are looked at."""
        return self.growth >= GROWTH and self.chance * groups < CHANCE


def measure_drift(errors: Sequence[tuple[float, float]]) -> Drift:
    """The drift of cases whose old and new errors, in noises, are these."""
    if not errors:
        return Drift(1.0, 1.0, 0)
    old, new = np.maximum(np.array(errors).T, FLOOR)
    logs = np.log(new / old)
    signs = 1.0 - 2.0 * np.random.default_rng(0).integers(0, 2, (TRIALS, len(logs)))
    as_large = int((signs @ logs >= logs.sum() - 1e-12).sum())
    return Drift(float(np.exp(logs.mean())), (1 + as_large) / (1 + TRIALS), len(logs))
