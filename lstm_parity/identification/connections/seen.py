"""What hides the equations of a step though it is a connection: what a single step starts from and what it returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lstm_parity.identification.probe import Probe, View
from lstm_parity.reference.weights import CellWeights


def other_views(probe: Probe) -> Iterator[Probe]:
    """Yield the ways to look at a step that its results suggest: states exchanged first, then h' as in the output."""
    rng = np.random.default_rng(19)
    cell = CellWeights(rng.standard_normal((8, 2)), np.zeros((8, 2)))
    x, h, c, moved = rng.standard_normal((4, 3, 2))
    output, *_ = seen = probe.see(cell, x, h, c)

    def is_moved_by(h: np.ndarray, c: np.ndarray) -> bool:
        return any(bool((np.abs(a - b) > 1e-9).any()) for a, b in zip(probe.see(cell, x, h, c), seen, strict=True))

    ends = [View()]
    if np.abs(output - seen[1]).max() > 1e-9:
        is_exchanged = np.abs(output - seen[2]).max() <= 1e-9
        ends = [View(ends_exchanged=True) if is_exchanged else View(by_output=True)]
    starts = [False] + [True] * (is_moved_by(moved, c) and not is_moved_by(h, moved))
    for view in ends:
        for start in starts:
            if (other := replace(view, starts_exchanged=start)) != probe.view:
                yield replace(probe, view=other)
