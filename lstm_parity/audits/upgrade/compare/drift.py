"""Whether errors grew from one torch to another though all are within noise, and whether that could be chance.

Of every case the two root mean squares are compared as a ratio. Had nothing changed, each ratio would as likely be its
inverse: as many random choices of inverses as TRIALS, seeded, say how often the mean comes out as large by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_TRIALS = 20_000
_CHANCE = 1e-3  # for all groups of a comparison together
_GROWTH = 1.1  # less is not worth a line, however sure
_FLOOR = 1e-3  # errors below a thousandth of the noise are as good as none


@dataclass(frozen=True)
class _Drift:
    """How much errors grew, as the geometric mean of the ratios, the chance of that, and the cases it rests on."""

    growth: float
    chance: float
    cases: int

    def is_real(self, groups: int) -> bool:
        """Whether it is worth a line, and not chance, where so many groups are looked at."""
        return self.growth >= _GROWTH and self.chance * groups < _CHANCE


def measure_drift(errors: Sequence[tuple[float, float]]) -> _Drift:
    """Return the drift of cases whose old and new errors, in noises, are these."""
    if not errors:
        return _Drift(1.0, 1.0, 0)
    old, new = np.maximum(np.array(errors).T, _FLOOR)
    logs = np.log(new / old)
    signs = 1.0 - 2.0 * np.random.default_rng(0).integers(0, 2, (_TRIALS, len(logs)))
    as_large = int((signs @ logs >= logs.sum() - 1e-12).sum())
    return _Drift(float(np.exp(logs.mean())), (1 + as_large) / (1 + _TRIALS), len(logs))
