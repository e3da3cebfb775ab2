"""What came out of a call, as a report gives it: put where nn.LSTM's would be, with what is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_parity.audits.bug_reports.readings.assumptions import (
    BY_LENGTH,
    EARLY,
    LAST_ROW_FIRST,
    LAST_STEP,
    LAST_STEP_FIRST,
    LATE,
    OUTPUT,
    Assumptions,
)
from lstm_parity.audits.bug_reports.readings.assumptions import LAST_STATE as FROM_STATE
from lstm_parity.audits.bug_reports.readings.layout import Layout, time_first
from lstm_parity.audits.bug_reports.readings.rounded import find_decimals, find_significant, half_unit
from lstm_parity.audits.bug_reports.readings.surroundings import list_after, source_of
from lstm_parity.cases.setting import Architecture
from lstm_parity.files.stored import FolderError, StoredArray
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.views import LAST_STATE, Index, LastStep, Merge, Seen, Step, View, Zeros

Fields = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Shape:
    """What the results of a call are shaped by: its layout, its architecture, and the rank of what enters the LSTM."""

    layout: Layout
    architecture: Architecture
    rank: int


def _find_rounding(given: StoredArray, fields: Fields) -> Array:
    """Return half a unit of the last digit of each number, as declared, printed or found; zeros if not rounded."""
    decimals, significant = fields.get("decimals"), fields.get("significant")
    if decimals is None and significant is None and given.printed is not None:
        significant = given.printed.significant
        decimals = given.printed.decimals if significant is None else None
    if decimals is None and significant is None:
        decimals = find_decimals(given.values, given.dtype)
        significant = find_significant(given.values, given.dtype) if decimals is None else None
    return half_unit(given.values, decimals, significant)


def see_output(
    given: StoredArray, shape: Shape, fields: Fields, arrays: Mapping[str, StoredArray], assumed: Assumptions
) -> Seen:
    """Return what is given of the output, behind other layers or not. Raises FolderError for a shape that cannot be."""
    last = _last_step(shape.layout, assumed)
    from_state, steps, gone = list_after(fields.get("after", ()), arrays, shape.layout.counts, last, assumed)
    if not gone and assumed.output == FROM_STATE:
        from_state, gone = True, True
    elif not gone and assumed.output == LAST_STEP:
        steps, gone = (last, *steps), True
    if shape.architecture.bidirectional and assumed.merge != "concat":
        steps = (Merge(assumed.merge), *steps)
    view = View(source_of(from_state), steps, shape.architecture.num_directions)
    place = _place_rows if gone else _place_steps
    values, rounding, shown = _fill_gaps("output", given, _output_sizes(given, shape, fields, assumed), fields)
    got, known = place(values, shape, fields, assumed)
    unit, visible = (place(array, shape, fields, assumed)[0] for array in (rounding, shown))
    _check_features("output", got.shape[-1], shape.architecture, fields, assumed)
    if assumed.swapped == "directions" and shape.architecture.bidirectional and not steps:
        got, unit, visible = (np.concatenate(np.split(array, 2, -1)[::-1], -1) for array in (got, unit, visible))
    known = known[..., None] & (visible > 0.0)
    return Seen("output", np.where(known, got, 0.0), view, np.where(known, unit, 0.0), None if known.all() else known)


def _output_sizes(given: StoredArray, shape: Shape, fields: Fields, assumed: Assumptions) -> tuple[int, ...]:
    """Return the sizes that an output would have if all of it were shown."""
    rows, steps = (fields.get(name) for name in ("output_rows", "output_steps"))
    batch, time = (
        len(some) if some is not None else n for some, n in ((rows, shape.layout.batch), (steps, shape.layout.time))
    )
    two = shape.architecture.num_directions if assumed.merge == "concat" else 1
    features = 0 if fields.get("after") else shape.architecture.output_size * two
    if given.values.ndim == 3:
        return (batch, time, features) if assumed.batch_first else (time, batch, features)
    return (batch if assumed.output != OUTPUT or assumed.is_batch else time, features)[-given.values.ndim :]


def _fill_gaps(name: str, given: StoredArray, sizes: tuple[int, ...], fields: Fields) -> tuple[Array, Array, Array]:
    """Return numbers, half a unit of their last digits, and 1 where they are shown; zeros where dots stand.

    sizes: of the axes, were all shown. Raises FolderError if what is shown has no place in them.
    """
    values, unit = given.values.astype(np.float64), _find_rounding(given, fields)
    if not given.gaps:
        return values, unit, np.ones(values.shape)
    places = list[list[int]]()
    for found, size, gap in zip(values.shape, sizes, given.gaps, strict=True):
        if found > size or (gap is None and found != size):
            raise FolderError(
                f"{name} is printed with dots, but what is shown has shape {values.shape}, not of {sizes}"
            )
        places.append([k if gap is None or k < gap else size - found + k for k in range(found)])
    filled = np.zeros((3, *sizes))
    for whole, part in zip(filled, (values, np.broadcast_to(unit, values.shape), np.ones(values.shape)), strict=True):
        whole[np.ix_(*places)] = part
    return filled[0], filled[1], filled[2]


def _last_step(layout: Layout, assumed: Assumptions) -> Step:
    """Return what takes the last step: the last valid one of each row, or the end of the padded output, zeros there."""
    if not assumed.takes_padding:
        return LastStep(layout.counts)
    return Index(-1) if len(layout.steps) == layout.time else Zeros()


def _check_features(name: str, found: int, a: Architecture, fields: Fields, assumed: Assumptions) -> None:
    wanted = a.output_size * (a.num_directions if assumed.merge == "concat" else 1)
    if not fields.get("after") and found != wanted:
        raise FolderError(f"{name} has {found} features, but an LSTM with these weights returns {wanted}")


def _place_rows(values: Array, shape: Shape, fields: Fields, assumed: Assumptions) -> tuple[Array, Array]:
    """Place an output without a time axis: (B, F) -> (B', F), and which rows are known."""
    values = values[None] if values.ndim == 1 else values
    values = values.reshape(-1, values.shape[-1]) if values.ndim == 3 and 1 in values.shape[:2] else values
    rows = fields.get("output_rows")
    named = _places(rows, shape.layout.batch, "output_rows")
    if values.ndim != 2 or len(values) != len(named):
        raise FolderError(f"output has shape {values.shape}, but must have ({len(named)} rows, features)")
    full, known = np.zeros((shape.layout.batch, values.shape[-1])), np.zeros(shape.layout.batch, bool)
    full[named], known[named] = values, True
    if assumed.order in (BY_LENGTH, LAST_ROW_FIRST):
        full, known = (reorder(array[None], assumed.order, shape.layout.lengths_given)[0] for array in (full, known))
    kept = list(shape.layout.rows)
    return full[kept], known[kept]


def _place_steps(values: Array, shape: Shape, fields: Fields, assumed: Assumptions) -> tuple[Array, Array]:
    """Place an output of every step, or of some: -> (T', B', F), and which steps of which rows are known."""
    layout = shape.layout
    steps = _places(fields.get("output_steps"), layout.time, "output_steps")
    rows = _places(fields.get("output_rows"), layout.batch, "output_rows")
    values = _with_all_axes(values, shape, len(steps), len(rows), assumed)
    if values.shape[:2] != (len(steps), len(rows)):
        order = "(batch, time)" if assumed.batch_first and shape.rank == 3 else "(time, batch)"
        given = values.shape[:2][::-1] if order == "(batch, time)" else values.shape[:2]
        wanted = (len(rows), len(steps)) if order == "(batch, time)" else (len(steps), len(rows))
        raise FolderError(f"output has {given} as {order}, but must have {wanted}")
    full = np.zeros((layout.time, layout.batch, values.shape[-1]))
    known = np.zeros((layout.time, layout.batch), bool)
    full[np.ix_(steps, rows)], known[np.ix_(steps, rows)] = values, True
    if not assumed.in_order:
        full, known = full[::-1], known[::-1]
    full, known = (reorder(array, assumed.order, layout.lengths_given) for array in (full, known))
    return layout.gather(full), layout.gather(known & layout.known) & layout.valid


def reorder(array: Array, order: str, lengths: Sequence[int]) -> Array:
    """Put results (T, B, ...) that are in another order where they belong; zeros where nothing is."""
    if order == BY_LENGTH:
        found = np.empty_like(array)
        found[:, np.argsort(-np.array(lengths), kind="stable")] = array
        return found
    if order == LAST_ROW_FIRST:
        return array[:, ::-1]
    if order == LAST_STEP_FIRST:
        return array[::-1]
    if order in (LATE, EARLY):
        found = np.zeros_like(array)
        wanted, given = (slice(None, -1), slice(1, None)) if order == LATE else (slice(1, None), slice(None, -1))
        found[wanted] = array[given]
        return found
    return array


def _with_all_axes(values: Array, shape: Shape, steps: int, rows: int, assumed: Assumptions) -> Array:
    """Return the given part of an output as (T, B, F): an axis of one step or one row may have been left out."""
    if values.ndim == 2 and shape.rank == 3 and 1 in (steps, rows):
        return values.reshape(steps, rows, -1) if values.shape[0] == steps * rows else values[:, None]
    return time_first(values, assumed, "output")


def _places(given: Sequence[int] | None, size: int, name: str) -> list[int]:
    """Return places counted from 0. Raises FolderError for one that is not there."""
    places = list(range(size)) if given is None else [k + size if k < 0 else k for k in given]
    if not all(0 <= k < size for k in places) or len(set(places)) < len(places):
        raise FolderError(f"{name} are {list(given or ())}, but there are {size}: give each of them once, from 0 on")
    return places


def see_state(name: str, given: StoredArray, shape: Shape, fields: Fields, assumed: Assumptions) -> Seen:
    """Return what is given of h_n or c_n: of all layers and directions, or of the last layer."""
    a, count = shape.architecture, shape.architecture.num_layers * shape.architecture.num_directions
    size = a.output_size if name == "h_n" else a.hidden_size
    parts: tuple[Array, ...] = _fill_gaps(name, given, (count, shape.layout.batch, size)[-given.values.ndim :], fields)
    parts = tuple(_state_axes(array, name, shape, size) for array in parts)
    if assumed.swapped in ("directions", "layers") and len(parts[0]) == count:
        parts = tuple(_reorder_states(array, a, assumed.swapped) for array in parts)
    if assumed.order in (BY_LENGTH, LAST_ROW_FIRST):
        parts = tuple(reorder(array, assumed.order, shape.layout.lengths_given) for array in parts)
    got, unit, shown = (array[:, list(shape.layout.rows)] for array in parts)
    steps = () if len(got) == count else (Index(slice(-len(got), None)),)
    return Seen(name, got, View(name, steps), unit, None if shown.all() else shown > 0.0)


def _state_axes(array: Array, name: str, shape: Shape, size: int) -> Array:
    """Return a state as (L*D, B, size), or (D, B, size) if the last layer's alone is given."""
    a, batch = shape.architecture, shape.layout.batch
    count = a.num_layers * a.num_directions
    if array.ndim <= 2 and array.shape[-1] == a.num_directions * size and a.num_directions == 2:
        return np.stack(np.split(array.reshape(batch, 2 * size), 2, -1)) if array.size == batch * 2 * size else array
    for first in dict.fromkeys((count, a.num_directions)):
        is_flat = array.ndim < 3 and (first == 1 or batch == 1)
        if array.shape == (first, batch, size) or (is_flat and array.size == first * batch * size):
            return array.reshape(first, batch, size)
    raise FolderError(
        f"{name} has shape {array.shape}, but must have ({count}, {batch}, {size}): (layers * directions, batch, size)"
    )


def _reorder_states(array: Array, a: Architecture, kind: str) -> Array:
    shaped = array.reshape(a.num_layers, a.num_directions, *array.shape[1:])
    return (shaped[:, ::-1] if kind == "directions" else shaped[::-1]).reshape(array.shape)


def is_plain(seen: Seen) -> bool:
    """Whether what is given is a whole tensor, unrounded; of an output some steps may be unknown."""
    return not seen.view.steps and seen.view.source != LAST_STATE and not np.any(seen.rounding)
