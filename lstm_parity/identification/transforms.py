"""What people do to sequences and states by mistake: by value, by column, by row of the batch, by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lstm_parity.identification.curves.functions import sigmoid
from lstm_parity.reference.noise.model import Array

Transform = Callable[[Array], Array]


def _length(s: Array) -> Array:
    return np.asarray(np.sqrt((s * s).sum(-1, keepdims=True)))


def _normalised(s: Array) -> Array:
    away = s - s.mean(-1, keepdims=True)
    return np.asarray(away / np.sqrt((away * away).mean(-1, keepdims=True) + 1e-5))


def _softmax(s: Array) -> Array:
    raised = np.exp(s - s.max(-1, keepdims=True))
    return np.asarray(raised / raised.sum(-1, keepdims=True))


# of values (..., columns), by what is said of them
VALUES: Mapping[str, Transform] = {
    "zero": lambda s: 0.0 * s,
    "halved": lambda s: 0.5 * s,
    "doubled": lambda s: 2.0 * s,
    "negated": lambda s: -s,
    "squashed by tanh": np.tanh,
    "squashed by sigmoid": sigmoid,
    "cut by relu": lambda s: np.maximum(s, 0.0),
    "clipped to -1 and 1": lambda s: np.clip(s, -1.0, 1.0),
}
ACROSS: Mapping[str, Transform] = {
    "divided by its length": lambda s: s / np.maximum(_length(s), 1e-12),
    "divided by 1 plus its length": lambda s: s / (1.0 + _length(s)),
    "normalised to mean 0 and variance 1": _normalised,
    "divided by its root mean square": lambda s: s / np.sqrt((s * s).mean(-1, keepdims=True) + 1e-5),
    "lowered by its mean": lambda s: s - s.mean(-1, keepdims=True),
    "replaced by its mean": lambda s: 0.0 * s + s.mean(-1, keepdims=True),
    "put through softmax": _softmax,
}
_SIZES: Mapping[str, Transform] = {
    "length": _length,
    "largest magnitude": lambda s: np.abs(s).max(-1, keepdims=True),
    "sum of magnitudes": lambda s: np.abs(s).sum(-1, keepdims=True),
    "mean magnitude": lambda s: np.abs(s).mean(-1, keepdims=True),
    "sum": lambda s: s.sum(-1, keepdims=True),
    "standard deviation": lambda s: s.std(-1, keepdims=True),
    "number of columns": lambda s: 0.0 * s[..., :1] + s.shape[-1],
    "number of columns, the root of it": lambda s: 0.0 * s[..., :1] + np.sqrt(s.shape[-1]),
}


def _divide(size: Transform, least: float, added: float) -> Transform:
    """Return what divides by a size, which is raised to the least one and to which a number is added."""

    def divide(s: Array) -> Array:
        by = added + size(s)
        return np.asarray(s / np.where(np.abs(by) < least, least, by))

    return divide


NORMS: Mapping[str, Transform] = {  # the rarer ones of those across columns
    **{f"divided by its {words}": _divide(size, 1e-12, 0.0) for words, size in _SIZES.items()},
    **{f"divided by 1 plus its {words}": _divide(size, 1e-12, 1.0) for words, size in _SIZES.items()},
    **{f"divided by its {words}, if that is above 1": _divide(size, 1.0, 0.0) for words, size in _SIZES.items()},
}
COLUMNS: Mapping[str, Transform] = {
    "taken with its columns in the other order": lambda s: s[..., ::-1],
    "taken with its columns one place on": lambda s: np.roll(s, 1, -1),
    "taken with its columns one place back": lambda s: np.roll(s, -1, -1),
    "taken without its last column": lambda s: np.concatenate([s[..., :-1], 0.0 * s[..., -1:]], -1),
    "taken without its first column": lambda s: np.concatenate([0.0 * s[..., :1], s[..., 1:]], -1),
    "taken with its last column twice": lambda s: np.concatenate([s[..., :-1], 2.0 * s[..., -1:]], -1),
    "taken by its first column alone": lambda s: 0.0 * s + s[..., :1],
}
ROWS: Mapping[str, Transform] = {  # (..., rows, columns)
    "taken with the rows of the batch in the other order": lambda s: s[..., ::-1, :],
    "taken with the rows of the batch one place on": lambda s: np.roll(s, 1, -2),
    "taken with the rows of the batch one place back": lambda s: np.roll(s, -1, -2),
    "that of row 0 for all rows": lambda s: 0.0 * s + s[..., :1, :],
    "that of the last row for all rows": lambda s: 0.0 * s + s[..., -1:, :],
    "zero in the last row of the batch": lambda s: np.concatenate([s[..., :-1, :], 0.0 * s[..., -1:, :]], -2),
    "zero in the first row of the batch": lambda s: np.concatenate([0.0 * s[..., :1, :], s[..., 1:, :]], -2),
    "the mean of all rows": lambda s: 0.0 * s + s.mean(-2, keepdims=True),
}
TIME: Mapping[str, Transform] = {  # (steps, rows, columns)
    "taken in the other order of time": lambda s: s[::-1],
    "taken one step late, zeros at first": lambda s: np.concatenate([0.0 * s[:1], s[:-1]]),
    "taken one step late, itself at first": lambda s: np.concatenate([s[:1], s[:-1]]),
    "taken one step late, the last one at first": lambda s: np.roll(s, 1, 0),
    "taken one step early, zeros at last": lambda s: np.concatenate([s[1:], 0.0 * s[:1]]),
    "taken one step early, itself at last": lambda s: np.concatenate([s[1:], s[-1:]]),
    "taken one step early, the first one at last": lambda s: np.roll(s, -1, 0),
    "the mean of it and the one before": lambda s: 0.5 * (s + np.concatenate([s[:1], s[:-1]])),
    "viewed as (batch, steps) in the place of being transposed": lambda s: s.swapaxes(0, 1).reshape(s.shape),
    "that of the step before at the last step": lambda s: np.concatenate([s[:-1], s[-2:-1] if len(s) > 1 else s[-1:]]),
    "held for two steps": lambda s: s[[t - t % 2 for t in range(len(s))]],
    "zero at the first step": lambda s: np.concatenate([0.0 * s[:1], s[1:]]),
    "zero at the last step": lambda s: np.concatenate([s[:-1], 0.0 * s[-1:]]),
    "that of the first step at every step": lambda s: 0.0 * s + s[:1],
    "that of the last step at every step": lambda s: 0.0 * s + s[-1:],
}


def _reverse_in_blocks(length: int) -> Transform:
    """Return what takes the steps of each block of this length in the other order; the last block may be shorter."""
    return lambda s: np.concatenate([s[k : k + length][::-1] for k in range(0, len(s), length)])


def _hold(length: int) -> Transform:
    return lambda s: s[[t - t % length for t in range(len(s))]]


def _accumulate(function: Callable[[Array], Array]) -> Transform:
    """Return what replaces each step by a function of it and all before it (steps, rows, columns)."""
    return lambda s: np.stack([function(s[: t + 1]) for t in range(len(s))])


RARE_TIME: Mapping[str, Transform] = {  # of whole blocks of steps, and of all steps up to one
    **{f"taken in the other order in each {k} steps": _reverse_in_blocks(k) for k in (2, 3, 4)},
    **{f"held for {k} steps": _hold(k) for k in (3, 4)},
    "taken two steps late, zeros at first": lambda s: np.concatenate([0.0 * s[:2], s[:-2]])[: len(s)],
    "taken two steps early, zeros at last": lambda s: np.concatenate([s[2:], 0.0 * s[:2]])[: len(s)],
    "its difference from the one before": lambda s: np.concatenate([s[:1], s[1:] - s[:-1]]),
    "the mean of it and all before": _accumulate(lambda part: part.mean(0)),
    "the sum of it and all before": _accumulate(lambda part: part.sum(0)),
    "the largest of it and all before": _accumulate(lambda part: part.max(0)),
}
EVERY_STATE: Mapping[str, Transform] = {**VALUES, **ACROSS, **COLUMNS, **ROWS}
EVERY_SEQUENCE: Mapping[str, Transform] = {**TIME, **EVERY_STATE}
