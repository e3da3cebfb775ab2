"""What the gate sums are made of: which row of which parameter enters which gate, how often, and for which unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from lstm_parity.identification.cell import UnknownEquationError
from lstm_parity.identification.probe import Probe
from lstm_parity.identification.step import Step
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights

PARAMETERS = ("w_ih", "w_hh", "b_ih", "b_hh")
_VALUES = (0.5, -0.8)
_BASE = np.array([0.3, -0.2, 0.5, 0.1])
_REACH = 3.0  # factors are sought up to this
_EXACT, _LOOSE = 1e-9, 1e-2


@dataclass(frozen=True)
class Read:
    """How one parameter is read.

    rows: for each of its four blocks of rows, the gate sum that it enters; factors: how often. layout: of LAYOUTS.
    """

    rows: tuple[int, ...] = (0, 1, 2, 3)
    factors: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    layout: str = "blocks"


Sums = dict[str, Read]  # by parameter
RIGHT: Sums = dict.fromkeys(PARAMETERS, Read())


def _interleave(w: Array) -> Array:
    """Rows that lie unit by unit, brought into blocks by gate."""
    return np.concatenate([w[k::4] for k in range(4)])


def _transpose(w: Array) -> Array:
    return np.concatenate([part.T for part in np.split(w, 4)])


LAYOUTS: Mapping[str, Callable[[Array], Array]] = {
    "blocks": lambda w: w,
    "interleaved": _interleave,
    "transposed": _transpose,
}


def compute_sums(sums: Sums, cell: CellWeights, x: Array, h: Array) -> Array:
    """Return the gate sums (4, B, H) for x (B, I) and h (B, H)."""
    size = cell.w_hh.shape[1]
    total = np.zeros((4, len(x), size))
    for name, read in sums.items():
        value = getattr(cell, name)
        if value is None:
            continue
        value = LAYOUTS[read.layout](value)
        with_rows = {"w_ih": x, "w_hh": h}.get(name)
        part = value[None] if with_rows is None else with_rows @ value.T
        for block, (row, factor) in enumerate(zip(read.rows, read.factors, strict=True)):
            total[row] += factor * part[:, block * size : (block + 1) * size]
    return total


def recover_sums(probe: Probe, step: Step) -> Sums:
    """Recover how each parameter is read. Raises UnknownEquationError."""
    names = PARAMETERS[1:] if probe.bias else ("w_hh",)
    found = {"w_ih": Read()} | {name: _recover_rows(probe, step, name) for name in names}
    return _recover_layouts(probe, step, found)


def _recover_rows(probe: Probe, step: Step, name: str) -> Read:
    """Put a number into one row after the other, and find which gate sum moves like that, and how far."""
    found = [_recover_row(probe, step, name, block) for block in range(4)]
    rows = [row for row, _ in found]
    missing = iter(sorted(set(range(4)) - {row for row in rows if row is not None}))
    return Read(tuple(next(missing) if row is None else row for row in rows), tuple(factor for _, factor in found))


def _recover_row(probe: Probe, step: Step, name: str, block: int) -> tuple[int | None, float]:
    h, c = np.ones((1, 1)), np.full((1, 1), 0.7)
    observed = []
    for value in _VALUES:
        row = np.zeros(4)
        row[block] = value
        w_hh = row[:, None] if name == "w_hh" else np.zeros((4, 1))
        biases = {other: row if other == name else np.zeros(4) for other in ("b_ih", "b_hh")}
        observed.append(np.ravel(probe.step(CellWeights(np.eye(4), w_hh, **biases), _BASE[None], h, c)))
    observed_pairs = np.array(observed)

    def distance(gate: int, factors: Array) -> Array:
        away = np.zeros_like(factors)
        for value, wanted in zip(_VALUES, observed_pairs, strict=True):
            z = np.repeat(_BASE[:, None], len(factors), 1)
            z[gate] += factors * value
            got = step(z, np.full_like(factors, 0.7), np.ones_like(factors))
            away = np.maximum(away, np.maximum(np.abs(got[0] - wanted[0]), np.abs(got[1] - wanted[1])))
        return away

    limit = _EXACT if step.is_known else _LOOSE
    for factor in (1.0, 0.0):
        for gate in (block, *(k for k in range(4) if k != block)):
            if distance(gate, np.array([factor]))[0] <= limit:
                return (gate, 1.0) if factor else (None, 0.0)
    best = min((_search(partial(distance, gate)), gate) for gate in range(4))
    (away, factor), gate = best
    if away > limit:
        raise UnknownEquationError(f"rows of {name} enter no gate sum as a multiple of themselves")
    near = float(f"{factor:.4g}")
    return gate, near if abs(near - factor) < 1e-6 else factor


def _search(distance: Callable[[Array], Array]) -> tuple[float, float]:
    """The smallest distance and the factor that it is at, by finer and finer grids."""
    low, high = -_REACH, _REACH
    for _ in range(9):
        grid = np.linspace(low, high, 121)
        k = int(np.argmin(away := distance(grid)))
        low, high = grid[max(k - 2, 0)], grid[min(k + 2, 120)]
    return float(away[k]), float(grid[k])


def _recover_layouts(probe: Probe, step: Step, sums: Sums) -> Sums:
    """Find which column and unit each element belongs to, with three units."""
    rng, size = np.random.default_rng(7), 3
    cell = CellWeights(*(0.6 * rng.standard_normal(shape) for shape in ((12, 2), (12, 3), (12,), (12,))))
    x, h, c = (rng.standard_normal((5, n)) for n in (2, size, size))
    wanted = probe.step(cell if probe.bias else CellWeights(cell.w_ih, cell.w_hh), x, h, c)
    limit = 1e-8 if step.is_known else _LOOSE
    for w_ih, w_hh, biases in product(("blocks", "interleaved"), LAYOUTS, ("blocks", "interleaved")):
        layouts = {"w_ih": w_ih, "w_hh": w_hh, "b_ih": biases, "b_hh": biases}
        read = {name: Read(one.rows, one.factors, layouts[name]) for name, one in sums.items()}
        got = step(compute_sums(read, cell, x, h), c, h)
        if all(np.abs(one - other).max() <= limit for one, other in zip(got, wanted, strict=True)):
            return read
    raise UnknownEquationError("with more than one unit it computes something else than with one")
