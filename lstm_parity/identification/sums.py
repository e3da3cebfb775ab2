"""What the gate sums are made of: which row of which parameter enters which gate, how often, and for which unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from lstm_parity.identification.cell import UnknownEquationError
from lstm_parity.identification.expressions.resets import Reset
from lstm_parity.identification.layouts import COMPOSED, LAYOUTS, find_layout
from lstm_parity.identification.probe import Probe
from lstm_parity.identification.transforms import ACROSS, COLUMNS, NORMS, VALUES, Transform
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights

PARAMETERS = ("w_ih", "w_hh", "b_ih", "b_hh")
_STEP = 1e-4
_EXACT = 1e-9
_EYE = tuple(tuple(map(float, row)) for row in np.eye(4))
SumsStep = Callable[[Array, Array, Array], tuple[Array, Array]]  # h' and c' of gate sums (4, ...), c and h


@dataclass(frozen=True)
class Read:
    """How one parameter is read.

    matrix: for each gate sum, how often each of the four blocks of rows enters it. layout: of LAYOUTS; source: of
    SOURCES, what is done before to the x or h that a matrix is multiplied by. reset: of w_hh, a gate that multiplies a
    part of the sums.
    """

    matrix: tuple[tuple[float, ...], ...] = _EYE
    layout: str = ""
    source: str = ""
    reset: Reset | None = None

    @property
    def is_single(self) -> bool:
        """Whether every block of rows enters one gate sum at most, and no two the same."""
        entries = np.array(self.matrix) != 0.0
        return bool((entries.sum(0) <= 1).all() and (entries.sum(1) <= 1).all())

    @property
    def rows(self) -> tuple[int, ...]:
        """For each block of rows the gate sum that it enters; where that is none, one of those that are left."""
        entries = np.array(self.matrix) != 0.0
        if not self.is_single:
            return (0, 1, 2, 3)
        left = iter(np.flatnonzero(~entries.any(1)).tolist())
        return tuple(int(np.argmax(column)) if column.any() else next(left) for column in entries.T)

    @property
    def factors(self) -> tuple[float, ...]:
        """For each block of rows how often it enters its gate sum."""
        return tuple(self.matrix[row][block] for block, row in enumerate(self.rows))


Sums = dict[str, Read]  # by parameter
RIGHT: Sums = dict.fromkeys(PARAMETERS, Read())


SOURCES: Mapping[str, Transform] = {"": lambda s: s, **VALUES, **ACROSS, **COLUMNS, **NORMS}


def compute_sums(sums: Sums, cell: CellWeights, x: Array, h: Array, from_x: Array | None = None) -> Array:
    """Return the gate sums (4, B, H) for x (B, I) and h (B, H).

    from_x: what `sum_inputs` returned for x, in the place of what w_ih adds.
    """
    size = cell.w_hh.shape[1]
    total = np.zeros((4, len(x), size)) if from_x is None else from_x.copy()
    for name, read in sums.items():
        if getattr(cell, name) is not None and not (name == "w_ih" and from_x is not None):
            total += _add_part(name, read, cell, {"w_ih": x, "w_hh": h}.get(name))
    if "w_hh" not in sums or (reset := sums["w_hh"].reset) is None:
        return total
    biases: dict[str, Array] = {
        name: _add_part(name, sums[name], cell, None)
        for name in ("b_ih", "b_hh")
        if name in sums and getattr(cell, name) is not None
    }
    return reset(total, h, lambda state: _add_part("w_hh", sums["w_hh"], cell, state), biases)


def _add_part(name: str, read: Read, cell: CellWeights, rows: Array | None) -> Array:
    """Return what one parameter adds to the gate sums (4, B, H): a matrix with these rows, or a bias (4, 1, H)."""
    value = getattr(cell, name)
    value = find_layout(read.layout)(value) if read.layout else value
    part = value[None] if rows is None else SOURCES[read.source](rows) @ value.T
    blocks: Array = part.reshape(len(part), 4, cell.w_hh.shape[1]).swapaxes(0, 1)
    return blocks if read.matrix == _EYE else np.einsum("ab,bnh->anh", np.array(read.matrix), blocks)


def sum_inputs(sums: Sums, cell: CellWeights, x: Array) -> Array:
    """Return what w_ih adds to the gate sums of all steps of x (T, B, I), in one product: (T, 4, B, H)."""
    rows = x.reshape(-1, x.shape[-1])
    found = compute_sums({"w_ih": sums["w_ih"]}, cell, rows, rows)
    return np.asarray(found.reshape(4, *x.shape[:2], -1).swapaxes(0, 1))


def recover_sums(probe: Probe, step: SumsStep) -> Sums:
    """Recover how each parameter is read. Raises UnknownEquationError."""
    names = PARAMETERS[1:] if probe.bias else ("w_hh",)
    found = {"w_ih": Read()} | {name: _recover_rows(probe, step, name) for name in names}
    return {name: _recover_layout(probe, step, name, read) for name, read in found.items()}


def _recover_rows(probe: Probe, step: SumsStep, name: str) -> Read:
    """Move one row after the other a little, and find how often it enters which gate sum."""
    rng = np.random.default_rng(3)
    z, c, h = rng.uniform(-1.5, 1.5, (4, 16)), rng.uniform(-1.5, 1.5, 16), np.ones(16)
    w_ih, x = probe.free_inputs(z.T)

    def call(block: int, value: float) -> Array:
        row = value * np.eye(4)[block]
        w_hh = row[:, None] if name == "w_hh" else np.zeros((4, 1))
        biases = {other: row if other == name else np.zeros(4) for other in ("b_ih", "b_hh")}
        return np.ravel(probe.step(CellWeights(w_ih, w_hh, **biases), x, h[:, None], c[:, None]))

    def expect(moved: Array) -> Array:
        return np.ravel(step(z + moved[:, None], c, h))

    slopes = np.stack([(expect(_STEP * unit) - expect(-_STEP * unit)) / (2 * _STEP) for unit in np.eye(4)], 1)
    columns = []
    for block in range(4):
        moved = (call(block, _STEP) - call(block, -_STEP)) / (2 * _STEP)
        if not (np.isfinite(moved).all() and np.isfinite(slopes).all()):
            return Read()
        found = np.round(np.linalg.lstsq(slopes, moved)[0], 5)
        if np.abs(expect(0.5 * found) - call(block, 0.5)).max() > _EXACT:
            return Read()  # no multiple of the row: its layout is sought as if all were usual
        columns.append(found)
    matrix = np.stack(columns, 1)
    for gate in range(4):  # what no result depends on is taken as usual
        if np.abs(slopes[:, gate]).max() < _EXACT and not matrix[:, gate].any():
            matrix[gate, gate] = 1.0
    return Read(tuple(map(tuple, matrix.tolist())))


def _list_reads(name: str, read: Read) -> Iterator[Read]:
    """Yield the ways in which a parameter may be read that is read so with one unit."""
    starts = dict.fromkeys((read, _usual_factors(read)))  # a norm of one unit looks like a factor
    for start, source, layout in product(starts, SOURCES if name[0] == "w" else ("",), LAYOUTS):
        yield replace(start, layout=layout, source=source)
    for start, layout in product(dict.fromkeys((*starts, Read())), COMPOSED):
        yield replace(start, layout=layout)


def _usual_factors(read: Read) -> Read:
    return Read(tuple(tuple(float(k != 0.0) for k in row) for row in read.matrix))


def _recover_layout(probe: Probe, step: SumsStep, name: str, read: Read) -> Read:
    """Find which column and unit each element of a parameter belongs to, with three units, all others being zero."""
    rng, size = np.random.default_rng(7), 3
    shapes = {"w_ih": (12, 5), "w_hh": (12, 3), "b_ih": (12,), "b_hh": (12,)}
    drawn = {n: 0.6 * rng.standard_normal(shape) * (n == name) for n, shape in shapes.items()}
    cell = CellWeights(**(drawn if probe.bias else {n: drawn[n] for n in ("w_ih", "w_hh")}))
    x, h, c = (rng.standard_normal((5, n)) for n in (5, size, size))
    wanted = probe.step(cell, x, h, c)
    for one in _list_reads(name, read):
        try:
            got = step(compute_sums({name: one}, cell, x, h), c, h)
        except ValueError:  # a layout that this shape has not
            continue
        if all(np.abs(a - b).max() <= 1e-8 for a, b in zip(got, wanted, strict=True)):
            return Read(one.matrix, one.layout, one.source)
    raise UnknownEquationError("with more than one unit it computes something else than with one")
