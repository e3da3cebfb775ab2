"""Layers before and behind the LSTM, computed with their rounding noise from the weights that a report gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstm_parity.audits.bug_reports.readings.assumptions import (
    AFTER,
    BEFORE,
    NORM_EPS,
    ROWS,
    STEPS,
    UNBIASED,
    WITHOUT_NORM,
    Assumptions,
)
from lstm_parity.files.stored import FolderError, StoredArray
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.model import Array, Noisy
from lstm_parity.running.views import ACTIVATIONS, LAST_STATE, Activation, LayerNorm, Linear, Pool, Scale, Step


class NotGivenError(FolderError):
    """Something without which a report cannot be judged, and that is not in it."""


_OPERATIONS = (*ACTIVATIONS, "dropout", "last", "mean", "max", "h_n")


def apply_before(
    names: Sequence[str], arrays: Mapping[str, StoredArray], x: StoredArray, a: Arithmetic, assumed: Assumptions
) -> tuple[Array, Array | None]:
    """Return what enters the LSTM, with its noise; None if it is exact.

    x: as given, whole numbers for an embedding. assumed: what is added to these, and what is left out.
    """
    found, shift = Noisy(x.values), assumed.shift
    for name in names:
        if name == "dropout":
            continue
        if name in ACTIVATIONS:
            found = Activation(name).apply(a, found)
            continue
        if (other := find_elementwise(name, arrays, assumed, back=False)) is not None:
            found = found if _is_left_out(other, assumed, BEFORE) else other.apply(a, _wide(found))
            continue
        weight, bias = _find_layer(name, arrays)
        if bias is None and _is_lookup(found, x, weight, name):
            found = Noisy(weight[(found.value.astype(int) + shift) % len(weight)])
        else:
            _check_width(name, weight, found.value.shape)
            found = Linear(weight, bias).apply(a, found)
    return found.value, found.noise


def list_after(
    names: Sequence[str],
    arrays: Mapping[str, StoredArray],
    counts: tuple[int, ...],
    last: Step,
    assumed: Assumptions,
) -> tuple[bool, tuple[Step, ...], bool]:
    """Return whether it begins with the last layer's h_n, the steps behind the LSTM, and whether time is gone then.

    counts: how many steps each row has. last: what takes the last step. assumed: what a softmax is taken over, how
    norms are computed, and what is left out.
    """
    steps, from_state, gone = list[Step](), False, False
    for name in names:
        if name in ("h_n", "last", "mean", "max"):
            if gone or (name == "h_n" and steps):
                raise FolderError(f'"after" has {name!r} where no time is left: give one of h_n, last, mean, max')
            from_state, gone = name == "h_n", True
            steps += [] if name == "h_n" else [last] if name == "last" else [Pool(name, counts)]
        elif name in ACTIVATIONS:
            axis = {STEPS: 0, ROWS: 0 if gone else 1}.get(assumed.across, -1)
            steps.append(Activation(name, axis if "softmax" in name else -1))
        elif (other := find_elementwise(name, arrays, assumed, back=True)) is not None:
            steps += [] if _is_left_out(other, assumed, AFTER) else [other]
        elif name != "dropout":
            steps.append(Linear(*_find_layer(name, arrays)))
    return from_state, tuple(steps), gone


def find_elementwise(
    name: str, arrays: Mapping[str, StoredArray], assumed: Assumptions, *, back: bool
) -> LayerNorm | Scale | None:
    """Find a layer norm, a weight of one axis, or a scaler, a mean and a std, by its name; None if it is neither.

    back: whether a scaler turns back what was standardised.
    """
    parts = {last: _find_part(name, last, arrays) for last in ("weight", "bias", "mean", "std", "scale")}
    spread = parts["scale"] if parts["std"] is None else parts["std"]
    if parts["mean"] is not None and spread is not None:
        return Scale(parts["mean"], spread, back)
    if parts["weight"] is None or parts["weight"].ndim != 1:
        return None
    return LayerNorm(parts["weight"], parts["bias"], NORM_EPS.get(assumed.norm, 1e-5), int(assumed.norm == UNBIASED))


def _find_part(name: str, last: str, arrays: Mapping[str, StoredArray]) -> Array | None:
    found = [key for key in arrays if f".{key}".endswith(f".{name}.{last}")]
    return arrays[found[0]].values.astype(np.float64) if len(found) == 1 else None


def _is_left_out(step: Step, assumed: Assumptions, place: str) -> bool:
    return assumed.norm == WITHOUT_NORM if isinstance(step, LayerNorm) else assumed.unscaled == place


def _wide(x: Noisy) -> Noisy:
    return Noisy(x.value.astype(np.float64), x.noise)


def source_of(from_state: bool) -> str:
    """Return the source of a view."""
    return LAST_STATE if from_state else "output"


def _find_layer(name: str, arrays: Mapping[str, StoredArray]) -> tuple[Array, Array | None]:
    """Find a layer's weight and bias by its name, with or without a prefix. Raises FolderError if there is none."""
    weights = [key for key in arrays if key == f"{name}.weight" or key.endswith(f".{name}.weight")]
    if len(weights) != 1:
        found = f"{len(weights)} arrays are" if weights else "no array is"
        raise NotGivenError(
            f'"{name}" was given as a layer, but {found} named {name}.weight; given are {", ".join(arrays)}, '
            f"and as operations {', '.join(_OPERATIONS)}"
        )
    weight = arrays[weights[0]].values.astype(np.float64)
    if weight.ndim != 2:
        raise FolderError(f"{weights[0]} has shape {weight.shape}, but a layer needs (outputs, inputs)")
    bias = arrays.get(weights[0].removesuffix("weight") + "bias")
    return weight, None if bias is None else bias.values.astype(np.float64)


def _is_lookup(found: Noisy, x: StoredArray, weight: Array, name: str) -> bool:
    """Whether a layer is an embedding: its input is whole numbers. Raises FolderError for one outside it."""
    whole = found.noise is None and found.value is x.values and bool((x.values == np.round(x.values)).all())
    if not whole or (x.dtype not in ("int64", "int32", "text") and x.values.shape[-1] == weight.shape[1]):
        return False
    if x.values.min() < 0 or x.values.max() >= len(weight):
        raise FolderError(f"the input holds {x.values.max()}, but {name}.weight has {len(weight)} rows, from 0 on")
    return True


def _check_width(name: str, weight: Array, shape: tuple[int, ...]) -> None:
    if shape[-1] != weight.shape[1]:
        raise FolderError(f"{name}.weight has shape {weight.shape}, but what enters it has {shape[-1]} features")
