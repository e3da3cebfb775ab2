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
        ends = self._run(equations, *_STARTS[0])
        if self._are_near(ends, self.states, _FAR):
            return True
        return not self._are_near(ends, self._run(equations, *_STARTS[1]), _FORGOTTEN)

    def _run(self, equations: Equations, h_size: float, c_size: float) -> dict[str, Array]:
        size, rows = self.cell.hidden_size, self.x.shape[1]
        signs = np.where(np.arange(size) % 2, -1.0, 1.0) * np.ones((rows, 1))
        h, c, own = h_size * signs, c_size * signs, {"w_hh": equations.sums["w_hh"]}
        from_input = self._sum_inputs(equations)
        for t in range(len(self.x)):
            z = compute_sums(own, self.cell, self.x[t], h.astype(np.float32))
            h, c = equations.step(from_input[:, t] + z, c, h)
        return {"h_n": h, "c_n": c}

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
