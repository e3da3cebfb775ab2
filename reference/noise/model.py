"""The rounding noise of LSTM arithmetic: how far a correct implementation may be expected to be from the exact value.

Every value here is a pair: the exact number, computed in float64, and its *noise*, the expected deviation of a correct
implementation in a given arithmetic. The noise is a scale, not a bound: a verdict measures deviations in units of it.

The derivation, to first order, with the rounding errors of one step independent of each other
(Higham and Mary 2019, "A new approach to probabilistic rounding error analysis", doi:10.1137/18M1226312):

*Sums.* A sum of n terms t, added in any order with roundoff u, makes n rounding errors of at most u times a partial
sum. A partial sum grows with the squares of its terms if their signs are random, and with their sum if they are
not: the variance is at most `u^2 n (sum of t^2 + result^2)`. Only terms that are not zero
count. Factors that are rounded to a roundoff p before they are multiplied add `2 p^2 (sum of t^2 + result^2)`. Layers
of the narrow types accumulate in float32; then they add the products with x, those with h and the biases in their own
type, with roundoff v, in some order: `2 v^2 (sum of their squares + result^2)`.

*Equal terms.* If terms of a sum are copies of their neighbours, every addition within a power of two rounds the same
way, and m such terms add up to an error of at most `u m |partial sum|`: a quarter of that is added as a deviation.

*Returned states.* A state that is kept in a wider or narrower type than it is returned in is uncertain by its rounding.

*Incoming noise* passes through a matrix in two ways: through `w^2` as a variance, as if the errors of all elements were
independent, and through `w` as a deviation, as if they were equal, which they are if the elements are copies.

*Activations.* The argument's noise s moves the value by at most s times the steepest slope within 4 s, never by more
than the function's range (the slope at the point itself dies in saturation, where the function is not straight over
the width of the noise). The function itself is accurate to `a u |value|`, or, in some arithmetics, absolutely.

*Products and sums of two* follow the usual rules, cross terms kept, one rounding each.

*The cell state* is carried through time by us. A slowly moving c rounds the same way a thousand times, so its
deviation adds linearly: `noise(c_t) = |f_t| noise(c_(t-1)) + (the step's own noise)`.

*Underflow.* The smallest normal number (in float16 the smallest number at all, since nothing flushes float16 numbers
to zero) is added as a deviation wherever a value is rounded. Squares are not trusted to survive where deviations do:
see `combine`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_parity.reference.noise.arithmetics import Arithmetic

Array = NDArray[Any]

ACTIVATION_ROUNDOFFS = 2.0  # the error of a good tanh or sigmoid in units of u, measured on oneDNN and native torch
_COPIES = 2.0**-20  # how far, relatively, copies of one number may differ
_FEW_TERMS = 0.125  # the share of zeros among factors up to which they are counted as terms
_MANY_TERMS = 0.25  # the share of copies among the weights of an output from which on they are counted
_SQUARES_UNDERFLOW = 1e-150
_REACH = 4.0  # how many noises of its argument an activation is followed


@dataclass(frozen=True, eq=False)
class Noisy:
    """Exact values and their noise, float64 arrays of one shape; noise is None if the values are exactly known."""

    value: Array
    noise: Array | None = None

    def __getitem__(self, index: Any) -> Noisy:
        return Noisy(self.value[index], None if self.noise is None else self.noise[index])

    @property
    def deviation(self) -> Array:
        """The noise as an array: zeros if the values are exactly known."""
        return np.zeros_like(self.value) if self.noise is None else self.noise


def noisy(value: Array, noise: Array) -> Noisy:
    """Pair values with their noise; infinities and NaN have none, and an infinite or NaN noise becomes 0."""
    if not np.isfinite(noise.sum()):
        noise = np.where(np.isfinite(noise), noise, 0.0)
    return Noisy(value, noise)


def combine(*deviations: Array) -> Array:
    """Combine independent deviations: the root of the sum of squares, and never less than the largest one.

    The largest one counts if squares underflow, below 1e-154.
    """
    total = np.square(deviations[0])
    scratch = np.empty_like(total)
    for deviation in deviations[1:]:
        total += np.square(deviation, out=scratch) if deviation.shape == total.shape else np.square(deviation)
    np.sqrt(total, out=total)
    if total.size and not total.min() >= _SQUARES_UNDERFLOW:  # (NaN of another case must not hide that)
        for deviation in deviations:
            np.maximum(total, deviation, out=total)
    return np.asarray(total)


@dataclass(frozen=True, eq=False)
class Sum:
    """A part of a sum of products, before anything is rounded: `x @ w^T + bias`.

    root: of the sum of the squared products. terms: the number of non-zero products. bias: the bias that `value` holds,
    or None. incoming: the noise that the inputs bring, or None. equal: how many products are copies of the one before,
    or None if they are few.
    """

    value: Array
    root: Array
    terms: Array | float
    bias: Array | None = None
    incoming: Array | None = None
    equal: Array | None = None

    def __getitem__(self, index: Any) -> Sum:
        return Sum(
            self.value[index],
            self.root[index],
            self.terms[index] if isinstance(self.terms, np.ndarray) else self.terms,
            self.bias,
            None if self.incoming is None else self.incoming[index],
            None if self.equal is None else self.equal[index],
        )


@dataclass(frozen=True, eq=False)
class Matrix:
    """A weight matrix (cases, outputs, inputs) prepared for `sum_of_products`, once for all steps.

    w_t: its transpose. squares: those of its entries, float32, scaled column by column so that no significant one
    underflows. full: whether each output has few zero weights. copies: 1.0 where a weight is a copy of the one before,
    (cases, inputs - 1, outputs), 0.0 in cases with few copies; None if no case has many.
    """

    w_t: Array
    squares: Array
    scale: Array
    full: bool
    copies: Array | None

    @classmethod
    def of(cls, w: Array) -> Matrix:
        """Prepare a matrix w (cases, outputs, inputs)."""
        w_t = np.swapaxes(w, -1, -2)
        same = w_t[..., 1:, :] == w_t[..., :-1, :]
        many = same.mean(-2).max(-1) >= _MANY_TERMS if same.size else np.zeros(len(w), bool)
        copied = same & (w_t[..., 1:, :] != 0.0) & many[..., None, None]
        copies = copied.astype(np.float32) if many.any() else None
        full = _few_zeros(np.count_nonzero(w, axis=-1), w.shape[-1])
        return cls(w_t, *_scale_and_square(w_t, axis=-2), full, copies)

    def root_of_squares(self, x: Array) -> Array:
        """Return `sqrt(x^2 @ w_t^2)`, with infinite and NaN entries of x left out."""
        squares, scale = _scale_and_square(x, axis=-1)
        root = np.sqrt(squares @ self.squares) * scale
        root *= self.scale
        return np.asarray(root)

    def terms(self, x: Array) -> Array | float:
        """Count the non-zero products, (cases, rows, outputs or 1); the number of all if few are zero."""
        if self.full:
            counted = np.count_nonzero(x, axis=-1, keepdims=True)
            return float(x.shape[-1]) if _few_zeros(counted, x.shape[-1]) else counted.astype(np.float64)
        counted = (x != 0.0).astype(np.float32) @ (self.w_t != 0.0).astype(np.float32)
        return np.asarray(counted, np.float64)  # or float64's floor, times the count, would be float32's 0


def _few_zeros(counted: Array, size: int) -> bool:
    """Whether all of these counts of non-zero numbers are close to `size`."""
    return bool((counted > (1.0 - _FEW_TERMS) * size).all())


def _copies(x: Array) -> Array:
    """Return 1.0 where an input is non-zero and, up to rounding, a copy of the one before it; else 0.0."""
    ahead = x[..., 1:]
    return np.asarray((np.abs(np.diff(x)) <= _COPIES * np.abs(ahead)) & (ahead != 0.0), np.float32)


def _scale_and_square(x: Array, axis: int) -> tuple[Array, Array]:
    """Return the squares of x / scale in float32, and the scale: the largest magnitude along an axis."""
    scale = np.abs(x).max(axis, keepdims=True)
    if not np.isfinite(scale).all():
        x = np.where(np.isfinite(x), x, 0.0)
        scale = np.abs(x).max(axis, keepdims=True)
    scale = np.where(scale == 0.0, 1.0, scale)
    return np.square((x / scale).astype(np.float32)), scale


def sum_of_products(x: Noisy, w: Matrix, bias: Array | None = None) -> Sum:
    """Compute `x @ w^T + bias` for x (cases, ..., inputs), w (cases, outputs, inputs), bias (cases, outputs)."""
    shape = (*x.value.shape[:-1], w.w_t.shape[-1])
    rows = x.value.reshape(len(w.w_t), -1, w.w_t.shape[-2])
    value, root, terms = rows @ w.w_t, w.root_of_squares(rows), w.terms(rows)
    incoming = None
    if x.noise is not None:
        noise = x.noise.reshape(rows.shape)
        incoming = combine(w.root_of_squares(noise), np.abs(noise @ w.w_t)).reshape(shape)
    if bias is not None:
        value += bias[:, None]
        bias = bias.reshape(len(bias), *(1,) * (len(shape) - 2), shape[-1])
    equal = None if w.copies is None else (_copies(rows) @ w.copies).reshape(shape)
    terms = terms.reshape(*shape[:-1], -1) if isinstance(terms, np.ndarray) else terms
    return Sum(value.reshape(shape), root.reshape(shape), terms, bias, incoming, equal)


def rounded_sum(arithmetic: Arithmetic, *parts: Sum) -> Noisy:
    """Add up the parts with the noise of rounding them; a narrower type rounds each part and the total."""
    value, terms = sum(part.value for part in parts), _terms(parts)
    biases = [np.abs(part.bias) for part in parts if part.bias is not None]
    factor = np.sqrt(arithmetic.accumulation**2 * terms + 2.0 * arithmetic.product**2)
    deviations = [factor * combine(np.abs(value), *(part.root for part in parts), *biases)]
    if arithmetic.value > arithmetic.accumulation:
        addends = [part.value if part.bias is None else part.value - part.bias for part in parts] + biases
        deviations += [np.sqrt(2.0) * arithmetic.value * np.abs(addend) for addend in (value, *addends)]
    deviations += [part.incoming for part in parts if part.incoming is not None]
    if equal := [part.equal for part in parts if part.equal is not None]:
        largest = np.abs(value) + sum(np.abs(part.value) for part in parts)
        deviations.append(0.25 * arithmetic.accumulation * sum(equal) * largest)
    noise = combine(*deviations) if len(deviations) > 1 else deviations[0]
    return noisy(np.asarray(value), noise + terms * arithmetic.floor)


def _terms(parts: tuple[Sum, ...]) -> Any:
    """Count the terms of all parts, biases included."""
    return sum(part.terms + (part.bias is not None) for part in parts)


def may_overflow(arithmetic: Arithmetic, *parts: Sum) -> Array:
    """Return where a partial sum of finite terms may overflow the type in some order of addition (Cauchy-Schwarz)."""
    terms, biases = np.sqrt(_terms(parts)), [np.abs(0.0 if part.bias is None else part.bias) for part in parts]
    largest = sum(part.root.max() + bias.max() for part, bias in zip(parts, biases, strict=True))
    if np.max(terms) * largest <= arithmetic.largest:
        return np.zeros(parts[0].value.shape, bool)
    value = sum(part.value for part in parts)
    root = sum(part.root + bias for part, bias in zip(parts, biases, strict=True))
    return np.asarray(np.isfinite(value) & (terms * root > arithmetic.largest))


def sigmoid(arithmetic: Arithmetic, z: Noisy) -> Noisy:
    """Compute the logistic function and its noise, with relative accuracy on both sides of zero."""
    small = np.exp(-np.abs(z.value))
    value = np.where(z.value < 0.0, small, 1.0) / (1.0 + small)
    if _straight(z):
        return _activate(arithmetic, z, value, value * (1.0 - value), 1.0)
    decay = np.exp(-_nearest_to_zero(z))
    return _activate(arithmetic, z, value, decay / np.square(1.0 + decay), 1.0)


def tanh(arithmetic: Arithmetic, z: Noisy) -> Noisy:
    """Compute the hyperbolic tangent and its noise."""
    value = np.tanh(z.value)
    if _straight(z):
        return _activate(arithmetic, z, value, 1.0 - np.square(value), 2.0)
    decay = np.exp(-2.0 * _nearest_to_zero(z))
    return _activate(arithmetic, z, value, 4.0 * decay / np.square(1.0 + decay), 2.0)


def _straight(z: Noisy) -> bool:
    """Whether the noise is so small that the slope changes by at most one part in thirty within its reach."""
    return bool(_REACH * z.deviation.max() < 1.0 / 64.0)


def _nearest_to_zero(z: Noisy) -> Array:
    """Return the smallest magnitude within reach of z, where both functions are steepest."""
    return np.maximum(np.abs(z.value) - _REACH * z.deviation, 0.0)


def _activate(arithmetic: Arithmetic, z: Noisy, value: Array, slope: Array, span: float) -> Noisy:
    moved = np.minimum(z.deviation * slope, span)
    own = np.abs(value)
    own *= ACTIVATION_ROUNDOFFS * arithmetic.value
    own += arithmetic.activation
    noise = combine(moved, own)
    noise += arithmetic.floor
    return noisy(value, noise)


def product(arithmetic: Arithmetic, a: Noisy, b: Noisy) -> Noisy:
    """Multiply elementwise, rounded once."""
    value = a.value * b.value
    crossed = (a.deviation * np.abs(b.value), np.abs(a.value) * b.deviation, a.deviation * b.deviation)
    return noisy(value, combine(*crossed, arithmetic.value * np.abs(value)) + arithmetic.floor)


def as_returned(arithmetic: Arithmetic, x: Array) -> Noisy:
    """Return a given or returned state; uncertain by its rounding if the implementation may keep it in a wider type."""
    if arithmetic.state <= arithmetic.value:
        return Noisy(x)
    return noisy(x, arithmetic.state * np.abs(x) + arithmetic.floor)


def as_factor(arithmetic: Arithmetic, x: Noisy) -> Noisy:
    """Return x (..., rows, features) as it enters a product, uncertain by its rounding to a share of its range."""
    if not arithmetic.factors:
        return x
    low, high = (extreme(x.value, (-2, -1), keepdims=True, initial=0.0) for extreme in (np.min, np.max))
    return noisy(x.value, combine(x.deviation, np.broadcast_to(arithmetic.factors * (high - low), x.value.shape)))


def store(arithmetic: Arithmetic, x: Noisy) -> Noisy:
    """Round x to the type of the states, in which it is kept between steps and returned."""
    return noisy(x.value, combine(x.deviation, arithmetic.state * np.abs(x.value)) + arithmetic.floor)
