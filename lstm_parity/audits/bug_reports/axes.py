"""Axes in another order than nn.LSTM's: put into its order where the sizes of the weights leave one way alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lstm_parity.cases.setting import Architecture
from lstm_parity.files.stored import StoredArray
from lstm_parity.reference.noise.model import Array

_STATES = ("h_0", "c_0", "h_n", "c_n")


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
    """Put the features last, and both directions into them."""
    width, both = (a.input_size, 0) if name == "input" else (a.output_size, a.num_directions)
    if values.ndim == 4 and both == 2 and values.shape[-1] == width:
        axes = [axis for axis in (1, 2) if values.shape[axis] == 2]
        if len(axes) == 1:
            joined = np.moveaxis(values, axes[0], 2)
            return joined.reshape(
                *joined.shape[:2], 2 * width
            ), f"the directions, which are axis {axes[0]}, put side by side"
    wanted = width * max(both, 1)
    axes = [axis for axis, size in enumerate(values.shape) if size == wanted]
    if (
        values.dtype.kind == "f"
        and values.ndim in (2, 3)
        and values.shape[-1] not in (width, wanted)
        and len(axes) == 1
    ):
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
