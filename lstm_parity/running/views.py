"""What somebody made of an LSTM's outputs before they wrote numbers down: a part of them, or what other layers return.

A view is a function of output (T, B, D*P), h_n (L*D, B, P) and c_n (L*D, B, H), canonical, on values that carry their
rounding noise, so that a view is judged as the tensors are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

import numpy as np

from lstm_parity.reference.noise import model as rounding
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.model import Array, Matrix, Noisy

LAST_STATE = "last layer's h_n"  # as a source: its directions side by side, (B, D*P)
MERGES = ("sum", "mean", "mul")


class Step(Protocol):
    """One thing that is done to an array."""

    def apply(self, a: Arithmetic, x: Noisy) -> Noisy:
        """Return the result, with the noise of this arithmetic."""


@dataclass(frozen=True, eq=False)
class View:
    """A tensor, or the last layer's h_n, and what was done to it in order.

    directions: D, by which `LAST_STATE` is cut out of h_n.
    """

    source: str
    steps: tuple[Step, ...] = ()
    directions: int = 1

    def read(self, a: Arithmetic, tensors: Mapping[str, Noisy]) -> Noisy:
        """Return the view of the tensors."""
        if self.source == LAST_STATE:
            h_n = tensors["h_n"][-self.directions :]
            parts = [h_n[k] for k in range(self.directions)]
            start = Noisy(*(np.concatenate([getattr(p, n) for p in parts], -1) for n in ("value", "deviation")))
        else:
            start = tensors[self.source]
        return reduce(lambda x, step: step.apply(a, x), self.steps, start)


@dataclass(frozen=True, eq=False)
class Seen:
    """Numbers of a view, and how far they are rounded: half a unit of the last digit, 0 if they are not.

    known: which elements are given; None if all are.
    """

    name: str
    got: Array
    view: View
    rounding: Array | float = 0.0
    known: Array | None = None


def see(a: Arithmetic, seen: Sequence[Seen], tensors: Mapping[str, Noisy]) -> dict[str, Noisy]:
    """Return the views of tensors with noise, by name; an element that is not given is as given, without noise."""
    found = {one.name: one.view.read(a, tensors) for one in seen}
    return {one.name: _without_unknown(one, found[one.name]) for one in seen}


def _without_unknown(one: Seen, found: Noisy) -> Noisy:
    noise = rounding.combine(found.deviation, np.broadcast_to(one.rounding, found.value.shape))
    if one.known is None:
        return Noisy(found.value, noise)
    return Noisy(np.where(one.known, found.value, one.got), np.where(one.known, noise, 0.0))


@dataclass(frozen=True)
class Merge:
    """Two directions made one: their sum, mean or product; (..., 2P) -> (..., P)."""

    kind: str

    def apply(self, a: Arithmetic, x: Noisy) -> Noisy:
        """Return the result, rounded once."""
        half = x.value.shape[-1] // 2
        one, other = x[..., :half], x[..., half:]
        if self.kind == "mul":
            return rounding.product(a, one, other)
        scale = 0.5 if self.kind == "mean" else 1.0
        value = (one.value + other.value) * scale
        noise = rounding.combine(one.deviation * scale, other.deviation * scale, a.value * np.abs(value))
        return rounding.noisy(value, noise + a.floor)


@dataclass(frozen=True, eq=False)
class Index:
    """One part of an array, such as the last step: an index of the first axis, which goes."""

    index: Any

    def apply(self, a: Arithmetic, x: Noisy) -> Noisy:
        """Return it."""
        return x[self.index]


@dataclass(frozen=True, eq=False)
class LastStep:
    """The last valid step of each row: (T, B, F) -> (B, F)."""

    lengths: tuple[int, ...]

    def apply(self, a: Arithmetic, x: Noisy) -> Noisy:
        """Return it."""
        return x[np.array(self.lengths) - 1, np.arange(len(self.lengths))]


@dataclass(frozen=True)
class Zeros:
    """Padding in place of a step: (T, B, F) -> (B, F)."""

    def apply(self, a: Arithmetic, x: Noisy) -> Noisy:
        """Return zeros."""
        return Noisy(np.zeros(x.value.shape[1:]))


@dataclass(frozen=True, eq=False)
class Pool:
    """The mean or the maximum over the valid steps of each row: (T, B, F) -> (B, F)."""

    kind: str
    lengths: tuple[int, ...]

    def apply(self, a: Arithmetic, x: Noisy) -> Noisy:
        """Return it; the noise of a maximum is the largest of those that may be the maximum."""
        lengths = np.array(self.lengths)
        valid = (np.arange(len(x.value))[:, None] < lengths)[..., None]
        if self.kind == "max":
            value = np.where(valid, x.value, -np.inf)
            top = value.max(0)
            near = valid & (value + 4.0 * x.deviation >= top)
            return Noisy(top, np.where(near, x.deviation, 0.0).max(0))
        count = lengths[:, None].astype(np.float64)
        value = np.where(valid, x.value, 0.0).sum(0) / count
        size = np.sqrt(np.where(valid, np.square(x.value), 0.0).sum(0) * count) / count
        carried = np.where(valid, x.deviation, 0.0).sum(0) / count
        return Noisy(value, rounding.combine(carried, a.value * size, a.value * np.abs(value)) + a.floor)


@dataclass(frozen=True, eq=False)
class Linear:
    """An nn.Linear: weight (outputs, inputs), bias (outputs) or None."""

    weight: Array
    bias: Array | None = None

    def apply(self, a: Arithmetic, x: Noisy) -> Noisy:
        """Return `x @ weight^T + bias`, stored in the layer's type."""
        bias = None if self.bias is None else self.bias[None]
        whole = Noisy(x.value[None], x.deviation[None])
        total = rounding.rounded_sum(a, rounding.sum_of_products(whole, Matrix.of(self.weight[None]), bias))
        return rounding.store(a, total)[0]


@dataclass(frozen=True, eq=False)
class LayerNorm:
    """An nn.LayerNorm over an axis, by default the features: gain and shift (features), or None.

    eps: added to the variance. ddof: what is subtracted from the number that the variance is divided by, 0 as it is.
    """

    gain: Array | None = None
    shift: Array | None = None
    eps: float = 1e-5
    ddof: int = 0
    axis: int = -1

    def apply(self, a: Arithmetic, x: Noisy) -> Noisy:
        """Return `(x - mean) / sqrt(variance + eps) * gain + shift`, stored in the layer's type."""
        n, axis = x.value.shape[self.axis], self.axis
        mean = x.value.mean(axis, keepdims=True)
        spread = np.sqrt(np.var(x.value, axis, ddof=min(self.ddof, n - 1), keepdims=True) + self.eps)
        z = (x.value - mean) / spread
        size = np.sqrt(np.square(x.value).mean(axis, keepdims=True))
        centred = rounding.combine(
            x.deviation,
            np.sqrt(np.square(x.deviation).sum(axis, keepdims=True)) / n,
            a.value * np.abs(x.value),
            np.broadcast_to(a.value * (np.abs(mean) + size), z.shape),
        )
        scaled = np.abs(z) * np.sqrt(np.square(z * centred / spread).sum(axis, keepdims=True)) / n
        found = Noisy(z, rounding.combine(centred / spread, scaled, 3.0 * a.value * np.abs(z)))
        gain, shift = np.ones(1) if self.gain is None else self.gain, np.zeros(1) if self.shift is None else self.shift
        value = z * gain + shift
        moved = np.abs(gain) * found.deviation, a.value * np.abs(z * gain), a.value * np.abs(value)
        return rounding.store(a, rounding.noisy(value, rounding.combine(*moved) + a.floor))


@dataclass(frozen=True, eq=False)
class Scale:
    """Standardisation by a mean and a standard deviation of each feature, or back from it."""

    mean: Array
    spread: Array
    back: bool = False

    def apply(self, a: Arithmetic, x: Noisy) -> Noisy:
        """Return `(x - mean) / spread`, or `x * spread + mean`, each operation rounded once."""
        if self.back:
            value, product = x.value * self.spread + self.mean, x.value * self.spread
            own = a.value * np.abs(product), a.value * np.abs(value)
            return rounding.noisy(value, rounding.combine(np.abs(self.spread) * x.deviation, *own) + a.floor)
        centred = x.value - self.mean
        value = centred / self.spread
        moved = np.abs(1.0 / self.spread) * x.deviation, 2.0 * a.value * np.abs(value)
        return rounding.noisy(value, rounding.combine(*moved) + a.floor)


@dataclass(frozen=True)
class Activation:
    """A function of each element, or of an axis: sigmoid, tanh, relu, softmax, log_softmax."""

    kind: str
    axis: int = -1

    def apply(self, a: Arithmetic, x: Noisy) -> Noisy:
        """Return the result."""
        if self.kind in ("sigmoid", "tanh"):
            return rounding.sigmoid(a, x) if self.kind == "sigmoid" else rounding.tanh(a, x)
        if self.kind == "relu":
            return Noisy(np.maximum(x.value, 0.0), np.where(x.value > -4.0 * x.deviation, x.deviation, 0.0))
        turned = Noisy(*(np.moveaxis(part, self.axis, -1) for part in (x.value, x.deviation)))
        found = _softmax(a, turned, logarithm=self.kind == "log_softmax")
        return Noisy(*(np.moveaxis(part, -1, self.axis) for part in (found.value, found.deviation)))


ACTIVATIONS = ("sigmoid", "tanh", "relu", "softmax", "log_softmax")


def _softmax(a: Arithmetic, x: Noisy, *, logarithm: bool) -> Noisy:
    """Compute the softmax or its logarithm over the last axis: the noise of all arguments moves each."""
    shifted = x.value - x.value.max(-1, keepdims=True)
    total = np.exp(shifted).sum(-1, keepdims=True)
    p = np.exp(shifted) / total
    spread = np.sqrt(np.square(p * x.deviation).sum(-1, keepdims=True))
    moved = rounding.combine((1.0 - p) * x.deviation, np.broadcast_to(spread, p.shape))
    own = a.value * (2.0 + np.abs(shifted))
    if logarithm:
        value = shifted - np.log(total)
        return rounding.noisy(value, rounding.combine(moved, own + a.value * np.abs(x.value)) + a.floor)
    return rounding.noisy(p, p * rounding.combine(moved, own) + a.floor)
