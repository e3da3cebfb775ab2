"""What the rounding errors of one layer are made of: its exact values at every step, and how much each place errs.

The errors of an arithmetic come from several sources, each in proportion to one roundoff: `SOURCES`. A place where the
result v is rounded once errs by `u 2^floor(log2 |v|)` at most and evenly below that, so its scale here, for u = 1, is
that power of two over the root of three. A sum of n products that are added one after another errs in every partial
sum. Of terms t with random signs and a known result, partial sum k has the expected square
`(k/n)^2 result^2 + k/n (1 - k/n) sum of t^2`: over all k, `n (result^2 / 3 + sum of t^2 / 6)`.

Shapes: K cases, T steps, B batch rows, H hidden units, P outputs of a direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights

SOURCES = ("accumulation", "product", "addition", "value", "state", "activation")
_ROUNDING = 0.18  # the mean square of one rounding's relative error for u = 1, over all mantissas
_THIRD = np.float32(1.0 / np.sqrt(3.0))


def source_sizes(a: Arithmetic) -> Array:
    """Return how large the errors of each source are in an arithmetic: (sources,), as roundoffs.

    The `activation` of an arithmetic is twice the largest error that its name promises.
    """
    addition = a.value if a.value > a.accumulation else 0.0
    state = a.state if a.state > a.value else 0.0
    return np.array([a.accumulation, a.product, addition, a.value, state, 0.5 * a.activation])


def _one_rounding(v: Array) -> Array:
    """Return the scale of the error of rounding v once, for a roundoff of 1, in float32."""
    bits = v.astype(np.float32).view(np.int32) & np.int32(0x7F800000)
    return np.asarray(bits.view(np.float32) * _THIRD)


@dataclass(frozen=True, eq=False)
class Local:
    """One layer in one direction, in its own order of time; every array (T, K, 1, 1, B, .) but the states'.

    gates: i, f, g, o; slopes: of their activations; c_before, tanh_c; slope_c: of tanh(c); h (T, K, B, P) and
    c (K, B, H), after the last step, in float64; scales: of the errors by the places where they are made.
    """

    gates: Array
    slopes: Array
    c_before: Array
    tanh_c: Array
    slope_c: Array
    h: Array
    c: Array
    scales: dict[str, Array]


def run_layer(x: Array, weights: CellWeights) -> Local:
    """Compute a layer from zero states. x: (T, K, B, I), float64; weights: with a case axis."""
    from_input = _multiply(x, weights.w_ih)
    if weights.b_ih is not None:
        from_input += (weights.b_ih + weights.b_hh)[:, None]
    gates, c, m, h = _run_steps(from_input, weights)
    scales = _sum_scales(x, from_input, h[:-1], weights) | _state_scales(gates, c, m, h)
    scales |= {} if weights.w_hr is None else _projection_scales(m, h[1:], weights.w_hr)
    H, tanh_c = weights.hidden_size, np.tanh(c[1:])
    slopes = gates * (1.0 - gates)
    slopes[..., 2 * H : 3 * H] = 1.0 - np.square(gates[..., 2 * H : 3 * H])
    return Local(
        _beside_draws(gates),
        _beside_draws(slopes),
        _beside_draws(c[:-1]),
        _beside_draws(tanh_c),
        _beside_draws(1.0 - np.square(tanh_c)),
        h[1:],
        c[-1],
        {place: scale[:, :, None] for place, scale in scales.items()},
    )


def _run_steps(from_input: Array, weights: CellWeights) -> tuple[Array, Array, Array, Array]:
    """Return the gates, c from before the first step on, `o * tanh(c)`, and h from before the first step on."""
    T, K, B = from_input.shape[:3]
    H = weights.hidden_size
    gates, c, h = np.empty_like(from_input), np.zeros((T + 1, K, B, H)), np.zeros((T + 1, K, B, weights.output_size))
    m, w_hh = np.empty((T, K, B, H)), np.swapaxes(weights.w_hh, -1, -2)
    w_hr = None if weights.w_hr is None else np.swapaxes(weights.w_hr, -1, -2)
    for t in range(T):
        gates[t] = _activate(from_input[t] + h[t] @ w_hh)
        i, f, g, o = np.split(gates[t], 4, axis=-1)
        c[t + 1] = f * c[t] + i * g
        m[t] = o * np.tanh(c[t + 1])
        h[t + 1] = m[t] if w_hr is None else m[t] @ w_hr
    return gates, c, m, h


def _beside_draws(array: Array) -> Array:
    """Shape (T, K, B, .) as (T, K, 1, 1, B, .) in float32, beside sources and draws."""
    return array[:, :, None, None].astype(np.float32)


def _multiply(x: Array, w: Array) -> Array:
    """Return x @ w^T of all steps in one product for each case: (T, K, B, I), (K, O, I) -> (T, K, B, O)."""
    T, K, B, I = x.shape  # noqa: E741
    rows = np.swapaxes(x, 0, 1).reshape(K, T * B, I) @ np.swapaxes(w, -1, -2)
    return np.swapaxes(rows.reshape(K, T, B, -1), 0, 1)


def _activate(z: Array) -> Array:
    H = z.shape[-1] // 4
    y = 1.0 / (1.0 + np.exp(-np.clip(z, -700.0, 700.0)))
    y[..., 2 * H : 3 * H] = np.tanh(z[..., 2 * H : 3 * H])
    return np.asarray(y)


def _squares(x: Array, w: Array) -> Array:
    """Return the sums of the squared products."""
    return _multiply(np.square(x.astype(np.float32)), np.square(w.astype(np.float32)))


def _sum_scales(x: Array, from_input: Array, h: Array, weights: CellWeights) -> dict[str, Array]:
    """Return the scales of the errors of the gate sums: those of x and of h are added up apart, and then together."""
    from_hidden = _multiply(h, weights.w_hh)
    squares_x, squares_h = _squares(x, weights.w_ih), _squares(h, weights.w_hh)
    total = from_input + from_hidden
    added = np.square(from_input) + np.square(from_hidden) + np.square(total)
    summed = _sum_errors(from_input, squares_x, x.shape[-1]) + _sum_errors(from_hidden, squares_h, h.shape[-1])
    return {
        "accumulation": _root(_ROUNDING * (summed + np.square(total))),
        "product": _root(2.0 * _ROUNDING * (squares_x + squares_h)),
        "addition": _root(_ROUNDING * added),
    }


def _sum_errors(result: Array, squares: Array, terms: int) -> Array:
    return terms * (np.square(result) / 3.0 + squares / 6.0)


def _root(square: Array) -> Array:
    return np.sqrt(square).astype(np.float32)


def _state_scales(gates: Array, c: Array, m: Array, h: Array) -> dict[str, Array]:
    i, f, g, _ = np.split(gates, 4, axis=-1)
    products = np.square(_one_rounding(f * c[:-1])) + np.square(_one_rounding(i * g))
    rounded = {"gates": gates, "c": c[1:], "tanh_c": np.tanh(c[1:]), "m": m, "h": h[1:]}
    return {name: _one_rounding(v) for name, v in rounded.items()} | {"c_products": _root(products)}


def _projection_scales(m: Array, h: Array, w_hr: Array) -> dict[str, Array]:
    squares = _squares(m, w_hr)
    return {
        "accumulation_hr": _root(_ROUNDING * _sum_errors(h, squares, m.shape[-1])),
        "product_hr": _root(2.0 * _ROUNDING * squares),
    }
