"""Back-propagation through time on one page, in NumPy: the functions of numpy_lstm.py in the same order and letters.

`d_v` is the adjoint of v, the derivative of the loss by v; the equations are derived in reference/README.md. Every
function runs forward again, keeps what the backward pass needs (`Local`) and runs backward, without autograd.
The slopes i (1 - i) and 1 - g^2 are computed from the gate sums: they keep their relative accuracy in saturation.
NumPy's floating-point warnings are off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from lstm_parity.reference.argument_checks import Named, check_adjoints, check_cell, check_forward, check_layer, pair
from lstm_parity.reference.errors import NUMPY
from lstm_parity.reference.numpy_lstm import Array, Lengths, State, _from_input, _running, _sigmoid, _zeros
from lstm_parity.reference.sequences import time_major
from lstm_parity.reference.weights import CellWeights, LSTMWeights

_Adjoints = Sequence["Array | None"] | None  # of (h, c); None is zeros
_States = tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class Local:
    """What the backward pass through a step, or through all steps at once, needs from the forward pass.

    x, h, c: what the step started from; i, f, g, o: its gates; tanh_c: tanh of its new c; slopes: (..., 4H) of the
    gates in their sums; slope_c: of tanh at the new c.
    """

    x: Array
    h: Array
    c: Array
    i: Array
    f: Array
    g: Array
    o: Array
    tanh_c: Array
    slopes: Array
    slope_c: Array

    def __getitem__(self, t: int) -> Local:
        return self.map(lambda a: a[t])

    def map(self, function: Callable[[Array], Array]) -> Local:
        """Apply a function to every array."""
        return Local(*(function(getattr(self, field.name)) for field in fields(self)))


@dataclass(frozen=True, eq=False)
class _Tape:
    """A forward pass: `layers[layer][direction]`, time first; which steps run (T, B, 1), None: all; dropout masks."""

    layers: tuple[tuple[Local, ...], ...]
    running: Array | None
    masks: Sequence[Array]


@np.errstate(all="ignore")
def lstm_cell_backward(
    x: Array, state: State | None, weights: CellWeights, d_state: _Adjoints
) -> tuple[Array, _States, CellWeights]:
    """Differentiate one step. x, state, weights: as for `lstm_cell`; d_state: the adjoints of the next h and c.

    Returns d_x, (d_h, d_c) of the states before, and the weights' adjoints. Raises a RefusedError if shapes or
    dtypes do not fit.
    """
    check_cell(x, state, weights, NUMPY)
    shapes = [(*x.shape[:-1], weights.output_size), (*x.shape[:-1], weights.hidden_size)]
    d_h, d_c = _fill(_pair(d_state, "d_h", "d_c"), shapes, ("x", x))
    if x.ndim == 1:
        state = None if state is None else [s[None] for s in state]
        d_x, d_before, d_weights = lstm_cell_backward(x[None], state, weights, (d_h[None], d_c[None]))
        return d_x[0], (d_before[0][0], d_before[1][0]), d_weights
    h, c = state or _zeros(x, weights)
    s, _ = _step_forward(x, _from_input(x, weights), h, c, weights)
    d_z, d_before = _step_backward(s, d_h, d_c, weights)
    return d_z @ weights.w_ih, d_before, _weights_backward(s, d_z, d_h, weights)


@np.errstate(all="ignore")
def lstm_layer_backward(
    x: Array,
    state: State | None,
    weights: CellWeights,
    d_y: Array | None,
    d_last: _Adjoints = None,
    *,
    lengths: Lengths | None = None,
    reverse: bool = False,
) -> tuple[Array, _States, CellWeights]:
    """Differentiate one layer in one direction. d_y: of the output (T, B, P); d_last: of the last h and c.

    Returns d_x (T, B, I), 0 beyond each length, (d_h, d_c) of the initial states, and the weights' adjoints. Raises a
    RefusedError if any argument does not fit.
    """
    check_layer(x, state, weights, lengths, NUMPY)
    (T, B, _), P, H = x.shape, weights.output_size, weights.hidden_size
    given = [("d_y", d_y), *_pair(d_last, "d_h", "d_c")]
    d_y, *last = _fill(given, [(T, B, P), (B, P), (B, H)], ("x", x))
    running = None if lengths is None else _running(x, lengths)
    s, _ = _layer_forward(x, state, weights, running, reverse)
    return _layer_backward(s, d_y, last, weights, running, reverse)


@np.errstate(all="ignore")
def lstm_backward(
    input: Array,
    hx: State | None,
    weights: LSTMWeights,
    d_output: Array | None,
    d_last: _Adjoints = None,
    *,
    lengths: Lengths | None = None,
    batch_first: bool = False,
    dropout_masks: Sequence[Array] | None = None,
) -> tuple[Array, _States, LSTMWeights]:
    """Differentiate all layers: return d_input, in the form of the input, (d_h_0, d_c_0), and every weight's adjoint.

    d_output: of the output, in its form, ignored beyond each length; d_last: of h_n and c_n; each may be None for
    zeros; rest as for `lstm_forward`. If hx is None, the states' adjoints are those at zero. Raises a RefusedError if
    any argument does not fit.
    """
    check_forward(input, hx, weights, lengths, batch_first, dropout_masks, NUMPY)
    given = [("d_output", d_output), *_pair(d_last, "d_h_n", "d_c_n")]
    d_output, *last = _fill(given, _shapes(input, weights, batch_first), ("input", input))
    if input.ndim == 2:
        hx, last = None if hx is None else [s[:, None] for s in hx], [d[:, None] for d in last]
        d_x, d_hx, d_weights = lstm_backward(
            input[:, None], hx, weights, d_output[:, None], last, dropout_masks=dropout_masks
        )
        return d_x[:, 0], (d_hx[0][:, 0], d_hx[1][:, 0]), d_weights
    tape = _lstm_record(time_major(input, batch_first), hx, weights, lengths, dropout_masks)
    d_x, d_hx, d_weights = _lstm_unwind(tape, weights, time_major(d_output, batch_first), last)
    return time_major(d_x, batch_first), d_hx, d_weights


def _lstm_record(
    x: Array, hx: State | None, weights: LSTMWeights, lengths: Lengths | None, masks: Sequence[Array] | None
) -> _Tape:
    """Run the forward pass, unchecked; x: (T, B, I)."""
    running = None if lengths is None else _running(x, lengths)
    layers = list[tuple[Local, ...]]()
    for layer, directions in enumerate(weights.cells):
        x = x * masks[layer - 1] if masks and layer > 0 else x
        done = []
        for direction, cell in enumerate(directions):
            state = None if hx is None else [s[layer * len(directions) + direction] for s in hx]
            done.append(_layer_forward(x, state, cell, running, direction == 1))
        layers.append(tuple(s for s, _ in done))
        x = np.concatenate([y for _, y in done], axis=-1)
    return _Tape(tuple(layers), running, masks or ())


def _lstm_unwind(
    tape: _Tape, weights: LSTMWeights, d_x: Array, d_last: Sequence[Array]
) -> tuple[Array, _States, LSTMWeights]:
    """Run the backward pass, unchecked; d_x: the adjoint of the output (T, B, D*P)."""
    d_states, d_cells = list[_States](), list[tuple[CellWeights, ...]]()
    for layer, directions in reversed(list(enumerate(weights.cells))):
        back = []
        for direction, (cell, d_y) in enumerate(zip(directions, np.split(d_x, len(directions), axis=-1), strict=True)):
            s, last = tape.layers[layer][direction], [d[layer * len(directions) + direction] for d in d_last]
            back.append(_layer_backward(s, d_y, last, cell, tape.running, direction == 1))
        d_x = np.sum([d for d, _, _ in back], axis=0)
        d_x = d_x * tape.masks[layer - 1] if tape.masks and layer > 0 else d_x
        d_states = [d for _, d, _ in back] + d_states
        d_cells = [tuple(d for _, _, d in back), *d_cells]
    d_h_0, d_c_0 = (np.stack(d) for d in zip(*d_states, strict=True))
    return d_x, (d_h_0, d_c_0), LSTMWeights(tuple(d_cells))


def _layer_forward(
    x: Array, state: State | None, weights: CellWeights, running: Array | None, reverse: bool
) -> tuple[Local, Array]:
    """Compute all steps of a layer, zero where a row has ended, and its output (T, B, P)."""
    x = x if running is None else np.where(running, x, x.dtype.type(0))
    from_input = _from_input(x, weights)
    h, c = state or _zeros(x[0], weights)
    steps, output = [], []
    for t in reversed(range(len(x))) if reverse else range(len(x)):
        s, (new_h, new_c) = _step_forward(x[t], from_input[t], h, c, weights)
        if running is not None:
            new_h, new_c = np.where(running[t], new_h, h), np.where(running[t], new_c, c)
        h, c = new_h, new_c
        steps.append(s)
        output.append(h)
    order = slice(None, None, -1 if reverse else 1)
    s = Local(*(np.stack([getattr(step, field.name) for step in steps[order]]) for field in fields(Local)))
    y = np.stack(output[order])
    if running is None:
        return s, y
    return s.map(lambda a: np.where(running, a, a.dtype.type(0))), np.where(running, y, y.dtype.type(0))


def _layer_backward(
    s: Local, d_y: Array, d_last: Sequence[Array], weights: CellWeights, running: Array | None, reverse: bool
) -> tuple[Array, _States, CellWeights]:
    """Run the adjoints of h and c against the layer's own direction; those of an ended row are held."""
    d_y = d_y if running is None else np.where(running, d_y, d_y.dtype.type(0))
    (d_h, d_c), d_z, d_hs = d_last, np.zeros_like(s.slopes), np.zeros_like(d_y)
    for t in range(len(d_y)) if reverse else reversed(range(len(d_y))):
        d_h = d_hs[t] = d_h + d_y[t]
        d_z[t], (old_h, old_c) = _step_backward(s[t], d_h, d_c, weights)
        if running is not None:
            old_h, old_c = np.where(running[t], old_h, d_h), np.where(running[t], old_c, d_c)
        d_h, d_c = old_h, old_c
    if running is not None:  # even a held adjoint that is infinite or NaN
        d_z, d_hs = (np.where(running, d, d.dtype.type(0)) for d in (d_z, d_hs))
    return d_z @ weights.w_ih, (d_h, d_c), _weights_backward(s, d_z, d_hs, weights)


def _step_forward(x: Array, from_input: Array, h: Array, c: Array, weights: CellWeights) -> tuple[Local, _States]:
    z_i, z_f, z_g, z_o = np.split(from_input + h @ weights.w_hh.T, 4, axis=-1)
    i, f, g, o = _sigmoid(z_i), _sigmoid(z_f), np.tanh(z_g), _sigmoid(z_o)
    new_c = f * c + i * g
    tanh_c = np.tanh(new_c)
    slopes = np.concatenate([_sigmoid_slope(z_i), _sigmoid_slope(z_f), _tanh_slope(z_g), _sigmoid_slope(z_o)], axis=-1)
    new_h = o * tanh_c if weights.w_hr is None else (o * tanh_c) @ weights.w_hr.T
    return Local(x, h, c, i, f, g, o, tanh_c, slopes, _tanh_slope(new_c)), (new_h, new_c)


def _step_backward(s: Local, d_h: Array, d_c: Array, weights: CellWeights) -> tuple[Array, _States]:
    """Return the adjoints of the gate sums z (B, 4H), and of the h and c that the step started from."""
    d_m = d_h if weights.w_hr is None else d_h @ weights.w_hr  # m = o * tanh(c), before the projection
    d_c = d_c + d_m * s.o * s.slope_c
    d_z = np.concatenate([d_c * s.g, d_c * s.c, d_c * s.i, d_m * s.tanh_c], axis=-1) * s.slopes
    return d_z, (d_z @ weights.w_hh, d_c * s.f)


def _weights_backward(s: Local, d_z: Array, d_h: Array, weights: CellWeights) -> CellWeights:
    """Return the weights' adjoints: sums over all rows and steps."""
    d_b = None if weights.b_ih is None else d_z.reshape(-1, d_z.shape[-1]).sum(0)
    d_w_hr = None if weights.w_hr is None else _outer(d_h, s.o * s.tanh_c)
    return CellWeights(_outer(d_z, s.x), _outer(d_z, s.h), d_b, None if d_b is None else d_b.copy(), d_w_hr)


def _outer(d: Array, v: Array) -> Array:
    """Return the adjoint of w in v @ w^T."""
    product: Array = d.reshape(-1, d.shape[-1]).T @ v.reshape(-1, v.shape[-1])
    return product


def _sigmoid_slope(z: Array) -> Array:
    return _sigmoid(z) * _sigmoid(-z)  # 1 - sigmoid(z) is sigmoid(-z)


def _tanh_slope(z: Array) -> Array:
    return 4 * _sigmoid_slope(2 * z)  # tanh(z) is 2 sigmoid(2 z) - 1


def _shapes(input: Array, weights: LSTMWeights, batch_first: bool) -> list[tuple[int, ...]]:
    """Return the shapes of the output, h_n and c_n."""
    batch = () if input.ndim == 2 else (input.shape[0 if batch_first else 1],)
    leading = (weights.num_layers * weights.num_directions, *batch)
    features = weights.num_directions * weights.output_size
    return [(*input.shape[:-1], features), (*leading, weights.output_size), (*leading, weights.hidden_size)]


def _pair(adjoints: _Adjoints, *names: str) -> Named:
    return pair((None, None) if adjoints is None else adjoints, *names)


def _fill(given: Named, shapes: Sequence[tuple[int, ...]], like: tuple[str, Array]) -> list[Array]:
    """Check the adjoints and replace None by zeros."""
    check_adjoints(given, shapes, like, NUMPY)
    return [np.zeros(shape, like[1].dtype) if d is None else d for (_, d), shape in zip(given, shapes, strict=True)]
