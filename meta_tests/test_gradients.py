"""Wrong gradients are far beyond the bound that right ones are held to, whichever loss shows them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from parity.cases import case
from parity.gradients import adjoints, by_autograd, deviations, measured
from parity.implementations.references import TorchReference
from parity.judge import WORST
from reference import numpy_backward as page
from reference.arithmetics import FLOAT64
from reference.rounding import Matrix, Noisy, rounded_sum, sum_of_products

CASES = [case("I5-H7-L2-bi-P4-T4-B3-packed2.4.1-float64-normal-1"), case("I5-H7-L2-T6-B3-float64-trained-2")]
FAR = 1e9  # times the bound
right = {name: getattr(page, name) for name in ("_step_backward", "_layer_forward", "_weights_backward", "lstm_unwind")}


def detached(s, d_h, d_c, weights):
    """h of the step before is taken for a constant."""
    d_z, (old_h, old_c) = right["_step_backward"](s, d_h, d_c, weights)
    return d_z, (np.zeros_like(old_h), old_c)


def detached_c(s, d_h, d_c, weights):
    """c of the step before is taken for a constant."""
    d_z, (old_h, old_c) = right["_step_backward"](s, d_h, d_c, weights)
    return d_z, (old_h, np.zeros_like(old_c))


def without_c_n(tape, weights, d_x, d_last):
    """The loss's own derivative by c_n is forgotten."""
    return right["lstm_unwind"](tape, weights, d_x, (d_last[0], np.zeros_like(d_last[1])))


def double_bias(s, d_z, d_h, weights):
    """The sum of both biases is the parameter, and both get its gradient twice."""
    gradients = right["_weights_backward"](s, d_z, d_h, weights)
    return replace(gradients, b_ih=2 * gradients.b_ih, b_hh=2 * gradients.b_hh)


def spoiled(change):
    """A way forward that remembers one thing wrongly."""

    def layer_forward(*given):
        s, y = right["_layer_forward"](*given)
        return change(s), y

    return layer_forward


WRONG = {
    "a detached h": ("_step_backward", detached),
    "a detached c": ("_step_backward", detached_c),
    "no dL/dc_n": ("lstm_unwind", without_c_n),
    "a bias counted twice": ("_weights_backward", double_bias),
    "a stale input gate": ("_layer_forward", spoiled(lambda s: replace(s, i=np.roll(s.i, 1, 0)))),
    "a stale forget gate": ("_layer_forward", spoiled(lambda s: replace(s, f=np.roll(s.f, 1, 0)))),
    "the new c for the old": ("_layer_forward", spoiled(lambda s: replace(s, c=s.f * s.c + s.i * s.g))),
    "h of the step after": ("_layer_forward", spoiled(lambda s: replace(s, h=np.roll(s.h, -1, 0)))),
    "sigmoid's slope for tanh's": ("_layer_forward", spoiled(lambda s: replace(s, slope_c=s.slope_c / 4))),
    "gates in the order i, f, o, g": ("_layer_forward", spoiled(lambda s: replace(s, g=s.o, o=s.g))),
}


@pytest.mark.parametrize("of", CASES, ids=lambda c: c.id)
def test_the_right_gradients_are_within_the_bound(of):
    """What is spoiled below is right."""
    assert deviations(measured(of, by_autograd(TorchReference(), of, adjoints(of)), adjoints(of))) == []


@pytest.mark.parametrize("of", CASES, ids=lambda c: c.id)
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_gradients_are_far_beyond_the_bound(of, wrong, monkeypatch):
    """A thousand million bounds away, in some gradient, with a loss on all three outputs."""
    monkeypatch.setattr(page, *WRONG[wrong])
    found = measured(of, by_autograd(TorchReference(), of, adjoints(of)), adjoints(of))

    assert max(m.worst for m in found) > FAR * WORST


@pytest.mark.parametrize(
    ("wrong", "losses", "seen"),
    [
        ("no dL/dc_n", ("output", "h_n"), False),
        ("no dL/dc_n", ("c_n",), True),
        ("a detached h", ("c_n",), True),
        ("a bias counted twice", ("h_n",), True),
    ],
)
def test_each_loss_shows_what_it_depends_on(wrong, losses, seen, monkeypatch):
    """A loss that never looks at c_n cannot see that its derivative is forgotten: losses are tried one by one."""
    monkeypatch.setattr(page, *WRONG[wrong])
    d = adjoints(CASES[0], losses)

    assert bool(deviations(measured(CASES[0], by_autograd(TorchReference(), CASES[0], d), d))) == seen


def test_a_gradient_off_by_one_in_ten_to_the_twelve_is_noticed():
    """The bound is rounding noise, not a tolerance."""
    d = adjoints(CASES[0])
    got = by_autograd(TorchReference(), CASES[0], d)
    story = deviations(measured(CASES[0], got | {"weight_hh_l0": got["weight_hh_l0"] * (1 + 1e-12)}, d))

    assert len(story) == 1
    assert story[0].startswith("the gradient of weight_hh_l0 deviates: ")


def test_underflow_is_expected_of_sparse_float64_sums_too():
    """The floor counts once for every term, fewer where factors are zero, and is not rounded off."""
    few = Matrix.of(np.array([[[0.0, 0.0, 1e-300]]]))
    noisy = rounded_sum(FLOAT64, sum_of_products(Noisy(np.full((1, 1, 3), 1e-300)), few))

    assert noisy.deviation.item() >= FLOAT64.floor
