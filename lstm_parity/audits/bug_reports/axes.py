"""Axes in another order than nn.LSTM's, or none: put as it has them where sizes leave one way alone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lstm_parity.cases.setting import Architecture
from lstm_parity.files.stored import StoredArray
from lstm_parity.reference.noise.model import Array

_FLAT = re.compile(r"(?P<prefix>.*?)weight_(?:ih|hh)(?P<layer>(?:_l\d+)?(?:_reverse)?)", re.DOTALL)
_STATES = ("h_0", "c_0", "h_n", "c_n")


def restore_matrices(arrays: Mapping[str, StoredArray]) -> dict[str, StoredArray]:
    """Return weights of torch's names that are one row of numbers each, as C has them, as matrices.

    weight_hh of 4 H^2 numbers is (4H, H), and weight_ih of the same cell (4H, numbers / 4H); with a projection the
    sizes leave it open, and they stay as they are.
    """
    found = dict(arrays)
    for name, stored in arrays.items():
        flat = _FLAT.fullmatch(name)
        beside = arrays.get(f"{flat['prefix']}weight_hh{flat['layer']}") if flat else None
        if beside is None or stored.values.ndim != 1 or beside.values.ndim != 1:
            continue
        rows = 4 * math.isqrt(beside.values.size // 4)
        if rows and rows * rows == 4 * beside.values.size and stored.values.size % rows == 0:
            found[name] = replace(stored, values=stored.values.reshape(rows, -1))
    return found


def order_axes(
    arrays: Mapping[str, StoredArray], a: Architecture, keep: frozenset[str]
) -> tuple[dict[str, StoredArray], tuple[str, ...]]:
    """Return the arrays of a call with their axes in nn.LSTM's order, and what was changed, in words.

    input and output: (..., features), two directions joined; states: (layers * directions, batch, size). keep: the
    names of those that other layers stand before or behind, which stay as they are.
    """
    ordered = dict(arrays)
    notes: dict[str, list[str]] = {}
    for name, stored in arrays.items():
        if name in keep or stored.gaps or name not in ("input", "output", *_STATES):
            continue
        values, said = _order_state(name, stored.values, a) if name in _STATES else _order_steps(name, stored.values, a)
        if said:
            ordered[name] = replace(stored, values=np.ascontiguousarray(values))
            notes.setdefault(said, []).append(name)
    return ordered, tuple(f"{' and '.join(names)}: {said}" for said, names in notes.items())


def _order_steps(name: str, values: Array, a: Architecture) -> tuple[Array, str]:
    """Put the features last, and both directions into them; one row of numbers is that of all steps."""
    width, directions = (a.input_size, 1) if name == "input" else (a.output_size, a.num_directions)
    wanted = width * directions
    if values.ndim == 1 and values.size > wanted and values.size % wanted == 0:
        return values.reshape(-1, wanted), f"one row of numbers, taken as steps of {wanted}"
    if values.ndim == 4 and directions == 2 and values.shape[-1] == width:
        pairs = [axis for axis in (1, 2) if values.shape[axis] == 2]
        if len(pairs) == 1:
            joined = np.moveaxis(values, pairs[0], 2)
            said = f"the directions, which are axis {pairs[0]}, put side by side"
            return joined.reshape(*joined.shape[:2], wanted), said
    axes = [axis for axis, size in enumerate(values.shape) if size == wanted]
    is_last = values.shape[-1] in (width, wanted)
    if values.dtype.kind == "f" and values.ndim in (2, 3) and not is_last and len(axes) == 1:
        return np.moveaxis(values, axes[0], -1), f"the features, which are axis {axes[0]}, put last"
    return values, ""


def _order_state(name: str, values: Array, a: Architecture) -> tuple[Array, str]:
    """Put the layers and directions first, as one axis."""
    count, size = a.num_layers * a.num_directions, a.output_size if name.startswith("h") else a.hidden_size
    if values.ndim == 4 and values.shape[:2] == (a.num_layers, a.num_directions) and values.shape[-1] == size:
        return values.reshape(count, *values.shape[2:]), "layers and directions joined to one axis"
    is_swapped = values.ndim == 3 and values.shape[1:] == (count, size)
    if is_swapped and values.shape[0] not in (count, a.num_directions):  # not those of the last layer alone
        return values.swapaxes(0, 1), "the rows of the batch, which come first, put behind the layers"
    return values, ""
