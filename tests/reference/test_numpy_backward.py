"""Back-propagation derived by hand is autograd, through the torch reference and nn.LSTM, and the complex step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings

from lstm_parity.cases.case import draw_case
from lstm_parity.cases.case import parse_case as named
from lstm_parity.cases.covering import cover_pairs, setting_at
from lstm_parity.implementations.references import TorchReference
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import WORST_LIMIT, distances
from lstm_parity.judging.gradients import compare_gradients, deviating_gradients, exact_gradients
from lstm_parity.parity_tests.small_lstms import (
    B,
    F,
    H,
    T,
    architectures,
    close,
    given_states,
    lstm,
    masks_of,
    numbers,
    states,
    tensors,
)
from lstm_parity.parity_tests.strategies import cases
from lstm_parity.reference import numpy_lstm, torch_lstm
from lstm_parity.reference.errors import DtypeError, FormError, LengthsError, RefusedError, ShapeError
from lstm_parity.reference.numpy_backward import lstm_backward, lstm_cell_backward, lstm_layer_backward
from lstm_parity.reference.weights import as_numpy, weights_of
from lstm_parity.running.autograd import adjoints, gradients_by_autograd, gradients_by_hand
from lstm_parity.running.calls import TENSORS

DOUBLE = {"dtype": "float64", "grad_mode": "grad"}
losses = pytest.mark.parametrize(
    "losses", [("output",), ("h_n",), ("c_n",), TENSORS], ids=["output", "h_n", "c_n", "all"]
)
autograds = pytest.mark.parametrize("implementation", [TorchReference(), TorchLSTM()], ids=lambda i: i.name)


@losses
@autograds
@settings(max_examples=20)
@given(case=cases(**DOUBLE))
@example(case=named("I3-H5-L3-P3-T4-B4-sorted4.4.3.1-float64-grad-non_finite-0"))
@example(case=named("I1-H1-bi-nobias-T3-B2-packed3.1-float64-grad-non_finite-1"))
def test_by_hand_is_autograd(implementation, losses, case):
    """The gradient of any loss by the input, the states and every weight is autograd's, to rounding noise."""
    d = adjoints(case, losses)

    assert deviating_gradients(compare_gradients(case, gradients_by_autograd(implementation, case, d), d)) == []


@autograds
def test_by_hand_is_autograd_in_every_architecture(implementation):
    """So it is wherever any two values of two axes of the lattice meet."""
    design = [draw_case(setting_at(point)) for point in cover_pairs(profile="normal", **DOUBLE)]
    found = {
        c.id: deviating_gradients(
            compare_gradients(c, gradients_by_autograd(implementation, c, adjoints(c)), adjoints(c))
        )
        for c in design
    }

    assert {name: story for name, story in found.items() if story} == {}


@settings(max_examples=30)
@given(case=cases(**DOUBLE))
def test_the_page_and_its_noisy_twin_have_the_same_gradients(case):
    """The noise is that of the very gradients that numpy_backward.py computes."""
    exact, twin = gradients_by_hand(case, adjoints(case)), exact_gradients(case, adjoints(case))
    twin = twin.named()

    assert all(np.all(distances(exact[n], twin[n].value[0], 1.5 * twin[n].deviation[0]) <= WORST_LIMIT) for n in exact)


ANALYTIC = [
    "I2-H3-T3-B2-float64-normal-1",
    "I2-H3-L2-bi-P2-T3-B2-packed1.3-float64-normal-2",
    "I3-H2-L2-bi-nobias-T4-unbatched-float64-trained-3",
    "I2-H3-P1-bf-T4-B3-packed2.4.1-float64-x10-4",
    "I1-H2-L3-bf-T2-B3-float64-sparse-5",
]


@pytest.mark.parametrize("name", ANALYTIC)
def test_by_hand_is_the_complex_step(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """f(v + ih) has the derivative of f by v in its imaginary part, exactly, where f is the NumPy forward page."""
    for check in ("check_forward", "check_layer"):
        monkeypatch.setattr(numpy_lstm, check, lambda *_: None)
    monkeypatch.setattr(numpy_lstm, "_sigmoid", lambda z: 1 / (1 + np.exp(-z)))
    case = named(name)
    d = adjoints(case)

    assert deviating_gradients(compare_gradients(case, by_complex_step(case, d), d)) == []


def by_complex_step(case, d):
    """One forward pass for each element of the input, the states and the weights."""
    w = case.weights.map(lambda v: v.astype(complex))
    inputs = {"input": case.input.astype(complex), "h_0": case.h_0.astype(complex), "c_0": case.c_0.astype(complex)}
    named_inputs = inputs | dict(w.items())

    def loss() -> complex:
        hx = inputs["h_0"], inputs["c_0"]
        y, (h, c) = numpy_lstm.lstm_forward(inputs["input"], hx, w, lengths=case.setting.call.lengths)
        return (y * d.output).sum() + (h * d.h_n).sum() + (c * d.c_n).sum()

    gradients = {name: np.zeros(v.shape) for name, v in named_inputs.items()}
    for name, array in named_inputs.items():
        for index in np.ndindex(array.shape):
            array[index] += 1e-200j
            gradients[name][index] = loss().imag / 1e-200
            array[index] = array[index].real
    return gradients


@architectures
@given_states
@pytest.mark.parametrize("batch", [(), (B,)], ids=["unbatched", "batched"])
def test_a_cell_back_is_autograd(architecture: dict[str, Any], form: Any, batch: tuple[int, ...]) -> None:
    """One step of the page against autograd through the torch cell."""
    module, x = lstm(**architecture), numbers(*batch, F)
    weights, state = weights_of(module).cells[0][0], form and form(s[0] for s in states(module, *batch))
    d = numbers(*batch, module.proj_size or H, seed=4), numbers(*batch, H, seed=5)
    actual = lstm_cell_backward(*as_numpy((x, state, weights, d)))
    close(flat(actual, state), autograd(torch_lstm.lstm_cell, x, state, weights, d))


@architectures
@given_states
@pytest.mark.parametrize("lengths", [None, [2, 5, 1, 4]], ids=str)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_layer_back_is_autograd(
    architecture: dict[str, Any], form: Any, lengths: list[int] | None, reverse: bool
) -> None:
    """One layer in either direction against autograd through the torch layer."""
    module, x, call = lstm(**architecture), numbers(T, B, F), {"lengths": lengths, "reverse": reverse}
    weights, state = weights_of(module).cells[0][0], form and form(s[0] for s in states(module, B))
    P = module.proj_size or H
    d_y, d_last = numbers(T, B, P, seed=3), (numbers(B, P, seed=4), numbers(B, H, seed=5))
    actual = lstm_layer_backward(*as_numpy((x, state, weights, d_y, d_last)), **call)
    close(flat(actual, state), autograd(torch_lstm.lstm_layer, x, state, weights, (d_y, d_last), **call))


@architectures
def test_masks_back_are_autograd(architecture: dict[str, Any]) -> None:
    """Dropout masks reach the gradients as autograd has them."""
    module, x = lstm(**{"num_layers": 3, **architecture}), numbers(T, B, F)
    D, P = 1 + module.bidirectional, module.proj_size or H
    call = {"dropout_masks": masks_of((T, B, D * P), 0.4, module.num_layers - 1)}
    h, c = states(module, B)
    given = x, (h, c), weights_of(module), (numbers(T, B, D * P, seed=3), (h + 1, c - 1))
    actual = lstm_backward(*as_numpy((*given[:3], *given[3])), **as_numpy(call))
    close(flat(actual, given[1]), autograd(torch_lstm.lstm_forward, *given, **call))


def flat(gradients: Any, state: Any) -> list[torch.Tensor]:
    """The gradients in one list, without those of states that are not there."""
    d_x, d_state, d_weights = gradients
    return [*map(torch.as_tensor, [d_x, *(d_state if state else ()), *(w for _, w in d_weights.items())])]


def autograd(function: Any, x: Any, state: Any, weights: Any, d: Any, **call: Any) -> list[torch.Tensor]:
    """The same list from torch."""
    weights = weights.map(lambda w: w.clone().requires_grad_())
    leaves = [x.clone().requires_grad_(), *(s.clone().requires_grad_() for s in state or ())]
    returned = function(leaves[0], leaves[1:] or None, weights, **call)
    wanted = [*leaves, *(w for _, w in weights.items())]
    return list(torch.autograd.grad(parts(returned), wanted, parts(d)))


def parts(value: Any) -> list[torch.Tensor]:
    """All tensors in a nest of tuples."""
    return [value] if isinstance(value, torch.Tensor) else [tensor for part in value for tensor in parts(part)]


GIVEN = as_numpy((numbers(T, B, F), states(lstm(num_layers=2, proj_size=2), B)))
WEIGHTS = as_numpy(weights_of(lstm(num_layers=2, proj_size=2)))
D_Y, D_H, D_C = as_numpy((numbers(T, B, 2, seed=3), numbers(2, B, 2, seed=4), numbers(2, B, H, seed=5)))


@pytest.mark.parametrize("which", [0, 1, 2], ids=TENSORS)
def test_no_adjoint_is_an_adjoint_of_zeros(which: int) -> None:
    """None says that the loss does not look."""
    zero, none = [D_Y, D_H, D_C], [D_Y, D_H, D_C]
    zero[which], none[which] = np.zeros_like(zero[which]), None
    expected = lstm_backward(*GIVEN, WEIGHTS, zero[0], zero[1:])
    close(flat(lstm_backward(*GIVEN, WEIGHTS, none[0], none[1:]), True), flat(expected, True), 0)


def test_what_a_loss_does_not_look_at_has_no_gradient() -> None:
    """Without any adjoint all gradients are zero, and there all the same."""
    assert all(not g.any() for g in flat(lstm_backward(*GIVEN, WEIGHTS, None), True))


def test_no_states_are_states_of_zeros() -> None:
    """Their gradients are those at zero."""
    zeros = [np.zeros_like(s) for s in GIVEN[1]]
    actual = lstm_backward(GIVEN[0], None, WEIGHTS, D_Y, (D_H, D_C))
    close(flat(actual, True), flat(lstm_backward(GIVEN[0], zeros, WEIGHTS, D_Y, (D_H, D_C)), True), 0)


@pytest.mark.parametrize("padding", [float("nan"), float("inf"), 1e300])
def test_padding_has_no_gradient_and_gives_none(padding: float) -> None:
    """What stands beyond a length, in the input or in the output's adjoint, is not read, and its gradient is 0."""
    x, d_y = GIVEN[0].copy(), D_Y.copy()
    x[2:, 1], d_y[2:, 1] = padding, padding
    lengths, module = [5, 2, 4, 1], (WEIGHTS, D_Y, (D_H, D_C))
    clean = lstm_backward(*GIVEN, *module, lengths=lengths)
    dirty = lstm_backward(x, GIVEN[1], WEIGHTS, d_y, (D_H, D_C), lengths=lengths)
    close((flat(dirty, True), torch.tensor(dirty[0][2:, 1])), (flat(clean, True), torch.zeros(3, F).double()), 0)


def test_arguments_are_left_as_they_were_and_not_returned() -> None:
    """Nothing given is written to, and no two gradients share memory."""
    given = as_numpy((numbers(T, B, F), states(lstm(num_layers=2, proj_size=2), B)))
    found = flat(lstm_backward(*given, WEIGHTS, D_Y, (D_H, D_C), lengths=[5, 2, 4, 1]), True)
    assert len({g.data_ptr() for g in found}) == len(found)
    close(tensors(given), tensors(GIVEN), 0)


@pytest.mark.parametrize("lengths", [None, [2, 5, 1, 4]], ids=str)
def test_gradients_keep_float32(lengths: list[int] | None) -> None:
    """float32 arrays have float32 gradients."""
    weights = WEIGHTS.map(lambda w: w.astype(np.float32))
    found = lstm_backward(GIVEN[0].astype(np.float32), None, weights, D_Y.astype(np.float32), lengths=lengths)
    assert {g.dtype for g in flat(found, True)} == {torch.float32}


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "an output's adjoint of the input": ({"d_output": GIVEN[0]}, ShapeError, r"d_output .* \(5, 4, 2\) is needed"),
    "a batch-first adjoint": ({"d_output": D_Y.swapaxes(0, 1)}, ShapeError, r"d_output .* but \(5, 4, 2\)"),
    "an adjoint to be broadcast": ({"d_output": D_Y[:, :1]}, ShapeError, r"d_output .* but \(5, 4, 2\)"),
    "a number": ({"d_output": 1.0}, FormError, "d_output was given as float"),
    "a tensor": ({"d_output": torch.as_tensor(D_Y)}, FormError, "d_output was given as torch.Tensor"),
    "a float32 adjoint": (
        {"d_output": D_Y.astype(np.float32)},
        DtypeError,
        "d_output is float32, but input is float64",
    ),
    "h_n's adjoint alone": ({"d_last": D_H}, FormError, r"a pair \(d_h_n, d_c_n\)"),
    "h_n's adjoint of H": ({"d_last": (D_C, None)}, ShapeError, r"d_h_n .* but \(2, 4, 2\)"),
    "c_n's adjoint of P": ({"d_last": (None, D_H)}, ShapeError, r"d_c_n .* but \(2, 4, 6\)"),
    "c_n's adjoint of one layer": ({"d_last": (D_H, D_C[:1])}, ShapeError, r"d_c_n .* but \(2, 4, 6\)"),
    "a float32 adjoint of c_n": ({"d_last": (None, D_C.astype(np.float32))}, DtypeError, "d_c_n is float32"),
    "a length of 0": ({"lengths": [5, 0, 1, 1]}, LengthsError, "4 whole numbers from 1 to 5"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_adjoint_is_refused_in_words(bad: str) -> None:
    """The exception is the one of its kind, and its one sentence says what was given, what is needed, what to do."""
    changes, kind, words = BAD[bad]
    call = {"input": GIVEN[0], "hx": GIVEN[1], "weights": WEIGHTS, "d_output": D_Y, "d_last": (D_H, D_C)} | changes
    with pytest.raises(kind, match=words) as refusal:
        lstm_backward(**call)
    assert isinstance(refusal.value, RefusedError)
    assert str(refusal.value).count("\n") == 0 < str(refusal.value).count(": ")


def test_a_cell_and_a_layer_refuse_bad_adjoints_too() -> None:
    """With the names of their own arguments."""
    cell, x = WEIGHTS.cells[0][0], GIVEN[0]
    with pytest.raises(ShapeError, match=r"d_c was .* but \(4, 6\)"):
        lstm_cell_backward(x[0], None, cell, (None, D_H[0]))
    with pytest.raises(ShapeError, match=r"d_y was .* but \(5, 4, 2\)"):
        lstm_layer_backward(x, None, cell, D_Y[:1])
