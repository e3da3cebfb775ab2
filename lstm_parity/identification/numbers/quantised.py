"""Weights that are kept as whole numbers of a few bits: with which scales, and of how many bits.

Eight bits with one scale for each tensor or row are arithmetics (`reference/noise/arithmetics.py`), not listed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from lstm_parity.identification.connections.change import Change, Place
from lstm_parity.reference.noise.model import Array

_BITS = (4, 3, 2, 5, 6, 7, 8)
_KNOWN = 8  # of which the plainest scales are arithmetics
_COLUMNS = (16, 32, 64, 128)
_Parts = Callable[[Array], Array]  # a matrix (4H, n) as (scales, numbers of each); its inverse is a reshape


def _in_columns(count: int, w: Array) -> Array:
    """Split each row in groups of so many columns; raises ValueError if they do not divide it."""
    if w.shape[1] <= count or w.shape[1] % count:
        raise ValueError(f"{w.shape[1]} columns are no groups of {count}")
    return w.reshape(-1, count)


_SCALES: Mapping[str, _Parts] = {
    "tensor": lambda w: w.reshape(1, -1),
    "row": lambda w: w,
    "gate": lambda w: w.reshape(4, -1),
    **{f"{count} columns of each row": partial(_in_columns, count) for count in _COLUMNS},
}


def quantised_changes() -> Iterator[Change]:
    """Yield what rounds the weights, and not the biases, to so many bits."""
    for bits in _BITS:
        most = 2 ** (bits - 1)
        symmetric = {f"max / {levels:g}": levels for levels in (most - 1.0, most - 0.5, 1.0 * most)}
        for scales, split in _SCALES.items():
            is_plain = bits == _KNOWN and scales in ("tensor", "row")
            for words, levels in symmetric.items():
                if not is_plain:
                    text = f"the weights are rounded to {bits} bits, a scale for each {scales} of {words}"
                    yield Change(text, "parts", _keep_matrices(split, partial(_round_symmetric, levels, most)))
            if not is_plain or scales == "row":
                text = f"the weights are rounded to {bits} bits, a scale and a zero point for each {scales}"
                yield Change(text, "parts", _keep_matrices(split, partial(_round_affine, 2.0 * most - 1.0)))


def _round_symmetric(levels: float, most: int, w: Array) -> Array:
    scale = np.abs(w).max(1, keepdims=True) / levels
    scale = np.where(scale > 0.0, scale, 1.0)
    return np.asarray(np.clip(np.round(w / scale), -most, most - 1) * scale)


def _round_affine(steps: float, w: Array) -> Array:
    """Steps between the least and the largest weight, 0 among them."""
    low, high = np.minimum(w.min(1, keepdims=True), 0.0), np.maximum(w.max(1, keepdims=True), 0.0)
    scale = (high - low) / steps
    scale = np.where(scale > 0.0, scale, 1.0)
    zero = np.round(-low / scale)
    return np.asarray((np.clip(np.round(w / scale) + zero, 0.0, steps) - zero) * scale)


def _keep_matrices(split: _Parts, keep: Callable[[Array], Array]) -> Callable[..., dict[str, Array]]:
    def change(parts: dict[str, Array], place: Place, n: int, d: int) -> dict[str, Array]:
        return {
            name: keep(split(w)).reshape(w.shape) if w is not None and name.startswith("w") else w
            for name, w in parts.items()
        }

    return change
