"""The LSTM on values that carry their rounding noise: the exact answer, and the scale to judge deviations by.

It reads like `numpy_lstm.py`, with the rules of `model.py` in place of the operators, on arrays with a leading case
axis: N cases of one setting at once, and on the same axis, one after the other, the directions of a layer. What is new
is `returned`: the hidden states that the implementation itself returned. If they are given, step t starts from the
implementation's own h_(t-1): no error is carried through W_hh, the gate sums of all steps are one matrix product, and
only c runs in time. If they are not (the lower layers of a stack), h is computed here and carries its noise along.

Shapes: N cases, T steps, B batch rows, I inputs, P outputs of a direction, H hidden units, L layers, D directions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lstm_parity.reference.noise import known_steps
from lstm_parity.reference.noise import model as rounding
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.axes import Directions, join, select
from lstm_parity.reference.noise.known_steps import GateWeights
from lstm_parity.reference.noise.memory import Memory
from lstm_parity.reference.noise.model import Array, Matrix, Noisy, Sum
from lstm_parity.reference.weights import CellWeights, LSTMWeights


@dataclass(frozen=True, eq=False)
class Expected:
    """What an implementation should have returned: output (N, T, B, D*P), h_n (N, L*D, B, P), c_n (N, L*D, B, H).

    overflow: (N,), whether a partial sum may overflow the type. hidden_noise: (N,), the largest noise that entered the
    last layer from hidden layers below it; 0 if the states of all of them were returned.
    """

    output: Noisy
    h_n: Noisy
    c_n: Noisy
    overflow: Array
    hidden_noise: Array


@dataclass(frozen=True, eq=False)
class _Steps:
    h: Noisy  # D*N, T, B, P
    c: Noisy  # D*N, B, H: after the last step
    overflow: Array  # D*N


_BLOCK = 2**18  # numbers of one kind that are processed at a time, so that they fit a processor's cache
_LARGE = 2**16  # gate sums of a layer, from which on what was computed is kept

_ReturnedStates = Callable[[int], "Array | None"]


@dataclass(frozen=True, eq=False)
class _Cell:
    """The prepared weights of one layer, its directions along the case axis."""

    w_ih: Matrix
    b_ih: Array | None
    w_hh: Matrix
    b_hh: Array | None
    w_hr: Matrix | None
    hidden_size: int
    memory: Memory = field(default_factory=Memory, repr=False)

    def alone(self, case: slice) -> _Cell:
        """Return the weights of some cases."""
        b_ih, b_hh = (None if b is None else b[case] for b in (self.b_ih, self.b_hh))
        w_hr = None if self.w_hr is None else _pick(self.w_hr, case)
        return _Cell(_pick(self.w_ih, case), b_ih, _pick(self.w_hh, case), b_hh, w_hr, self.hidden_size)

    @cached_property
    def gate_weights(self) -> GateWeights | None:
        """The weights of both products, for many steps; None if they are not plain."""
        return GateWeights.of((self.w_ih, self.w_hh), (self.b_ih, self.b_hh))


def _pick(matrix: Matrix, case: slice) -> Matrix:
    """Return the prepared matrices of some cases."""
    copies = None if matrix.copies is None else matrix.copies[case]
    return Matrix(matrix.w_t[case], matrix.squares[case], matrix.scale[case], matrix.full, copies)


Cells = tuple[_Cell, ...]


def prepare_cells(weights: LSTMWeights) -> Cells:
    """Prepare the weights of N cases, NumPy arrays with a leading case axis: one cell per layer."""
    return tuple(prepare_layer(directions) for directions in weights.cells)


def prepare_layer(directions: tuple[CellWeights, ...]) -> _Cell:
    """Prepare the weights of one layer. A prepared layer keeps the last few large calls that it computed."""
    weights = _stack_directions(directions)
    w_ih, w_hh = Matrix.of(weights.w_ih), Matrix.of(weights.w_hh)
    w_hr = None if weights.w_hr is None else Matrix.of(weights.w_hr)
    return _Cell(w_ih, weights.b_ih, w_hh, weights.b_hh, w_hr, weights.hidden_size)


def _stack_directions(directions: tuple[CellWeights, ...]) -> CellWeights:
    """Put the weights of D directions on the case axis: (N, ...) each -> (D*N, ...)."""
    if len(directions) == 1:
        return directions[0]
    names = [name for name, _ in directions[0].items()]
    return CellWeights(**{name: np.concatenate([getattr(cell, name) for cell in directions]) for name in names})


def _lstm_steps(a: Arithmetic, x: Sum, h: Noisy, c: Noisy, cell: _Cell, valid: Array) -> _Steps:
    """Compute all steps whose previous hidden states h (N, T, B, P) are known; c (N, B, H) is carried through them."""
    recurrent = rounding.sum_of_products(rounding.as_factor(a, h), cell.w_hh, cell.b_hh)
    gates = rounding.rounded_sum(a, x, recurrent)
    size = cell.hidden_size
    z_i, z_f, z_g, z_o = (gates[..., k * size : (k + 1) * size] for k in range(4))
    i, f, o = (rounding.sigmoid(a, z) for z in (z_i, z_f, z_o))
    g = rounding.tanh(a, z_g)

    c_all, c_last = _cell_states(a, f, rounding.product(a, i, g), c, valid)
    h_all = rounding.product(a, o, rounding.tanh(a, c_all))
    overflow = _any_overflow(rounding.may_overflow(a, x, recurrent))
    if cell.w_hr is not None:
        h_all, above = _project(a, h_all, cell.w_hr)
        overflow = overflow | above
    return _Steps(rounding.store(a, h_all), c_last, overflow)


def _project(a: Arithmetic, h: Noisy, w_hr: Matrix) -> tuple[Noisy, Array]:
    """Compute `h @ w_hr^T`, and which cases may overflow there, (N,)."""
    projected = rounding.sum_of_products(h, w_hr)
    return rounding.rounded_sum(a, projected), _any_overflow(rounding.may_overflow(a, projected))


def _any_overflow(flags: Array) -> Array:
    """Whether any flag of a case is set: (N, ...) -> (N,)."""
    return np.asarray(flags.reshape(len(flags), -1).any(-1))


def _cell_states(a: Arithmetic, f: Noisy, ig: Noisy, c: Noisy, valid: Array) -> tuple[Noisy, Noisy]:
    """Compute `c_t = f_t c_(t-1) + ig_t` for all t; held at steps that are not valid; its deviation adds linearly."""
    values = [c.value]
    for t in range(f.value.shape[1]):
        new = f.value[:, t] * values[-1] + ig.value[:, t]
        values.append(np.where(valid[:, t], new, values[-1]))
    before, after = np.stack(values[:-1], 1), np.stack(values[1:], 1)
    kept = f.value * before
    crossed = f.deviation * np.abs(before), a.value * np.abs(kept), ig.deviation
    own = rounding.noisy(after, rounding.combine(*crossed, max(a.value, a.state) * np.abs(after)) + a.floor).deviation
    noises = [c.deviation]
    for t in range(f.value.shape[1]):
        noises.append(np.where(valid[:, t], f.value[:, t] * noises[-1] + own[:, t], noises[-1]))
    return rounding.noisy(after, np.stack(noises[1:], 1)), rounding.noisy(values[-1], noises[-1])


def lstm_layer(
    a: Arithmetic,
    x: Noisy,
    state: tuple[Noisy, Noisy],
    cell: _Cell,
    valid: Array,
    returned: Array | None,
    threads: bool = False,
) -> tuple[_Steps, Noisy]:
    """Compute one layer, forward in the time of its arguments, and its last valid h (N, B, P); valid: (N, T, B, 1).

    threads: whether each case of a large layer has a thread of its own, if the layer's h are not known.
    """
    block = max(1, _BLOCK // (4 * state[1].value.size))
    if returned is not None or valid.size * 4 * cell.hidden_size < _LARGE:
        return _compute_layer(a, x, state, cell, valid, returned, block)
    compute = _compute_apart if threads and len(valid) > 1 else _compute_layer
    question = (a, x, *state, valid)
    return cell.memory.recall(question, lambda: compute(a, x, state, cell, valid, None, block))


def _compute_apart(
    a: Arithmetic, x: Noisy, state: tuple[Noisy, Noisy], cell: _Cell, valid: Array, returned: None, block: int
) -> tuple[_Steps, Noisy]:
    """Compute each case in a thread of its own."""

    def compute(k: int) -> tuple[_Steps, Noisy]:
        case, (h, c) = slice(k, k + 1), state
        with np.errstate(all="ignore"):  # which a thread does not know
            return _compute_layer(a, x[case], (h[case], c[case]), cell.alone(case), valid[case], returned, block)

    with ThreadPoolExecutor(len(valid)) as pool:
        steps, last = zip(*pool.map(compute, range(len(valid))), strict=True)
    overflow = np.concatenate([part.overflow for part in steps])
    return _Steps(join([part.h for part in steps], 0), join([part.c for part in steps], 0), overflow), join(last, 0)


def _compute_layer(
    a: Arithmetic,
    x: Noisy,
    state: tuple[Noisy, Noisy],
    cell: _Cell,
    valid: Array,
    returned: Array | None,
    block: int,
) -> tuple[_Steps, Noisy]:
    h, c = state
    before = None if returned is None else rounding.as_returned(a, _previous_states(returned, h.value, valid))
    steps = None if before is None else _plain_steps(a, x, before, c, cell, valid)
    if steps is not None:
        return steps, _last_states(steps.h, valid)
    done = list[_Steps]()
    for start in range(0, valid.shape[1], block):
        now = slice(start, start + block)
        inputs = rounding.sum_of_products(rounding.as_factor(a, x[:, now]), cell.w_ih, cell.b_ih)
        if before is None:
            done.append(_unroll(a, inputs, h, c, cell, valid[:, now]))
        else:
            done.append(_lstm_steps(a, inputs, before[:, now], c, cell, valid[:, now]))
        h, c = done[-1].h[:, -1], done[-1].c
    steps = _Steps(join([part.h for part in done], 1), c, np.any([part.overflow for part in done], axis=0))
    return steps, _last_states(steps.h, valid)


def _plain_steps(a: Arithmetic, x: Noisy, h: Noisy, c: Noisy, cell: _Cell, valid: Array) -> _Steps | None:
    """Compute many steps, whose h is known, in few passes; None if they need the rules of `model.py`."""
    small = 4 * c.value.size * valid.shape[1] < known_steps.SMALLEST
    if small or x.noise is not None or h.noise is not None or not known_steps.is_plain(a):
        return None
    if (weights := cell.gate_weights) is None:
        return None
    terms = weights.terms(x.value, h.value, max(1, _BLOCK // (4 * c.value.size)))
    found = known_steps.follow(a, x.value, h.value, c, weights, valid, terms, cell.w_hr is not None)
    if found is None or cell.w_hr is None:
        return None if found is None else _Steps(found.h, found.c, np.zeros(len(valid), bool))
    h_all, overflow = _project(a, found.h, cell.w_hr)
    return _Steps(rounding.store(a, h_all), found.c, overflow)


def _last_states(h: Noisy, valid: Array) -> Noisy:
    """Select each row's h after its last valid step: (N, T, B, P) -> (N, B, P)."""
    last = valid.shape[1] - 1 - np.argmax(valid[:, ::-1, :, 0], axis=1)
    return h[np.arange(len(last))[:, None], last, np.arange(last.shape[1])]


def _previous_states(returned: Array, h_0: Array, valid: Array) -> Array:
    """Return the hidden states before each step: h_0 at a row's first valid step, then the returned ones."""
    previous = np.concatenate([h_0[:, None], returned[:, :-1]], 1)
    if valid.all():
        return previous
    started = np.concatenate([np.zeros_like(valid[:, :1]), valid[:, :-1]], 1)
    return np.where(started, previous, h_0[:, None])


def _unroll(a: Arithmetic, inputs: Sum, h: Noisy, c: Noisy, cell: _Cell, valid: Array) -> _Steps:
    """Compute the steps one by one, each from the previous h computed here and its noise."""
    hs, overflow = [], np.zeros(len(h.value), bool)
    for t in range(valid.shape[1]):
        now, runs = slice(t, t + 1), valid[:, t]
        step = _lstm_steps(a, inputs[:, now], Noisy(h.value[:, None], h.deviation[:, None]), c, cell, valid[:, now])
        h = select(runs, step.h[:, 0], h)
        c, overflow = step.c, overflow | step.overflow
        hs.append(h)
    return _Steps(join([h[:, None] for h in hs], 1), c, overflow)


def lstm_forward(
    a: Arithmetic,
    x: Noisy,
    state: tuple[Noisy, Noisy],
    cells: Cells,
    valid: Array,
    returned: _ReturnedStates,
    masks: Sequence[Array] = (),
    threads: bool = False,
) -> Expected:
    """Compute the exact answer and its noise for N cases, each step from the state that the implementation returned.

    x: (N, T, B, I), float64; state: h_0 (N, L*D, B, P) and c_0 (N, L*D, B, H), with the noise that they bring, if any;
    cells: the prepared weights; valid: (T, B, 1), False at padded steps.
    returned(layer): the implementation's own hidden states (N, T, B, D*P), or None for a hidden layer.
    masks: (N, T, B, D*P), multiplied on the output of every layer but the last. threads: as of `lstm_layer`.
    """
    ways = Directions(len(x.value), state[0].value.shape[1] // len(cells))
    layer_input, h_n, c_n, runs = x, [], [], ways.steps(valid)
    overflow, hidden_noise = np.zeros(ways.cases, bool), np.zeros(ways.cases)
    for layer, cell in enumerate(cells):
        layer_input = rounding.product(a, layer_input, Noisy(masks[layer - 1])) if masks and layer else layer_input
        if layer_input.noise is not None and layer:
            hidden_noise = layer_input.noise.reshape(ways.cases, -1).max(-1)
        h, c = (ways.initial(a, s, layer) for s in state)
        own = returned(layer)
        hidden = None if own is None else ways.hidden(own)
        steps, last = lstm_layer(a, ways.inputs(layer_input), (h, c), cell, runs, hidden, threads)
        h_n.append(ways.last(last))
        c_n.append(ways.last(rounding.store(a, steps.c)))
        overflow = overflow | steps.overflow.reshape(-1, ways.cases).any(0)
        output = ways.output(steps.h) if valid.all() else select(valid, ways.output(steps.h), Noisy(np.zeros(())))
        layer_input = output if own is None else rounding.as_returned(a, own)
    return Expected(output, join(h_n, 1), join(c_n, 1), overflow, hidden_noise)
