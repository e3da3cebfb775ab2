"""Back-propagation through time on values that carry their rounding noise: exact gradients and the scale beside them.

It reads like `numpy_backward.py`, with the rules of `model.py` in place of the operators, on arrays with a leading case
axis, like `forward.py`. No state of the implementation is used: the noise is that of the whole forward and backward
pass, to first order, so it is meant for short sequences. h and c on the way forward, and their adjoints on the way
back, err in the same direction at every step: their deviations add linearly. A slope is computed as implementations do,
from its own function's value: i (1 - i) and 1 - g^2. A weight's gradient is a sum over all steps and rows, which
autograd adds up step by step in the layer's own type: see `_step_by_step`.

Shapes: N cases, T steps, B batch rows, I inputs, P outputs of a direction, H hidden units, L layers, D directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from lstm_parity.reference.noise import model as rounding
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.axes import join, select, stack
from lstm_parity.reference.noise.model import Array, Matrix, Noisy, Sum
from lstm_parity.reference.weights import CellWeights, LSTMWeights

_States = tuple[Noisy, Noisy]


@dataclass(frozen=True, eq=False)
class Expected:
    """The expected gradients, each a Noisy: by input (N, T, B, I), h_0, c_0, and an LSTMWeights of them.

    hidden_noise: (N,) the largest noise of any h on the way forward; if it is not small, no gradient is expected.
    """

    input: Noisy
    h_0: Noisy
    c_0: Noisy
    weights: LSTMWeights
    hidden_noise: Array

    def named(self) -> dict[str, Any]:
        """Return every Noisy by name: `input`, `h_0`, `c_0`, then the weights by torch's names."""
        return {"input": self.input, "h_0": self.h_0, "c_0": self.c_0, **dict(self.weights.items())}


@dataclass(frozen=True, eq=False)
class _Cell:
    """The prepared weights of one layer and direction, for both passes."""

    forth: CellWeights  # of Matrix, and of biases as arrays
    back: CellWeights  # of transposed Matrix

    @classmethod
    def of(cls, weights: CellWeights) -> _Cell:
        matrices = replace(weights, b_ih=None, b_hh=None)
        forth = replace(matrices.map(Matrix.of), b_ih=weights.b_ih, b_hh=weights.b_hh)
        return cls(forth, matrices.map(lambda w: Matrix.of(np.swapaxes(w, -1, -2))))


@dataclass(frozen=True, eq=False)
class _Local:
    """`numpy_backward.Local` with noise: (N, T, B, .), or (N, B, .) for one step; m is o * tanh_c."""

    x: Noisy
    h: Noisy
    c: Noisy
    i: Noisy
    f: Noisy
    g: Noisy
    o: Noisy
    tanh_c: Noisy
    m: Noisy
    slope_i: Noisy
    slope_f: Noisy
    slope_g: Noisy
    slope_o: Noisy
    slope_c: Noisy

    def __getitem__(self, t: int) -> _Local:
        return _Local(*(getattr(self, field.name)[:, t] for field in fields(self)))


def lstm_backward(
    a: Arithmetic,
    x: Array,
    state: tuple[Array, Array],
    weights: LSTMWeights,
    d_output: Array,
    d_last: tuple[Array, Array],
    valid: Array,
    masks: Sequence[Array] = (),
) -> Expected:
    """Compute the gradients of N cases with their noise.

    x: (N, T, B, I), float64; state and d_last: (N, L*D, B, P) and (N, L*D, B, H); weights: with a case axis; d_output:
    (N, T, B, D*P); valid: (T, B, 1), False at padded steps; masks: (N, T, B, D*P) for every layer but the last.
    """
    cells = [[_Cell.of(cell) for cell in directions] for directions in weights.cells]
    tape, hidden_noise = _record(a, Noisy(np.where(valid, x, 0.0)), state, cells, valid, masks)
    d_x, d_states, d_cells = Noisy(np.where(valid, d_output, 0.0)), list[_States](), list[tuple[CellWeights, ...]]()
    for layer, directions in reversed(list(enumerate(cells))):
        back, size = [], d_x.value.shape[-1] // len(directions)
        for direction, cell in enumerate(directions):
            d_y, k = d_x[..., direction * size : (direction + 1) * size], layer * len(directions) + direction
            d_state = Noisy(d_last[0][:, k]), Noisy(d_last[1][:, k])
            back.append(_layer_backward(a, tape[layer][direction], d_y, d_state, cell, valid, direction == 1))
        d_x = back[0][0] if len(back) == 1 else _add(a, back[0][0], back[1][0])
        d_x = rounding.product(a, d_x, Noisy(masks[layer - 1])) if masks and layer > 0 else d_x
        d_states = [d for _, d, _ in back] + d_states
        d_cells = [tuple(d for _, _, d in back), *d_cells]
    d_h_0, d_c_0 = (stack(d) for d in zip(*d_states, strict=True))
    return Expected(d_x, d_h_0, d_c_0, LSTMWeights(tuple(d_cells)), hidden_noise)


def _record(
    a: Arithmetic, x: Noisy, state: tuple[Array, Array], cells: list[list[_Cell]], valid: Array, masks: Sequence[Array]
) -> tuple[list[list[_Local]], Array]:
    tape, hidden_noise = [], np.zeros(len(x.value))
    for layer, directions in enumerate(cells):
        x = rounding.product(a, x, Noisy(masks[layer - 1])) if masks and layer > 0 else x
        done = []
        for direction, cell in enumerate(directions):
            h, c = (Noisy(s[:, layer * len(directions) + direction]) for s in state)
            done.append(_layer_forward(a, x, h, c, cell.forth, valid, direction == 1))
        tape.append([s for s, _ in done])
        x = join([y for _, y in done], -1)
        hidden_noise = np.maximum(hidden_noise, x.deviation.reshape(len(hidden_noise), -1).max(-1))
    return tape, hidden_noise


def _layer_forward(
    a: Arithmetic, x: Noisy, h: Noisy, c: Noisy, weights: CellWeights, valid: Array, reverse: bool
) -> tuple[_Local, Noisy]:
    """Compute all steps of a layer, zero where a row has ended, and its output (N, T, B, P)."""
    from_input = rounding.sum_of_products(x, weights.w_ih, weights.b_ih)
    steps, output = [], []
    for t in reversed(range(len(valid))) if reverse else range(len(valid)):
        s, new_h, new_c = _step_forward(a, x[:, t], from_input[:, t : t + 1], h, c, weights)
        h, c = select(valid[t], new_h, h), select(valid[t], new_c, c)
        steps.append(s)
        output.append(h)
    order = slice(None, None, -1 if reverse else 1)
    parts = (stack([getattr(s, field.name) for s in steps[order]]) for field in fields(_Local))
    nothing = Noisy(np.zeros(()))
    return _Local(*(select(valid, part, nothing) for part in parts)), select(valid, stack(output[order]), nothing)


def _layer_backward(
    a: Arithmetic, s: _Local, d_y: Noisy, d_last: _States, cell: _Cell, valid: Array, reverse: bool
) -> tuple[Noisy, _States, CellWeights]:
    (d_h, d_c), d_zs, d_all = d_last, list[Noisy](), list[Noisy]()
    for t in range(len(valid)) if reverse else reversed(range(len(valid))):
        d_h = _add(a, d_h, d_y[:, t])
        d_all.append(d_h)
        d_z, old_h, old_c = _step_backward(a, s[t], d_h, d_c, cell.back)
        d_zs.append(d_z)
        d_h, d_c = select(valid[t], old_h, d_h), select(valid[t], old_c, d_c)
    order = slice(None, None, 1 if reverse else -1)
    d_z, d_hs = (select(valid, stack(d[order]), Noisy(np.zeros(()))) for d in (d_zs, d_all))
    d_x = rounding.rounded_sum(a, rounding.sum_of_products(d_z, cell.back.w_ih))
    return d_x, (d_h, d_c), _weights_backward(a, s, d_z, d_hs, cell.forth, reverse)


def _step_forward(
    a: Arithmetic, x: Noisy, from_input: Sum, h: Noisy, c: Noisy, weights: CellWeights
) -> tuple[_Local, Noisy, Noisy]:
    z = rounding.rounded_sum(a, from_input, rounding.sum_of_products(h[:, None], weights.w_hh, weights.b_hh))[:, 0]
    H = c.value.shape[-1]
    z_i, z_f, z_g, z_o = (z[..., k * H : (k + 1) * H] for k in range(4))
    i, f, o = (rounding.sigmoid(a, z) for z in (z_i, z_f, z_o))
    g = rounding.tanh(a, z_g)
    new_c = _add(a, _carry(a, c, f), rounding.product(a, i, g))
    tanh_c = rounding.tanh(a, new_c)
    m = rounding.product(a, o, tanh_c)
    new_h = m if weights.w_hr is None else _multiply(a, m, weights.w_hr)
    slopes = [_sigmoid_slope(a, z, y) for z, y in ((z_i, i), (z_f, f))]
    slopes += [_tanh_slope(a, z_g, g), _sigmoid_slope(a, z_o, o), _tanh_slope(a, new_c, tanh_c)]
    return _Local(x, h, c, i, f, g, o, tanh_c, m, *slopes), new_h, new_c


def _step_backward(
    a: Arithmetic, s: _Local, d_h: Noisy, d_c: Noisy, weights: CellWeights
) -> tuple[Noisy, Noisy, Noisy]:
    d_m = d_h if weights.w_hr is None else _multiply(a, d_h, weights.w_hr)
    d_c = _add(a, d_c, _product(a, d_m, s.o, s.slope_c))
    gates = [_product(a, d_c, s.g, s.slope_i), _product(a, d_c, s.c, s.slope_f)]
    gates += [_product(a, d_c, s.i, s.slope_g), _product(a, d_m, s.tanh_c, s.slope_o)]
    d_z = join(gates, -1)
    return d_z, _multiply(a, d_z, weights.w_hh), _carry(a, d_c, s.f)


def _weights_backward(
    a: Arithmetic, s: _Local, d_z: Noisy, d_h: Noisy, weights: CellWeights, reverse: bool
) -> CellWeights:
    ones = Noisy(np.ones((*d_z.value.shape[:-1], 1)))
    d_b = None if weights.b_ih is None else _outer(a, d_z, ones, reverse)[..., 0]
    d_w_hr = None if weights.w_hr is None else _outer(a, d_h, s.m, reverse)
    return CellWeights(_outer(a, d_z, s.x, reverse), _outer(a, d_z, s.h, reverse), d_b, d_b, d_w_hr)


def _outer(a: Arithmetic, d: Noisy, v: Noisy, reverse: bool) -> Noisy:
    """Compute the adjoint of w in v @ w^T, a sum over all steps and rows; both factors bring noise.

    Its elements may differ by hundreds of powers of ten, more than the float32 of `Matrix` holds.
    """
    one_by_one = _step_by_step(a, d.value, v.value, reverse)
    d, v = (Noisy(_columns(n.value), _columns(n.deviation)) for n in (d, v))
    v_t = Noisy(np.swapaxes(v.value, -1, -2), np.swapaxes(v.deviation, -1, -2))
    own = rounding.sum_of_products(d, Matrix.of(v.value))
    aligned = np.abs(d.deviation @ v_t.value), np.abs(d.value @ v_t.deviation)
    crossed = [_root(*pair) for pair in ((d.deviation, v_t.value), (d.value, v_t.deviation))]
    crossed.append(_root(d.deviation, v_t.deviation))  # the only term if d and h both come from a c near 0
    incoming = rounding.combine(*crossed, *aligned, one_by_one)
    return rounding.rounded_sum(a, replace(own, root=_root(d.value, v_t.value), incoming=incoming))


def _step_by_step(a: Arithmetic, d: Array, v: Array, reverse: bool) -> Array:
    """Compute the noise of adding up the sums of the steps one by one, back in time, each partial sum rounded.

    An addition errs by at most u |partial sum|, and by no more than the addend, which is lost whole if it is smaller
    than that (in bfloat16 a sum of equal terms stops growing after 256 of them). If the addend changed since the
    previous step by less than the spacing of the partial sum, successive errors are equal: three quarters of these
    bounds, the second one doubled, add up linearly, since losing whole addends is not random and all elements share it.
    """
    now = np.zeros((len(d), d.shape[-1], v.shape[-1]))
    total, independent, aligned = now, now, np.zeros_like(now)
    for t in range(d.shape[1]) if reverse else reversed(range(d.shape[1])):
        before, now = now, np.swapaxes(d[:, t], -1, -2) @ v[:, t]
        total = total + now
        lost = a.value * np.abs(total)
        independent = np.hypot(independent, lost)
        aligned += np.where(np.abs(now - before) <= 2.0 * lost, np.minimum(lost, 2.0 * np.abs(now)), 0.0)
    return np.nan_to_num(independent + 0.75 * aligned, nan=0.0, posinf=0.0)


def _root(d: Array, v_t: Array) -> Array:
    """Return the root of the sum of squared products, with infinite and NaN factors left out of the scale."""
    scale_d, scale_v = (np.max(np.abs(n), axis, keepdims=True) for n, axis in ((d, -1), (v_t, -2)))
    scale_d, scale_v = (np.where((s > 0.0) & np.isfinite(s), s, 1.0) for s in (scale_d, scale_v))
    return np.asarray(np.sqrt(np.square(d / scale_d) @ np.square(v_t / scale_v)) * scale_d * scale_v)


def _columns(array: Array) -> Array:
    """Reshape (N, T, B, K) -> (N, K, T*B)."""
    return np.swapaxes(array.reshape(len(array), -1, array.shape[-1]), -1, -2)


def _multiply(a: Arithmetic, x: Noisy, w: Matrix) -> Noisy:
    """Compute `x @ w^T` of one step, x (N, B, .)."""
    return rounding.rounded_sum(a, rounding.sum_of_products(x[:, None], w))[:, 0]


def _product(a: Arithmetic, *factors: Noisy) -> Noisy:
    product = factors[0]
    for factor in factors[1:]:
        product = rounding.product(a, product, factor)
    return product


def _carry(a: Arithmetic, c: Noisy, f: Noisy) -> Noisy:
    """Compute `f * c`; the deviation of c adds linearly."""
    value = f.value * c.value
    own = rounding.combine(f.deviation * np.abs(c.value), a.value * np.abs(value)) + a.floor
    return rounding.noisy(value, f.value * c.deviation + own)


def _add(a: Arithmetic, one: Noisy, other: Noisy) -> Noisy:
    """Add two values whose errors are not independent."""
    value = one.value + other.value
    return rounding.noisy(value, one.deviation + other.deviation + a.value * np.abs(value) + a.floor)


def _sigmoid_slope(a: Arithmetic, z: Noisy, y: Noisy) -> Noisy:
    """Compute `y (1 - y)` for y = sigmoid(z)."""
    small = np.exp(-np.abs(z.value))
    value = small / np.square(1.0 + small)
    moved = np.abs(1.0 - 2.0 * y.value) * y.deviation + np.square(y.deviation)
    return rounding.noisy(value, rounding.combine(moved, 2.0 * a.value * value) + a.floor)


def _tanh_slope(a: Arithmetic, z: Noisy, y: Noisy) -> Noisy:
    """Compute `1 - y^2` for y = tanh(z)."""
    small = np.exp(-2.0 * np.abs(z.value))
    value = 4.0 * small / np.square(1.0 + small)
    moved = 2.0 * np.abs(y.value) * y.deviation + np.square(y.deviation)
    return rounding.noisy(value, rounding.combine(moved, a.value * np.square(y.value), a.value * value) + a.floor)
