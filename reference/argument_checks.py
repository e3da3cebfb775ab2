"""Checks of arguments before any arithmetic: the references refuse every call that `nn.LSTM` does not document.

What `nn.LSTM` documents is accepted, `hx` as a list too. h and c are checked each on its own, and a PackedSequence is
checked like any other input: `nn.LSTM` itself lets a wrong one through (pytorch issue 195803).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.reference.errors import (
    FormError,
    LengthsError,
    Library,
    ShapeError,
    describe_type,
    require_arrays,
    require_kind,
    require_rank,
    require_shape,
)
from lstm_parity.reference.weights import CellWeights, LSTMWeights

Named = list[tuple[str, Any]]


def check_cell(x: Any, state: Any, weights: Any, library: Library) -> None:
    """Check a call of `lstm_cell`; raises FormError, ShapeError, DtypeError or DeviceError."""
    _check_one(x, state, weights, library)
    require_rank("x", x, (1, 2), "(B, I) or (I,)", "give one time step")
    _check_features("x", x, weights)
    _check_state(pair(state, "h", "c"), tuple(x.shape[:-1]), weights)


def check_layer(x: Any, state: Any, weights: Any, lengths: Any, library: Library) -> None:
    """Check a call of `lstm_layer`; raises any RefusedError."""
    _check_one(x, state, weights, library)
    require_rank("x", x, (3,), "(T, B, I)", "put time first and the batch second")
    _check_features("x", x, weights)
    _check_state(pair(state, "h", "c"), (x.shape[1],), weights)
    _check_steps("x", x, time=0)
    if lengths is not None:
        _check_lengths(lengths, x.shape[0], x.shape[1])


def check_forward(
    input: Any, hx: Any, weights: Any, lengths: Any, batch_first: bool, masks: Any, library: Library
) -> None:
    """Check a call of `lstm_forward`; raises any RefusedError."""
    require_kind("weights", weights, LSTMWeights, "take weights_of(module), or LSTMWeights(((cell,),)) for one cell")
    packed = isinstance(input, PackedSequence) and library.array is torch.Tensor
    data = input.data if packed else input
    state = pair(hx, "h_0", "c_0")
    factors = _masks(masks, weights.num_layers - 1)
    require_arrays([("input", data), *state, *weights.items(), *factors], library)
    _check_stack(weights)
    steps, batch = _check_packed(input, lengths) if packed else _check_dense(input, lengths, batch_first)
    _check_features("input", data, weights)
    states = weights.num_layers * weights.num_directions
    _check_state(state, (states,) if batch is None else (states, batch), weights)
    width = weights.num_directions * weights.output_size
    for name, mask in factors:
        require_shape(name, mask, (steps, 1 if batch is None else batch, width), "lay it out as (T, B, features)")


def check_adjoints(given: Named, shapes: Sequence[tuple[int, ...]], like: tuple[str, Any], library: Library) -> None:
    """Check the adjoints that are not None; raises FormError, ShapeError, DtypeError or DeviceError."""
    require_arrays([like, *((name, adjoint) for name, adjoint in given if adjoint is not None)], library)
    for (name, adjoint), shape in zip(given, shapes, strict=True):
        if adjoint is not None:
            require_shape(name, adjoint, shape, "give it the shape of what it is the adjoint of, or None for zeros")


def pair(state: Any, *names: str) -> Named:
    """Name the two states; nothing for None. Raises FormError unless given a tuple or list of two."""
    if state is None:
        return []
    if not isinstance(state, (tuple, list)) or len(state) != 2:
        raise FormError(
            f"the state was given as {describe_type(state)}, but a pair ({', '.join(names)}) is needed: "
            "give two arrays, or None for zeros"
        )
    return list(zip(names, state, strict=True))


def _check_one(x: Any, state: Any, weights: Any, library: Library) -> None:
    require_kind("weights", weights, CellWeights, "take one of weights.cells[layer][direction]")
    require_arrays([("x", x), *pair(state, "h", "c"), *weights.items()], library)
    _check_weights(weights, "")


def _check_stack(weights: LSTMWeights) -> None:
    directions = [len(cells) for cells in weights.cells]
    if directions not in ([1] * len(directions), [2] * len(directions)) or not directions:
        raise ShapeError(f"layers were given with {directions} directions, but all 1 or all 2 are needed: add the rest")
    first = weights.cells[0][0]
    for layer, cells in enumerate(weights.cells):
        for direction, cell in enumerate(cells):
            of = f" of layer {layer}, direction {direction}"
            _check_weights(cell, of)
            given, needed = [name for name, _ in cell.items()], [name for name, _ in first.items()]
            if given != needed:
                raise FormError(f"the weights{of} are {given}, but layer 0 has {needed}: give all layers the same")
            reads = len(cells) * first.output_size if layer else first.input_size
            require_shape(f"w_hh{of}", cell.w_hh, tuple(first.w_hh.shape), "give all layers the same sizes")
            require_shape(f"w_ih{of}", cell.w_ih, (len(first.w_ih), reads), "let it read all of the layer below")


def _check_weights(weights: CellWeights, of: str) -> None:
    if (weights.b_ih is None) != (weights.b_hh is None):
        raise FormError(f"one of b_ih and b_hh{of} was given alone, but both or neither are needed: add zeros")
    for name, array in (("w_ih", weights.w_ih), ("w_hh", weights.w_hh)):
        require_rank(name + of, array, (2,), "(4H, ...)", "stack the gates i, f, g, o as rows")
    rows, size = int(weights.w_ih.shape[0]), weights.output_size
    if rows == 0 or rows % 4 or not weights.input_size or not size:
        raise ShapeError(
            f"w_ih{of} was given with shape {tuple(weights.w_ih.shape)}, but (4H, I) is needed: stack 4 gates"
        )
    if weights.b_ih is not None:
        require_shape(f"b_ih{of}", weights.b_ih, (rows,), "give one bias per row of w_ih")
        require_shape(f"b_hh{of}", weights.b_hh, (rows,), "give one bias per row of w_ih")
    if weights.w_hr is None:
        require_shape(f"w_hh{of}", weights.w_hh, (rows, rows // 4), "without w_hr it reads H features")
        return
    require_shape(f"w_hh{of}", weights.w_hh, (rows, size), "give it as many rows as w_ih")
    require_shape(f"w_hr{of}", weights.w_hr, (size, rows // 4), "let it take H features to the P that w_hh reads")
    if size >= rows // 4:
        raise ShapeError(f"w_hr{of} was given with P={size}, but P < H={rows // 4} is needed: leave it out")


def _check_state(state: Named, leading: tuple[int, ...], weights: CellWeights | LSTMWeights) -> None:
    sizes = (weights.output_size, weights.hidden_size)
    for (name, array), size in zip(state, sizes if state else (), strict=True):
        require_shape(name, array, (*leading, size), "match it to the layers, directions, batch rows and features")


def _masks(masks: Any, needed: int) -> Named:
    if masks is None:
        return []
    if not isinstance(masks, (tuple, list)):
        raise FormError(
            f"dropout_masks were given as {describe_type(masks)}, but a list is needed: give one mask per layer"
        )
    if len(masks) != needed:
        raise ShapeError(f"{len(masks)} dropout masks were given, but {needed} are needed: one per layer but the last")
    return [(f"dropout_masks[{k}]", mask) for k, mask in enumerate(masks)]


def _check_dense(input: Any, lengths: Any, batch_first: bool) -> tuple[int, int | None]:
    """Return the number of steps, and of batch rows or None for an unbatched input."""
    require_rank("input", input, (2, 3), "(T, B, I), (B, T, I) with batch_first, or (T, I)", "add or drop an axis")
    time = 1 if batch_first and input.ndim == 3 else 0
    _check_steps("input", input, time)
    batch = int(input.shape[1 - time]) if input.ndim == 3 else None
    if lengths is not None:
        if batch is None:
            raise LengthsError("lengths were given with an unbatched input, but a batch is needed: add an axis for it")
        _check_lengths(lengths, int(input.shape[time]), batch)
    return int(input.shape[time]), batch


def _check_packed(packed: PackedSequence, lengths: Any) -> tuple[int, int]:
    """Return the number of steps and of batch rows."""
    if lengths is not None:
        raise LengthsError("lengths were given with a PackedSequence, which carries its own: leave lengths out")
    require_rank("the packed data", packed.data, (2,), "(rows, I)", "pack a (T, B, I) tensor")
    if packed.batch_sizes.ndim != 1 or packed.batch_sizes.dtype != torch.int64:
        raise LengthsError(
            f"batch_sizes were given as {packed.batch_sizes.dtype} of shape {tuple(packed.batch_sizes.shape)}, "
            "but a vector of torch.int64 is needed: use pack_padded_sequence"
        )
    sizes = packed.batch_sizes.tolist()
    if sizes != sorted(sizes, reverse=True) or not sizes or sizes[-1] < 1 or sum(sizes) != len(packed.data):
        raise LengthsError(
            f"batch_sizes were given as {sizes} for {len(packed.data)} rows, but positive numbers that never grow and "
            "add up to the rows are needed: use pack_padded_sequence"
        )
    order, back = packed.sorted_indices, packed.unsorted_indices
    straight = list(range(sizes[0]))
    if order is not None and (back is None or len(order) != sizes[0] or order[back].tolist() != straight):
        raise LengthsError("sorted_indices and unsorted_indices do not undo one another: use pack_padded_sequence")
    return len(sizes), sizes[0]


def _check_lengths(lengths: Any, steps: int, batch: int) -> None:
    values = lengths.tolist() if isinstance(lengths, (torch.Tensor, np.ndarray)) else lengths
    whole = isinstance(values, (list, tuple)) and all(
        isinstance(value, (int, np.integer)) and not isinstance(value, bool) for value in values
    )
    if not whole or len(values) != batch or not all(1 <= value <= steps for value in values):
        raise LengthsError(
            f"lengths were given as {values!r}, but {batch} whole numbers from 1 to {steps} are needed: "
            "one per batch row of the input"
        )


def _check_steps(name: str, array: Any, time: int) -> None:
    if array.shape[time] == 0:
        raise ShapeError(f"{name} was given with 0 time steps, but at least 1 is needed: leave empty sequences out")


def _check_features(name: str, array: Any, weights: CellWeights | LSTMWeights) -> None:
    given, needed = int(array.shape[-1]), weights.input_size
    if given != needed:
        raise ShapeError(f"{name} was given with {given} features, but w_ih reads {needed}: change one of the two")
