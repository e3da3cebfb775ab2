"""The layout of a class that is wrong with each: whose units and columns lie right, and its gates by what they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.classes.find import Found
from lstm_parity.classes.layout import Layout, name_order
from lstm_parity.identification.cell import UnknownEquationError
from lstm_parity.identification.equations import identify_step
from lstm_parity.identification.expressions.step import GATES
from lstm_parity.identification.probe import ProbeError, find_probe
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.calls import call_lstm, make_tensor
from lstm_parity.running.protocol import Implementation

Adapt = Callable[[Found], Implementation]
_INPUT, _HIDDEN = 3, 4


def settle_layout(found: Found, adapt: Adapt) -> Found:
    """Choose the layout of a class that is wrong with each of them."""
    layouts = (found.layout, *found.others)
    layout = next((one for one in layouts if _lies_right(found.with_layout(one), adapt)), found.layout)
    if name_order(layout.slots[0]) is None:
        layout = replace(layout, order=_order_of(found.with_layout(replace(layout, order=GATES)), adapt))
    return found.with_layout(layout)


def _order_of(found: Found, adapt: Adapt) -> str:
    """The order of gates in which most of nn.LSTM's equations are right."""
    try:
        return identify_step(find_probe(adapt(found))).gates
    except (ProbeError, UnknownEquationError):
        return GATES


def _lies_right(found: Found, adapt: Adapt) -> bool:
    """Whether what is written to the first unit moves no other at once, and the weights of a column its input alone."""
    try:
        names = ("w_ih", "w_hh", "column", *["b_ih"] * bool(found.layout.biases))
        return all(_moves_no_other(found, adapt(found), name) for name in names)
    except Exception:  # the user's class, filled wrongly
        return False


def _moves_no_other(found: Found, implementation: Implementation, name: str) -> bool:
    rng = np.random.default_rng(6)
    has_states = found.convention.states is not None and found.convention.states.form != "h"
    steps = 1 if has_states else 2
    setting = _setting(found, steps, has_states)
    slots = found.layers * found.directions
    x = rng.standard_normal((steps, 2, _INPUT))
    x[..., 0] = 0.0
    states = [rng.standard_normal((slots, 2, _HIDDEN)) for _ in range(2)]
    widths = [_INPUT if layer == 0 else found.directions * _HIDDEN for layer in range(found.layers)]
    cells = [[_draw_cell(rng, width, found.layout) for _ in range(found.directions)] for width in widths]

    def call() -> Array:
        weights = LSTMWeights(tuple(tuple(layer) for layer in cells)).map(lambda w: make_tensor(w, setting.runtime))
        seen = call_lstm(implementation.load(setting, weights), setting, x, *states)
        assert seen.output is not None
        assert seen.h_n is not None
        return seen.h_n[0] if has_states else seen.output[-1, :, :_HIDDEN]

    before, first = call(), cells[0][0]
    if name == "column":
        first.w_ih[:, 0] += 1.0
        return bool(np.abs(before - call()).max() < 1e-12)
    getattr(first, name)[::_HIDDEN] += 0.5
    moved = np.abs(call() - before).max(0)
    return bool(moved[0] > 1e-9) and ((name in ("w_ih", "b_ih") and steps == 2) or bool(moved[1:].max() < 1e-12))


def _draw_cell(rng: np.random.Generator, width: int, layout: Layout) -> CellWeights:
    shapes = [(4 * _HIDDEN, width), (4 * _HIDDEN, _HIDDEN)] + [(4 * _HIDDEN,)] * (2 * bool(layout.biases))
    return CellWeights(*(rng.uniform(-0.7, 0.7, shape) for shape in shapes))


def _setting(found: Found, steps: int, states: bool) -> Setting:
    bias = bool(found.layout.biases)
    architecture = Architecture(_INPUT, _HIDDEN, found.layers, bias, bidirectional=found.directions == 2)
    batch = 2
    return Setting(architecture, Call(steps, batch, states=states), Runtime("float64"))
