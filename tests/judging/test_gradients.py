"""Wrong gradients are far beyond the bound that right ones are held to, whichever loss shows them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pytest

from lstm_parity.cases.case import parse_case, round_case
from lstm_parity.catalogue.mistakes import GRADIENT_MISTAKES, find_mistake
from lstm_parity.implementations.references import NumpyReference, TorchReference
from lstm_parity.judging.exact import gradients_by_hand
from lstm_parity.judging.failure import find_failure
from lstm_parity.judging.gradients import compare_gradients, deviating_gradients, judge_gradients
from lstm_parity.judging.verdict import WORST_LIMIT, Outcome
from lstm_parity.reference.noise.arithmetics import FLOAT64
from lstm_parity.reference.noise.model import Matrix, Noisy, rounded_sum, sum_of_products
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.reports.failure import ParityError, describe_failure, describe_loss, require_parity
from lstm_parity.running.autograd import adjoints, gradients_by_autograd
from lstm_parity.running.evidence import TENSORS

CASES = [
    parse_case("I5-H7-L2-bi-P4-T4-B3-packed2.4.1-float64-normal-1"),
    parse_case("I5-H7-L2-T6-B3-float64-trained-2"),
]
FAR = 1e9  # times the bound
STORY = """\
gradients: bias_hh_l0 has no gradient (None), but the loss depends on it: is it detached or copied?
the gradient of weight_hh_l0 deviates: 1.4e+07 x rounding noise at [candidate, unit 0, column 1]
  got # (#), exact # (#), noise 1.2e-07
  16 of 16 elements beyond 2.86 x noise, root mean square 7.2e+06 x noise
  within rounding noise: input, h_0, c_0, weight_ih_l0, bias_ih_l0
  loss: the sum of output and c_n, each element times a number of its own (running.autograd.adjoints)
  setting: input_size=2, hidden_size=2, T=3, B=2, grad_mode=grad, values: normal
  judged in: float32 arithmetic, against back-propagation by hand in float64
  repeat: --case I2-H2-T3-B2-float32-grad-normal-1"""


@pytest.mark.parametrize("of", CASES, ids=lambda c: c.id)
def test_the_right_gradients_are_within_the_bound(of):
    """What is spoiled below is right."""
    assert (
        deviating_gradients(
            compare_gradients(of, gradients_by_autograd(TorchReference(), of, adjoints(of)), adjoints(of))
        )
        == []
    )


@pytest.mark.parametrize("wrong", GRADIENT_MISTAKES, ids=lambda wrong: wrong.name)
def test_wrong_gradients_are_far_beyond_the_bound(wrong):
    """A thousand million bounds away in float64, in some gradient, with a loss on all three outputs."""
    of = parse_case(wrong.witness.replace("float32", "float64"))
    found = compare_gradients(of, gradients_by_autograd(wrong, of, adjoints(of)), adjoints(of))

    assert max(m.worst for m in found) > FAR * WORST_LIMIT


@pytest.mark.parametrize(
    ("name", "losses", "seen"),
    [
        ("last-cell-state-detached", ("output", "h_n"), False),
        ("last-cell-state-detached", ("c_n",), True),
        ("hidden-detached", ("c_n",), True),
        ("gradient-of-one-bias-doubled", ("h_n",), True),
    ],
)
def test_each_loss_shows_what_it_depends_on(name, losses, seen):
    """A loss that never looks at c_n cannot see that its derivative is forgotten: losses are tried one by one."""
    d = adjoints(CASES[0], losses)

    assert (
        bool(
            deviating_gradients(compare_gradients(CASES[0], gradients_by_autograd(find_mistake(name), CASES[0], d), d))
        )
        == seen
    )


@pytest.mark.parametrize("name", ["I5-H7-L2-T6-B3-float32-normal-1", "I5-H7-bi-P4-T4-B3-packed2.4.1-float32-trained-2"])
def test_gradients_one_part_in_a_hundred_thousand_too_large_deviate_in_float32(name):
    """Computed without an error, and rounded once."""
    of = parse_case(name)
    found = {
        name: round_case((1 + 1e-5) * gradient, "float32")
        for name, gradient in gradients_by_hand(of, adjoints(of)).items()
    }

    assert deviating_gradients(compare_gradients(of, found, adjoints(of))) != []


@dataclass(frozen=True)
class Detached(TorchReference):
    """The reference without one parameter, through which no gradient passes, and with a hook on another."""

    def load(self, setting, weights):
        """The last bias is a constant; the gradient of w_hh comes out 7 times too large."""
        (cell,), *above = weights.cells
        cell.w_hh.register_hook(lambda gradient: 7 * gradient)
        constant = LSTMWeights(((replace(cell, b_hh=cell.b_hh.detach()),), *above))
        return super().load(setting, constant)


def test_a_wrong_gradient_is_told_in_words_that_a_stranger_can_act_on():
    """What is wrong, by how much, where, for which loss, in which setting, and what repeats it."""
    of = parse_case("I2-H2-T3-B2-float32-grad-normal-1")
    d = adjoints(of, ("output", "c_n"))
    with pytest.raises(ParityError) as raised:
        require_parity(judge_gradients(Detached(), of, d))

    assert re.sub(r"(got|exact) -?[\d.]+ \(-?0x[\da-fp.+-]+\)", r"\1 # (#)", str(raised.value)) == STORY


@pytest.mark.parametrize(
    ("losses", "ones", "words"),
    [
        (
            TENSORS,
            False,
            "the sum of output, h_n and c_n, each element times a number of its own (running.autograd.adjoints)",
        ),
        (("h_n",), True, "the plain sum of h_n"),
    ],
)
def test_a_loss_is_told_in_words(losses, ones, words):
    """Which tensors it looks at, and how they are weighed."""
    assert describe_loss(adjoints(CASES[0], losses, ones=ones)) == words


def test_a_refusal_to_differentiate_is_no_deviation():
    """The NumPy reference says that it has no autograd."""
    verdict = judge_gradients(NumpyReference(), CASES[0], adjoints(CASES[0]))

    assert (verdict.outcome, verdict.reason) == (
        Outcome.REFUSED,
        "the reference in NumPy has no autograd: see reference/numpy_backward.py",
    )


@dataclass(frozen=True)
class Raising(TorchReference):
    """It fails on the way back."""

    def load(self, setting, weights):
        """The reference with a hook that raises."""
        weights.cells[0][0].w_ih.register_hook(lambda _: 1 / 0)
        return super().load(setting, weights)


def test_what_is_raised_on_the_way_back_is_a_verdict():
    """FAILED, with the traceback in the story."""
    verdict = judge_gradients(Raising(), CASES[0], adjoints(CASES[0]))

    assert verdict.outcome is Outcome.FAILED
    assert "ZeroDivisionError" in describe_failure(find_failure(verdict))


def test_a_gradient_off_by_one_in_ten_to_the_twelve_is_noticed():
    """The bound is rounding noise, not a tolerance."""
    d = adjoints(CASES[0])
    got = gradients_by_autograd(TorchReference(), CASES[0], d)
    story = deviating_gradients(
        compare_gradients(CASES[0], got | {"weight_hh_l0": got["weight_hh_l0"] * (1 + 1e-12)}, d)
    )

    assert len(story) == 1
    assert story[0].startswith("the gradient of weight_hh_l0 deviates: ")


def test_underflow_is_expected_of_sparse_float64_sums_too():
    """The floor counts once for every term, fewer where factors are zero, and is not rounded off."""
    few = Matrix.of(np.array([[[0.0, 0.0, 1e-300]]]))
    noisy = rounded_sum(FLOAT64, sum_of_products(Noisy(np.full((1, 1, 3), 1e-300)), few))

    assert noisy.deviation.item() >= FLOAT64.floor
