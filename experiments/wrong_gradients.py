"""Known wrong ways back through time, each one fault in a function of `reference/numpy_backward.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np

from reference import numpy_backward as page

RIGHT: dict[str, Callable[..., Any]] = {
    name: getattr(page, name) for name in ("_step_backward", "_layer_forward", "_weights_backward", "lstm_unwind")
}
Fault = tuple[str, Callable[..., Any]]  # the function that is replaced, and what it is replaced with


def detached(s, d_h, d_c, weights):
    """h of the step before is taken for a constant."""
    d_z, (old_h, old_c) = RIGHT["_step_backward"](s, d_h, d_c, weights)
    return d_z, (np.zeros_like(old_h), old_c)


def detached_c(s, d_h, d_c, weights):
    """c of the step before is taken for a constant."""
    d_z, (old_h, old_c) = RIGHT["_step_backward"](s, d_h, d_c, weights)
    return d_z, (old_h, np.zeros_like(old_c))


def assigned(s, d_h, d_c, weights):
    """`d_c = d_h * o * slope` where it ought to be `d_c += ...`."""
    return RIGHT["_step_backward"](s, d_h, np.zeros_like(d_c), weights)


def without_c_n(tape, weights, d_x, d_last):
    """The loss's own derivative by c_n is forgotten."""
    return RIGHT["lstm_unwind"](tape, weights, d_x, (d_last[0], np.zeros_like(d_last[1])))


def changed(change: Callable[..., Any]) -> Fault:
    """Something done to the weights' gradients."""
    return "_weights_backward", lambda *given: change(RIGHT["_weights_backward"](*given))


def spoiled(change: Callable[..., Any]) -> Fault:
    """A way forward that remembers one thing wrongly."""

    def layer_forward(*given):
        s, y = RIGHT["_layer_forward"](*given)
        return change(s), y

    return "_layer_forward", layer_forward


WRONG: dict[str, Fault] = {
    "a detached h": ("_step_backward", detached),
    "a detached c": ("_step_backward", detached_c),
    "d_c assigned, not accumulated": ("_step_backward", assigned),
    "no dL/dc_n": ("lstm_unwind", without_c_n),
    "a bias counted twice": changed(lambda w: replace(w, b_ih=2 * w.b_ih, b_hh=2 * w.b_hh)),
    "recurrent weights' gradient zeroed": changed(lambda w: replace(w, w_hh=0 * w.w_hh)),
    "gradients times 7": changed(lambda w: w.map(lambda g: 7 * g)),
    "a stale input gate": spoiled(lambda s: replace(s, i=np.roll(s.i, 1, 0))),
    "a stale forget gate": spoiled(lambda s: replace(s, f=np.roll(s.f, 1, 0))),
    "the new c for the old": spoiled(lambda s: replace(s, c=s.f * s.c + s.i * s.g)),
    "h of the step after": spoiled(lambda s: replace(s, h=np.roll(s.h, -1, 0))),
    "sigmoid's slope for tanh's": spoiled(lambda s: replace(s, slope_c=s.slope_c / 4)),
    "gates in the order i, f, o, g": spoiled(lambda s: replace(s, g=s.o, o=s.g)),
}
SLIGHT: dict[str, Fault] = {"gradients times 1 + 1e-5": changed(lambda w: w.map(lambda g: (1 + 1e-5) * g))}


@contextmanager
def gone_wrong(name: str) -> Iterator[None]:
    """`parity.gradients.by_hand` with that fault."""
    with patch.object(page, *(WRONG | SLIGHT)[name]):
        yield
