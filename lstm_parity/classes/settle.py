"""The layout of a class that is wrong with each: whose units and columns lie right, and its gates by what they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.classes.found import Found
from lstm_parity.classes.layouts.layout import Layout, name_order
from lstm_parity.classes.layouts.orders import find_order
from lstm_parity.identification.cell import UnknownEquationError
from lstm_parity.identification.equations import identify_step
from lstm_parity.identification.expressions.step import GATES
from lstm_parity.identification.numbers.given import Given
from lstm_parity.identification.probe import ProbeError, find_probe
from lstm_parity.implementations.wrapped import Unprojected
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.calls import call_lstm, make_tensor
from lstm_parity.running.evidence import TENSORS, Outputs
from lstm_parity.running.protocol import Implementation

Adapt = Callable[[Found], Implementation]
_INPUT, _HIDDEN = 3, 4
_NOISE = 1e-11


def settle_layout(found: Found, adapt: Adapt) -> Found:
    """Choose the layout of a class that is wrong with each of them."""
    if found.constructor.is_projected:
        adapt = partial(_adapt_unprojected, adapt)
    layouts = (found.layout, *found.others)
    layout = next((one for one in layouts if _lies_right(found.with_layout(one), adapt)), found.layout)
    if name_order(layout.slots[0]) is None:
        layout = replace(layout, order=_order_of(found.with_layout(replace(layout, order=GATES)), adapt))
    return found.with_layout(layout)


def _adapt_unprojected(adapt: Adapt, found: Found) -> Implementation:
    return Unprojected(adapt(found))


def _order_of(found: Found, adapt: Adapt) -> str:
    """Return the order of gates in which most of nn.LSTM's equations are right, or one change explains small calls."""
    try:
        equations = identify_step(find_probe(adapt(found)))
    except (ProbeError, UnknownEquationError):
        equations = None
    if equations is not None and len(equations.differing) <= 1:
        return equations.gates
    try:
        order = find_order([_ask(found, adapt(found), seed, with_states=seed < 3) for seed in (1, 2, 3)])
    except Exception:  # the user's class, filled wrongly
        order = None
    return order or (GATES if equations is None else equations.gates)


def _ask(found: Found, implementation: Implementation, seed: int, *, with_states: bool) -> Given:
    """Return a small call, and what of its results is the class's own.

    with_states: whether it is given any, if it may be.
    """
    has_states = with_states and found.convention.states is not None and found.convention.states.form != "h"
    setting, rng = _setting(found, 4, has_states), np.random.default_rng(seed)
    weights, x, states = _draw(found, rng, 4)
    states = states if has_states else [0.0 * state for state in states]
    seen = _call(implementation, setting, weights, x, states)
    names = [name for name in TENSORS if name == "output" or name[0] in found.convention.returned]
    results = {name: value for name in names if (value := getattr(seen, name)) is not None}
    return Given(weights, x, states[0], states[1], results, dict.fromkeys(results, np.array(_NOISE)))


def _lies_right(found: Found, adapt: Adapt) -> bool:
    """Whether what is written to the first unit moves no other at once, and the weights of a column its input alone."""
    try:
        names = ("w_ih", "w_hh", "column", *["b_ih"] * bool(found.layout.biases))
        return all(_moves_no_other(found, adapt(found), name) for name in names)
    except Exception:  # the user's class, filled wrongly
        return False


def _moves_no_other(found: Found, implementation: Implementation, name: str) -> bool:
    has_states = found.convention.states is not None and found.convention.states.form != "h"
    steps = 1 if has_states else 2
    setting = _setting(found, steps, has_states)
    weights, x, states = _draw(found, np.random.default_rng(6), steps)
    x[..., 0] = 0.0

    def call() -> Array:
        seen = _call(implementation, setting, weights, x, states)
        assert seen.output is not None
        assert seen.h_n is not None
        return seen.h_n[0] if has_states else seen.output[-1, :, :_HIDDEN]

    before, first = call(), weights.cells[0][0]
    if name == "column":
        first.w_ih[:, 0] += 1.0
        return bool(np.abs(before - call()).max() < 1e-12)
    getattr(first, name)[::_HIDDEN] += 0.5
    moved = np.abs(call() - before).max(0)
    return bool(moved[0] > 1e-9) and ((name in ("w_ih", "b_ih") and steps == 2) or bool(moved[1:].max() < 1e-12))


def _draw(found: Found, rng: np.random.Generator, steps: int) -> tuple[LSTMWeights, Array, list[Array]]:
    """Draw weights, x (T, B, I), and h_0 and c_0 (L*D, B, H)."""
    x = rng.standard_normal((steps, 2, _INPUT))
    states = [rng.standard_normal((found.layers * found.directions, 2, _HIDDEN)) for _ in range(2)]
    widths = [_INPUT if layer == 0 else found.directions * _HIDDEN for layer in range(found.layers)]
    cells = [[_draw_cell(rng, width, found.layout) for _ in range(found.directions)] for width in widths]
    return LSTMWeights(tuple(tuple(layer) for layer in cells)), x, states


def _call(
    implementation: Implementation, setting: Setting, weights: LSTMWeights, x: Array, states: Sequence[Array]
) -> Outputs:
    tensors = weights.map(lambda w: make_tensor(w, setting.runtime))
    return call_lstm(implementation.load(setting, tensors), setting, x, states[0], states[1])


def _draw_cell(rng: np.random.Generator, width: int, layout: Layout) -> CellWeights:
    shapes = [(4 * _HIDDEN, width), (4 * _HIDDEN, _HIDDEN)] + [(4 * _HIDDEN,)] * (2 * bool(layout.biases))
    return CellWeights(*(rng.uniform(-0.7, 0.7, shape) for shape in shapes))


def _setting(found: Found, steps: int, states: bool) -> Setting:
    bias = bool(found.layout.biases)
    architecture = Architecture(_INPUT, _HIDDEN, found.layers, bias, bidirectional=found.directions == 2)
    batch = 2
    return Setting(architecture, Call(steps, batch, states=states), Runtime("float64"))
