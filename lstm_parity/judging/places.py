"""Where in a sequence a result deviates: the place of its worst element, and maps of the distances over its axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_parity.cases.setting import Setting
from lstm_parity.judging.verdict import GRADIENT, TensorComparison
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.evidence import CHAIN, INPUTS, PREFIXES, SEEN

GATES = ("input gate", "forget gate", "candidate", "output gate")  # torch's order of rows: i, f, g, o
_MAX_CELLS = 40  # of a map along each axis: more are joined, the worst of them shown
DIRECTIONS = ("forward", "reverse")


@dataclass(frozen=True)
class Place:
    """Where an element is, None for what it does not have; direction: 0 forward, 1 reverse; gate: of a weight's row."""

    layer: int | None = None
    direction: int | None = None
    step: int | None = None
    row: int | None = None
    unit: int | None = None
    gate: int | None = None
    column: int | None = None


@dataclass(frozen=True)
class DistanceMap:
    """The worst distances of one tensor over two of its axes, in noises; None if nothing is compared.

    across, down: the names of the axes. columns, rows: the first index of each cell along them; a name for rows of
    layers and directions, or gates. worst: by row, then column; limits of `judging/verdict.py` hold for each.
    """

    across: str
    down: str
    columns: tuple[int, ...]
    rows: tuple[str, ...]
    worst: tuple[tuple[float | None, ...], ...]


def find_place(measured: TensorComparison, where: tuple[int, ...], setting: Setting) -> Place | None:
    """Return the place of an element, as the canonical layout counts; None if its axes are not known."""
    name, directions = measured.tensor, setting.architecture.num_directions
    if measured.way == SEEN and not _is_whole(measured, setting):
        return None
    if measured.way == GRADIENT and name not in INPUTS:
        return _find_weight(name, where, setting)
    first, row, unit = where
    if measured.way == GRADIENT and name == "input":
        return Place(step=first, row=row, unit=unit)
    step = None
    if measured.way in (CHAIN, PREFIXES):
        step, row = divmod(row, setting.call.rows)
    if name != "output":
        layer, direction = divmod(first, directions)
        return Place(layer, direction if directions == 2 else None, step, row, unit)
    direction, unit = divmod(unit, setting.architecture.output_size)
    step = first if step is None else step
    layer = setting.architecture.num_layers - 1
    return Place(layer, direction if directions == 2 else None, step, row, unit)


def _is_whole(measured: TensorComparison, setting: Setting) -> bool:
    """Whether what was made of outputs has the shape of a tensor: not if directions are merged, or rows left out."""
    a, call = setting.architecture, setting.call
    states = a.num_layers * a.num_directions, call.rows
    shapes = {
        "output": (call.time, call.rows, a.num_directions * a.output_size),
        "h_n": (*states, a.output_size),
        "c_n": (*states, a.hidden_size),
    }
    return measured.ratio.shape == shapes.get(measured.tensor)


def _find_weight(name: str, where: tuple[int, ...], setting: Setting) -> Place:
    """Return the place of an element of a weight's gradient, by torch's name of the weight."""
    layer, _, reverse = name.partition("_l")[2].partition("_")
    column = where[1] if len(where) > 1 else None
    direction = int(bool(reverse)) if setting.architecture.bidirectional else None
    if name.startswith("weight_hr"):
        return Place(int(layer), direction, unit=where[0], column=column)
    gate, unit = divmod(where[0], setting.architecture.hidden_size)
    return Place(int(layer), direction, unit=unit, gate=gate, column=column)


def map_distances(measured: TensorComparison, setting: Setting) -> tuple[DistanceMap, ...]:
    """Return the maps of a tensor: over rows and steps, or rows and layers, or gates and units; then over its units."""
    ratio, name = measured.ratio, measured.tensor
    if measured.way == GRADIENT and name not in INPUTS:
        if name.startswith("weight_hr"):
            return ()
        table = ratio.reshape(4, setting.architecture.hidden_size, -1).max(-1)
        return (_join(table, GATES, "unit", "gate"),)
    if ratio.ndim != 3 or (measured.way == SEEN and not _is_whole(measured, setting)):
        return ()
    if measured.way in (CHAIN, PREFIXES):
        ratio = ratio.reshape(len(ratio), -1, setting.call.rows, ratio.shape[-1])
        ratio = ratio[0] if name == "output" else ratio.max(1)
    if name in ("output", "input"):
        return _map_sequence(ratio, setting, 1 if name == "input" else setting.architecture.num_directions)
    named = _name_layers(len(ratio), setting.architecture.num_directions)
    return (_join(ratio.max(-1), named, "row", "layer"), _join(ratio.max(1), named, "unit", "layer"))


def _map_sequence(ratio: Array, setting: Setting, directions: int) -> tuple[DistanceMap, ...]:
    """Map (T, B, D*P) over rows and steps, in each direction; then over units."""
    steps, batch, _ = ratio.shape
    parts = ratio.reshape(steps, batch, directions, -1)
    lengths = setting.call.lengths or (steps,) * batch
    table = parts.max(-1).transpose(2, 1, 0).reshape(directions * batch, steps)
    table[np.arange(steps)[None, :] >= np.array(lengths * directions)[:, None]] = np.nan
    names = [f"row {b}" + f", {DIRECTIONS[d]}" * (directions == 2) for d in range(directions) for b in range(batch)]
    units = parts.max((0, 1))
    return (_join(table, names, "step", "row"), _join(units, DIRECTIONS[:directions], "unit", "direction"))


def _name_layers(count: int, directions: int) -> list[str]:
    return [f"layer {k // directions}" + f", {DIRECTIONS[k % directions]}" * (directions == 2) for k in range(count)]


def _join(table: Array, names: Sequence[str], across: str, down: str) -> DistanceMap:
    """Join neighbours of a table (R, C) until it has no more than _MAX_CELLS either way; NaN is nothing compared."""
    rows, columns = (range(0, size, -(-size // _MAX_CELLS)) for size in table.shape)
    cells = tuple(tuple(_worst(table[r : r + rows.step, c : c + columns.step]) for c in columns) for r in rows)
    return DistanceMap(across, down, tuple(columns), tuple(names[r] for r in rows), cells)


def _worst(part: Array) -> float | None:
    known = part[~np.isnan(part)]
    return float(known.max()) if known.size else None
