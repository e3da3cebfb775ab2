"""The steps of a large layer whose hidden states are known, in few passes, with noise as float32 variances.

The same rules as in `model.py`, for what they come to in the plain case: nothing brings noise but c, no weight is a
copy of its neighbour, sums are as wide as values, no number is above `_LARGEST`, and noise is so small that activations
are straight within its reach. Values are float64 as everywhere; noise is a scale, of which float32 keeps seven digits.
Variances are squares, which float32 holds between 1e-30 and 1e30 only: if one is outside, or anything is not finite,
nothing is returned, and `forward.py` computes the layer by the rules themselves, in float64.
`tests/reference/test_known_steps.py` compares the two.

Shapes: N cases, T steps, B batch rows, I inputs, P outputs of a direction, H hidden units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.model import ACTIVATION_ROUNDOFFS, Array, Matrix, Noisy

SMALLEST = 2**16  # gate sums of a call, below which it is calls that cost and not passes
_PRODUCTS = 2**20  # gate sums at a time, for matrix products are faster with many rows ...
_PASSES = 2**16  # ... and passes if the numbers and their noise fit a processor's cache
_LEAST, _MOST = np.float32(1e-30), np.float32(1e30)  # variances between which sums and products of them are safe
_FARTHEST = (1.0 / 256.0) ** 2  # the variance of an argument up to which an activation is straight
_LARGEST = 1e4  # of inputs, states and weights: the squares of smaller ones do not matter if they underflow
_NARROWEST = 2.0**-40  # roundoffs below that have squares that float32 cannot hold


def is_plain(a: Arithmetic) -> bool:
    """Whether an arithmetic rounds nothing but what is computed, and no more finely than a float32 variance can say."""
    return not a.factors and _NARROWEST < a.value <= a.accumulation and a.largest > _MOST


@dataclass(frozen=True, eq=False)
class GateWeights:
    """The weights of both products of a layer, one above the other: (N, I + P, 4H), and squared, in float32.

    bias: (N, 1, 1, 4H), the sum of both, and the sum of their squares; biases: how many there are.
    """

    matrices: tuple[Matrix, Matrix]
    w: Array
    squares: Array
    bias: Array
    squared_bias: Array
    biases: int

    @classmethod
    def of(cls, matrices: tuple[Matrix, Matrix], biases: tuple[Array | None, Array | None]) -> GateWeights | None:
        """Prepare weights; None if they are not plain: copies of one another, many zeros, or too large."""
        w = np.concatenate([matrix.w_t for matrix in matrices], 1)
        there = [bias[:, None, None] for bias in biases if bias is not None]
        largest = max(float(np.abs(numbers).max()) for numbers in (w, *there))
        if not largest <= _LARGEST or not all(matrix.full and matrix.copies is None for matrix in matrices):
            return None
        nothing = np.zeros((len(w), 1, 1, w.shape[-1]))
        squared = sum((np.square(bias) for bias in there), nothing).astype(np.float32)
        squares = np.square(w, dtype=np.float32)
        return cls(matrices, w, squares, sum(there, nothing), squared, len(there))

    def terms(self, x: Array, h: Array, block: int) -> Array:
        """Count the terms of gate sums, (N, T, B, 1), by the rules for so many steps at a time."""
        counted = np.full((*x.shape[:-1], 1), float(self.biases))
        for steps in _blocks(slice(0, x.shape[1]), block):
            for factors, matrix in zip((x, h), self.matrices, strict=True):
                counted[:, steps] += matrix.terms(factors[:, steps])
        return counted


@dataclass(frozen=True, eq=False)
class KnownSteps:
    """h (N, T, B, H), as it is returned or before a projection, and c (N, B, H) after the last step."""

    h: Noisy
    c: Noisy


def follow(
    a: Arithmetic, x: Array, h: Array, c: Noisy, weights: GateWeights, valid: Array, terms: Array, projected: bool
) -> KnownSteps | None:
    """Compute all steps from inputs x (N, T, B, I) and the states h (N, T, B, P) before each; valid: (N, T, B, 1).

    terms: of the gate sums, (N, T, B, 1). projected: whether h is projected before it is returned. None if they need
    the rules themselves.
    """
    value, noise = c.value, c.deviation
    shape = (*x.shape[:-1], value.shape[-1])
    values, noises = np.empty(shape), np.empty(shape)
    roundoff = a.value**2 + (0.0 if projected else a.state**2)
    factors = (a.accumulation**2 * terms + 2.0 * a.product**2).astype(np.float32)
    for rows in _blocks(slice(0, shape[1]), _PRODUCTS // (4 * value.size)):
        sums = _multiply(x[:, rows], h[:, rows], weights)
        if sums is None:
            return None
        for now in _blocks(rows, _PASSES // (4 * value.size)):
            inside = slice(now.start - rows.start, now.stop - rows.start)
            gates = _gate_sums(sums, inside, weights, factors[:, now])
            step = (
                None
                if gates is None
                else _steps(a, gates, _Cell(value[:, None], noise[:, None]), valid[:, now], roundoff)
            )
            if step is None:
                return None
            values[:, now], cell = step[0].value, step[1]
            np.sqrt(step[0].variance, out=noises[:, now])
            value, noise = cell.value[:, -1], cell.noise[:, -1]
    return KnownSteps(Noisy(values, noises), Noisy(value, noise))


def _blocks(steps: slice, size: int) -> list[slice]:
    """Cut steps into blocks of so many, of one at least."""
    starts = range(steps.start, steps.stop, max(1, size))
    return [slice(start, min(start + starts.step, steps.stop)) for start in starts]


@dataclass(frozen=True, eq=False)
class _Narrow:
    """Values, float64, and their variances, float32."""

    value: Array
    variance: Array


@dataclass(frozen=True, eq=False)
class _Cell:
    """Cell states (N, T, B, H) and their noise, float64."""

    value: Array
    noise: Array


def _multiply(x: Array, h: Array, weights: GateWeights) -> _Narrow | None:
    """Compute the products of some steps, without biases, and the sums of their squares."""
    factors = np.concatenate([x, h], -1).reshape(len(x), -1, weights.w.shape[1])
    if not np.abs(factors).max() <= _LARGEST:
        return None
    shape = (*x.shape[:-1], weights.w.shape[-1])
    squares = np.square(factors, dtype=np.float32)
    return _Narrow((factors @ weights.w).reshape(shape), (squares @ weights.squares).reshape(shape))


def _gate_sums(sums: _Narrow, steps: slice, weights: GateWeights, factors: Array) -> list[_Narrow] | None:
    """Add the biases and compute the noise of the sums, gate by gate."""
    size, gates = weights.w.shape[-1] // 4, list[_Narrow]()
    for columns in (slice(k * size, (k + 1) * size) for k in range(4)):
        value = sums.value[:, steps, :, columns] + weights.bias[..., columns]
        variance = sums.variance[:, steps, :, columns] + weights.squared_bias[..., columns]
        variance += np.square(value, dtype=np.float32)
        variance *= factors
        gates.append(_Narrow(value, variance))
    return gates if all(_holds(gate.variance, _FARTHEST) for gate in gates) else None


def _steps(
    a: Arithmetic, gates: list[_Narrow], c: _Cell, valid: Array, roundoff: float
) -> tuple[_Narrow, _Cell] | None:
    """Compute h, before a projection, and c of some steps, from gate sums, which are overwritten, and the c before.

    roundoff: the square of what h is rounded with.
    """
    i, f, g, o = gates
    for gate in (i, f, o):
        _sigmoid(a, gate)
    _tanh(a, g)
    cell = _carry(a, f, _product(i, g, a.value**2), c, valid)
    if cell is None:
        return None
    squashed = _Narrow(cell.value.copy(), np.square(cell.noise, dtype=np.float32))
    if not squashed.variance.max() <= _FARTHEST:
        return None
    _tanh(a, squashed)
    h = _product(o, squashed, roundoff)
    judged = h.variance if valid.all() else np.where(valid, h.variance, 1.0)  # before a row begins, c may be exact
    return (h, cell) if _holds(judged, _MOST) else None


def _holds(variance: Array, most: Any) -> bool:
    """Whether variances are finite, none too small to be trusted, and none above `most`."""
    return bool(variance.min() >= _LEAST and variance.max() <= most)


def _sigmoid(a: Arithmetic, z: _Narrow) -> None:
    """Replace z by the logistic function of it, accurate relatively on both sides of zero."""
    y = z.value
    np.negative(y, out=y)
    np.exp(y, out=y)
    y += 1.0
    np.divide(1.0, y, out=y)
    slope = np.subtract(1.0, y)
    slope *= y
    _activate(a, z, slope)


def _tanh(a: Arithmetic, z: _Narrow) -> None:
    y = np.tanh(z.value, out=z.value)
    slope = np.square(y)
    _activate(a, z, np.subtract(1.0, slope, out=slope))


def _activate(a: Arithmetic, z: _Narrow, slope: Array) -> None:
    variance = z.variance
    variance *= np.square(slope, dtype=np.float32)
    own = z.value.astype(np.float32)
    np.abs(own, out=own)
    own *= np.float32(ACTIVATION_ROUNDOFFS * a.value)
    own += np.float32(a.activation)
    variance += np.square(own, out=own)


def _product(one: _Narrow, other: _Narrow, roundoff: float) -> _Narrow:
    """Multiply, rounded with a variance of so many squares of the product."""
    value = one.value * other.value
    variance = np.square(one.value, dtype=np.float32)
    variance += one.variance
    variance *= other.variance
    crossed = np.square(other.value, dtype=np.float32)
    crossed *= one.variance
    variance += crossed
    np.square(value, out=crossed, dtype=np.float32)
    crossed *= np.float32(roundoff)
    variance += crossed
    return _Narrow(value, variance)


def _carry(a: Arithmetic, f: _Narrow, ig: _Narrow, first: _Cell, valid: Array) -> _Cell | None:
    """Compute `c_t = f_t c_(t-1) + ig_t`, held at steps that are not valid; its noise adds linearly, in float64."""
    before, after = np.empty_like(f.value), np.empty_like(f.value)
    c, noise = first.value[:, 0], first.noise[:, 0]
    for t in range(f.value.shape[1]):
        before[:, t] = c
        np.multiply(f.value[:, t], c, out=after[:, t])
        after[:, t] += ig.value[:, t]
        np.copyto(after[:, t], c, where=~valid[:, t])
        c = after[:, t]
    own = np.square(before, dtype=np.float32)
    own *= f.variance + np.square(f.value, dtype=np.float32) * np.float32(a.value**2)
    own += ig.variance
    own += np.square(after, dtype=np.float32) * np.float32(max(a.value, a.state) ** 2)
    if not _holds(own, _MOST):
        return None
    noises = np.sqrt(own, dtype=np.float64)
    noises += a.floor
    for t in range(f.value.shape[1]):
        noises[:, t] += f.value[:, t] * noise
        np.copyto(noises[:, t], noise, where=~valid[:, t])
        noise = noises[:, t]
    return _Cell(after, noises)
