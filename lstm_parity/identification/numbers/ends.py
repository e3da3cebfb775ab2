"""The last steps of a large first layer, by which most equations are refuted without running all the others.

As in `diagnosis/ends.py`: equations that end in the same states from two starts forget where they started. Computed in
float32, since what is refuted is a thousand noises away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from lstm_parity.identification.equations import Equations
from lstm_parity.identification.sums import Read, compute_sums
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights

STEPS = 48
_FEW = 28  # enough for most to forget
_STARTS = ((0.0, 0.0), (0.9, 3.0))  # the magnitude of h and c
_FAR, _FORGOTTEN = 1000.0, 10.0  # noises


@dataclass(frozen=True, eq=False)
class LayerEnd:
    """The last steps x (T, B, I) of a layer with these weights, its last states (B, H), and their noise.

    sums: what x adds to the gate sums, by how that is read.
    """

    cell: CellWeights
    x: Array
    states: Mapping[str, Array]
    noise: Mapping[str, Array]
    sums: dict[tuple[Read, ...], Array] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, cell: CellWeights, x: Array, states: Mapping[str, Array], noise: Mapping[str, Array]) -> LayerEnd:
        """Take the last steps of a whole layer."""
        return cls(cell.map(lambda w: w.astype(np.float32)), x[-STEPS:].astype(np.float32), states, noise)

    def may_come_of(self, equations: Equations) -> bool:
        """Whether equations may end in these states; if in doubt, they may. Raises ValueError for another layout."""
        if equations.sums["w_hh"].reset is not None:  # not taken apart into what x and h add
            return True
        for steps in (_FEW, STEPS):
            one, other = self._run(equations, steps)
            if self._are_near(one, self.states, _FAR):
                return True
            if self._are_near(one, other, _FORGOTTEN):
                return False
        return True

    def _run(self, equations: Equations, steps: int) -> list[dict[str, Array]]:
        """Return where both starts lead in the last steps; they are computed as rows of one batch."""
        size, rows, count = self.cell.hidden_size, self.x.shape[1], len(_STARTS)
        signs = np.where(np.arange(size) % 2, -1.0, 1.0) * np.ones((rows, 1))
        h, c = (np.concatenate([start[k] * signs for start in _STARTS]) for k in range(2))
        own = {"w_hh": equations.sums["w_hh"]}
        from_input = self._sum_inputs(equations)
        for t in range(len(self.x) - min(steps, len(self.x)), len(self.x)):
            z = compute_sums(own, self.cell, h[:, :0], h.astype(np.float32))
            h, c = equations.step(np.tile(from_input[:, t], (1, count, 1)) + z, c, h)
        ends = zip(np.split(h, count), np.split(c, count), strict=True)
        return [{"h_n": h_n, "c_n": c_n} for h_n, c_n in ends]

    def _sum_inputs(self, equations: Equations) -> Array:
        """Return what x and the biases add to the gate sums, (4, T, B, H)."""
        others = {name: read for name, read in equations.sums.items() if name != "w_hh"}
        key = tuple(others.values())
        if key not in self.sums:
            rows = self.x.reshape(-1, self.x.shape[-1])
            found = compute_sums(others, self.cell, rows, rows)
            self.sums[key] = found.reshape(4, *self.x.shape[:2], -1)
        return self.sums[key]

    def _are_near(self, ends: Mapping[str, Array], others: Mapping[str, Array], most: float) -> bool:
        return all(
            bool((np.abs(ends[name] - others[name]) <= most * noise).all()) for name, noise in self.noise.items()
        )
