"""A layer written by hand, stacked, reversed and packed by the project, is a whole LSTM."""

from __future__ import annotations

import functools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence

from lstm_parity.cases.case import draw_case
from lstm_parity.cases.setting import parse_setting
from lstm_parity.implementations.from_layer import FromLayer
from lstm_parity.judging.forward import Outcome, judge
from lstm_parity.parity_tests.small_lstms import B, F, T, architectures, close, lstm, numbers, states
from lstm_parity.parity_tests.strategies import agrees, cases
from lstm_parity.parity_tests.tutorials.pytorch_cells import cell_loop, lstm_forward
from lstm_parity.reference.weights import weights_of
from lstm_parity.running.observe import observe

LAYER = FromLayer("lstm_forward", lstm_forward)


@given(case=cases())
def test_a_correct_layer_makes_a_correct_lstm(case):
    """On all axes."""
    assert agrees(LAYER, case)


@given(case=cases(packed=True, batch=st.integers(2, 5), time=st.integers(2, 6), bidirectional=True, threads=1))
def test_padding_is_invisible_to_the_layer(case):
    """It is given the rows of one length at a time, reversed where the direction is, and sees no other."""
    assert agrees(LAYER, case)


@given(case=cases(projected=False, threads=1))
def test_a_layer_need_not_know_of_projections(case):
    """Without proj_size it is called without w_hr."""
    assert agrees(FromLayer("loop over a cell", cell_loop), case)


@pytest.mark.parametrize(
    ("layer", "outcome"),
    [
        (cell_loop, Outcome.REFUSED),
        (functools.partial(cell_loop), Outcome.REFUSED),
        (lstm_forward, Outcome.PARITY),
        (lambda *arguments: lstm_forward(*arguments), Outcome.PARITY),
    ],
    ids=["no w_hr", "partial, no w_hr", "w_hr", "any arguments"],
)
def test_a_layer_without_w_hr_refuses_projections(layer, outcome):
    """What a function takes, it says itself."""
    case = draw_case(parse_setting("I4-H5-P3-T3-B2-float32"))

    assert judge(observe(FromLayer("layer", layer), case)).outcome is outcome


def test_a_layer_that_does_not_say_what_it_takes_is_called():
    """Some callables, written in C, have no signature."""
    assert FromLayer("max", max).unsupported_reason(draw_case(parse_setting("I4-H5-P3-T3-B2-float32")).setting) is None


@pytest.mark.parametrize("words", ["I4-H5-P3-T6-B2", "I4-H5-P3-bf-T6-B2", "I4-H5-P3-bi-T6-B2-packed6.6"])
def test_a_layer_is_called_batch_first_whatever_the_layout(words):
    """input (B, T, I), h (B, P), c (B, H), and weights of torch's shapes."""
    seen = set()

    def spy(input, state, *weights):
        seen.add(tuple(tuple(tensor.shape) for tensor in (input, *state, *weights)))
        return lstm_forward(input, state, *weights)

    observe(FromLayer("spy", spy), draw_case(parse_setting(f"{words}-float32")))

    assert seen == {((2, 6, 4), (2, 3), (2, 5), (20, 4), (20, 3), (20,), (20,), (3, 5))}


def test_a_layer_without_bias_is_given_zeros():
    """So that a function which always adds its biases need not know of None."""
    seen = []

    def spy(input, state, w_ih, w_hh, b_ih, b_hh):
        seen.extend([b_ih, b_hh])
        return lstm_forward(input, state, w_ih, w_hh, b_ih, b_hh)

    observe(FromLayer("spy", spy), draw_case(parse_setting("I4-H5-nobias-T3-B2-float64")))

    assert all(torch.equal(bias, torch.zeros(20, dtype=torch.float64)) for bias in seen)


def test_a_layer_that_returns_something_else_fails_in_words():
    """A function that returns its output alone is not an LSTM."""
    output_alone = FromLayer("output alone", lambda *arguments: lstm_forward(*arguments)[0])
    verdict = judge(observe(output_alone, draw_case(parse_setting("I4-H5-T3-B2-float32"))))

    assert "the layer returned a Tensor, but must return (output, (h, c))" in verdict.reason


@architectures
@pytest.mark.parametrize("lengths", [[2, 5, 1, 4], [5, 5, 3, 3]], ids=str)
def test_gradients_pass_through_the_stack(architecture, lengths):
    """Packed, from given states: those of the input, both states and every weight are nn.LSTM's."""
    module, weights = lstm(**architecture), weights_of(lstm(**architecture)).map(lambda w: w.requires_grad_())
    leaves = [leaf.requires_grad_() for leaf in (numbers(T, B, F), *states(module, B))]
    by_hand = LAYER.load(draw_case(parse_setting("I3-H6-T5-B4-float64")).setting, weights)

    close(
        gradients(by_hand, leaves, lengths, dict(weights.items())),
        gradients(module, leaves, lengths, dict(module.named_parameters())),
    )


def gradients(lstm, leaves, lengths, weights):
    """Of a loss on output, h_n and c_n, for the leaves and for the weights in order of their names."""
    x, *hx = leaves
    output, (h, c) = lstm(pack_padded_sequence(x, lengths, enforce_sorted=False), tuple(hx))
    loss = sum((tensor**2).sum() for tensor in (output.data, h, c))
    return torch.autograd.grad(loss, [*leaves, *(weights[name] for name in sorted(weights))])
