"""Runs of an LSTM with weights in fewer bits: how far they are from the exact answer, computed and not drawn.

What is lost with the weights is the same in every run, so that it is found by running the LSTM with what is left of
them. Factors of 8 bits are rounded at every step to one of so many levels between the least and the largest number of
the step, 0 among them. torch, which uses 7 of the bits, multiplies x of all steps at once, and so rounds it between the
extremes of all steps. Computed in float32, whose own errors are far smaller.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstm_parity.reference.noise.arithmetics import FACTOR_STEP, NATIVE, Arithmetic
from lstm_parity.reference.noise.kept_weights import keep_weights
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.noise.simulation import Differences
from lstm_parity.reference.weights import CellWeights, LSTMWeights

_OF_TORCH = 127  # levels of 8-bit factors that are reduced to 7 bits
_FLIPS = NATIVE["float32"].value  # relative: what may turn a rounding of a factor the other way


def simulate_kept_weights(
    arithmetics: Sequence[Arithmetic], x: Array, weights: LSTMWeights, generator: np.random.Generator
) -> Differences:
    """Run K cases from zero states in each arithmetic, all with weights in fewer bits.

    x: (K, T, B, I), float64; weights: NumPy arrays with a case axis. Returns differences (A, K): from the exact answer,
    and between two runs whose factors of 8 bits are rounded the other way where a roundoff of float32 decides; 0 if all
    that differs are the roundings of float32.
    """
    steps = np.swapaxes(x, 0, 1).astype(np.float32)
    right = _run(steps, weights, 0, None)
    exact, pair = [], []
    for a in arithmetics:
        kept = keep_weights(weights, a.weights)
        levels = round(FACTOR_STEP / a.factors) if a.factors else 0
        first = _run(steps, kept, levels, None)
        exact.append(_largest(first, right))
        pair.append(_largest(first, _run(steps, kept, levels, generator)) if levels else np.zeros(len(x)))
    return Differences(np.array(exact), np.array(pair), np.array(pair))


def _largest(some: list[Array], others: list[Array]) -> Array:
    """Return the largest differences of K cases, whose axis is the second."""
    found = [np.abs(one - other).max((0, 2, 3)) for one, other in zip(some, others, strict=True)]
    return np.asarray(np.max(found, 0), np.float64)


def _run(x: Array, weights: LSTMWeights, levels: int, generator: np.random.Generator | None) -> list[Array]:
    """Return output, and h_n and c_n of every layer and direction; (., K, B, .) each."""
    states = []
    for directions in weights.cells:
        halves = []
        for direction, cell in enumerate(directions):
            order = slice(None, None, -1 if direction else 1)
            h, c = _run_layer(x[order], cell, levels, generator)
            halves.append(h[order])
            states += [h[-1:], c]
        x = np.concatenate(halves, -1)
    return [x, *states]


def _run_layer(x: Array, cell: CellWeights, levels: int, generator: np.random.Generator | None) -> tuple[Array, Array]:
    matrices = cell.map(lambda w: np.ascontiguousarray(np.swapaxes(w, -1, -2) if w.ndim == 3 else w, np.float32))
    T, K, B, _ = x.shape
    h, c = np.zeros((K, B, cell.output_size), np.float32), np.zeros((K, B, cell.hidden_size), np.float32)
    bias = np.float32(0.0) if matrices.b_ih is None else (matrices.b_ih + matrices.b_hh)[:, None]
    outputs = np.empty((T, *h.shape), np.float32)
    if levels == _OF_TORCH:
        x = _round_factor(x, levels, generator, (0, -2, -1))
    for t in range(T):
        z = (x[t] if levels == _OF_TORCH else _round_factor(x[t], levels, generator)) @ matrices.w_ih + bias
        z += _round_factor(h, levels, generator) @ matrices.w_hh
        i, f, g, o = np.split(z, 4, axis=-1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        if matrices.w_hr is not None:
            h = _round_factor(h, levels, generator) @ matrices.w_hr
        outputs[t] = h
    return outputs, c[None]


def _round_factor(
    x: Array, levels: int, generator: np.random.Generator | None, axes: tuple[int, ...] = (-2, -1)
) -> Array:
    """Round numbers to so many levels between the least and the largest along axes, and 0; as they are for 0."""
    if not levels:
        return x
    if generator is not None:
        x = x * (1.0 + np.float32(_FLIPS) * generator.standard_normal(x.shape, np.float32))
    low, high = (extreme(x, axes, keepdims=True, initial=0.0) for extreme in (np.min, np.max))
    scale = np.where(high > low, (high - low) / levels, np.float32(1.0))
    zero = np.round(-low / scale)
    return np.asarray((np.round(x / scale + zero) - zero) * scale, np.float32)


def _sigmoid(z: Array) -> Array:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * z))
