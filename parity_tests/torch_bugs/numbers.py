"""Calls that have returned wrong numbers or wrong gradients without a word."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune, weight_norm

from lstm_parity.cases.case import draw_case
from lstm_parity.cases.setting import parse_setting
from lstm_parity.catalogue.bad_calls.probe_helpers import UndecidedError
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.failure import find_failure
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.failure import describe_failure
from lstm_parity.running.observe import observe

BOUND = 1e-5  # float32, H below 10: a bug of this list is far above


def judged(*names: str, profile: str = "normal") -> str:
    """What the judge says of nn.LSTM in the first of these settings that it does not pass."""
    for name in names:
        verdict = judge(observe(TorchLSTM(), draw_case(parse_setting(name), profile, 1)))
        if verdict.outcome is not Outcome.PARITY:
            return f"{name}: {describe_failure(find_failure(verdict)).splitlines()[0]}"
    return ""


def apart(one: Tensor, other: Tensor) -> str:
    """How far two tensors are apart that ought to be the same to the rounding of float32; NaN is far."""
    difference = (one - other).abs().max().item()
    return "" if difference <= BOUND else f"{difference:.2g} apart"


def small(**architecture: object) -> tuple[nn.LSTM, Tensor]:
    """An LSTM and an input, the same in every run."""
    torch.manual_seed(1)
    return nn.LSTM(3, 4, **architecture), torch.randn(5, 2, 3)  # type: ignore[arg-type]


def a_functional_call_uses_stale_weights() -> str:
    """Output and gradients of functional_call against those of a module that has these weights."""
    if not hasattr(torch, "func"):
        raise UndecidedError("this torch has no torch.func")
    lstm, x = small()
    other = nn.LSTM(3, 4)
    parameters = dict(other.named_parameters())
    output = torch.func.functional_call(lstm, parameters, (x,))[0]
    gradients = torch.autograd.grad(output.sum(), list(parameters.values()), allow_unused=True)
    expected = torch.autograd.grad(other(x)[0].sum(), list(other.parameters()))
    if any(gradient is None for gradient in gradients):
        return "gradients are None"
    pairs = zip((output, *gradients), (other(x)[0], *expected), strict=True)
    return next((far for one, two in pairs if (far := apart(one, two))), "")


def _replaced(lstm: nn.LSTM) -> None:
    lstm.weight_hh_l0 = nn.Parameter(torch.zeros(16, 4))


def _deleted(lstm: nn.LSTM) -> None:
    del lstm.weight_hh_l0
    lstm.weight_hh_l0 = torch.zeros(16, 4)  # type: ignore[assignment]


def _data(lstm: nn.LSTM) -> None:
    lstm.weight_hh_l0.data = torch.zeros(16, 4)


def _pruned(lstm: nn.LSTM) -> None:
    prune.custom_from_mask(lstm, "weight_hh_l0", torch.zeros(16, 4))


class _Zero(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return torch.zeros_like(weight)


def _parametrized(lstm: nn.LSTM) -> None:
    parametrize.register_parametrization(lstm, "weight_hh_l0", _Zero())


def a_replaced_weight_is_not_seen() -> str:
    """W_hh set to zero in five ways after a first call, against a copy that had it from the start."""
    expected, x = small()
    with torch.no_grad():
        expected.weight_hh_l0.zero_()
    ways: tuple[Callable[[nn.LSTM], None], ...] = (_replaced, _deleted, _data, _pruned, _parametrized)
    for way in ways:
        lstm, _ = small()
        lstm(x)
        way(lstm)
        if far := apart(lstm(x)[0], expected(x)[0]):
            return f"{way.__name__.strip('_')}: {far}"
    return ""


def a_traced_module_loses_its_numbers_when_saved() -> str:
    """torch.jit.trace, saved and loaded, against the module."""
    lstm, x = small(num_layers=2, bidirectional=True)
    file = io.BytesIO()
    torch.jit.save(torch.jit.trace(lstm, (x,)), file)
    file.seek(0)
    return apart(torch.jit.load(file)(x)[0], lstm(x)[0])


def a_batch_differs_from_its_rows() -> str:
    """The largest of 64 rows, with oneDNN and without."""
    return judged("I5-H7-T4-B64-float32", "I5-H7-T4-B1-float32", "I5-H7-T4-B64-float32-native")


def dropout_of_everything_makes_nan() -> str:
    """dropout=1 between two layers: gradients are finite, those of the first layer 0."""
    lstm, x = small(num_layers=2, dropout=1.0)
    lstm(x)[0].sum().backward()
    wrong = [name for name, w in lstm.named_parameters() if w.grad is None or not w.grad.isfinite().all()]
    return f"gradients of {', '.join(wrong)}" if wrong else apart(lstm.weight_ih_l0.grad, torch.zeros(16, 3))


def dropout_cannot_be_repeated() -> str:
    """One seed, one mask; two calls, two masks; none in eval mode."""
    lstm, x = small(num_layers=2, dropout=0.5)
    outputs = []
    for _ in range(2):
        torch.manual_seed(3)
        outputs += [lstm(x)[0], lstm(x)[0]]
    if not apart(outputs[0], outputs[1]):
        return "two calls have the same mask"
    lstm.eval()
    return apart(outputs[0], outputs[2]) or apart(lstm(x)[0], lstm(x)[0])


def float32_strays_from_the_exact_answer() -> str:
    """Large numbers and long sequences, judged in units of rounding noise."""
    return judged("I5-H7-T300-B2-float32", profile="trained") or judged("I8-H64-T20-B2-float32", profile="trained")


def a_packed_bidirectional_lstm_differs_from_its_sequences() -> str:
    """Packed in every order, with states, judged against the exact answer for each sequence."""
    return judged("I5-H7-L2-bi-T4-B3-packed2.4.1-float32", "I5-H7-L2-bi-T4-B3-sorted4.4.4-float32")


def frozen_weights_change_the_gradients_of_others() -> str:
    """Every subset of the four weights frozen, in float32, where oneDNN computes."""
    lstm, x = small()
    everything = torch.autograd.grad(lstm(x)[0].sum(), list(lstm.parameters()))
    for frozen in itertools.product((False, True), repeat=4):
        for parameter, freeze in zip(lstm.parameters(), frozen, strict=True):
            parameter.requires_grad_(not freeze)
        free = [k for k in range(4) if not frozen[k]]
        if not free:
            continue
        given = torch.autograd.grad(lstm(x)[0].sum(), [list(lstm.parameters())[k] for k in free])
        for k, gradient in zip(free, given, strict=True):
            if far := apart(gradient, everything[k]):
                return f"frozen {frozen}: {far}"
    return ""


def weight_norm_computes_with_stale_weights() -> str:
    """A weight-normed LSTM, flattened, after its g was doubled, against W_hh doubled."""
    lstm, x = small()
    expected, _ = small()
    normed = weight_norm(lstm, "weight_hh_l0")
    normed.flatten_parameters()
    normed(x)
    with torch.no_grad():
        normed.weight_hh_l0_g.mul_(2)
        expected.weight_hh_l0.mul_(2)
    return apart(normed(x)[0], expected(x)[0])
