"""Dropout in train mode: nn.LSTM is the LSTM whose layers' outputs, but the last's, are multiplied by replayed masks.

The judge compares, in the noise of the masked LSTM: the masks that torch draws from a seed are part of the case.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption
from torch import nn

from lstm_parity.audits.dropout import judge_dropout, judge_gradients_in_dropout
from lstm_parity.cases.case import parse_case as named
from lstm_parity.cases.setting import DTYPES
from lstm_parity.implementations.dropout import MaskedReference, replay_masks
from lstm_parity.implementations.lives import InDropout
from lstm_parity.implementations.torch_modules import TorchLSTM, missing_dtype
from lstm_parity.judging.forward import judge
from lstm_parity.judging.gradients import compare_gradients, deviating_gradients
from lstm_parity.judging.verdict import Outcome
from lstm_parity.parity_tests.strategies import cases, holds
from lstm_parity.reference.weights import LSTMWeights, write_weights
from lstm_parity.reports.failure import require_parity
from lstm_parity.running.autograd import adjoints, gradients_by_autograd, in_pass
from lstm_parity.running.calls import call_arguments, weight_tensors
from lstm_parity.running.evidence import WHOLE, BackwardPass, Evidence, Observation, Outputs
from lstm_parity.running.generators import SeededLSTM
from lstm_parity.running.observe import observe_whole
from lstm_parity.running.protocol import refusal_reason

PLAIN = named("I5-H7-L3-bi-T4-B3-float32-normal-1")
ASKED = (
    "I5-H7-T3-B3-float32-normal-2",
    "I5-H7-bi-bf-T3-B4-nostates-float32-normal-3",
    "I5-H7-L3-bi-T3-B4-float32-normal-4",
    "I6-H6-L2-bf-T3-B4-nostates-float32-trained-5",
    "I5-H7-L2-P3-T3-B3-packed2.3.1-float32-normal-6",
    "I5-H7-L2-bi-T3-unbatched-float32-normal-7",
    "I4-H6-L2-T3-B4-nostates-float32-normal-8",
    "I4-H6-L2-T4-B3-float32-normal-9",
)
STACKED = {"num_layers": st.integers(2, 3), "device": "cpu"}  # cuDNN draws masks of its own
chances = pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9, 1.0])


@pytest.fixture(scope="session")
def lstm_class():
    """What is constructed and called like `nn.LSTM`, and drops as it does."""
    return nn.LSTM


def masks(case, p):
    """The masks of the case's seed; a case that this torch cannot compute is drawn again."""
    if (reason := missing_dtype(case.setting.runtime.dtype, case.setting.runtime.device)) is not None:
        raise UnsatisfiedAssumption(reason)
    return replay_masks(case, p, case.seed)


def trained(lstm_class, p, case):
    """The class in train mode, with dropout of the case's seed."""
    return InDropout(TorchLSTM(module=lstm_class), p, (case.seed,))


def demand(implementation, case, drawn):
    """True, or ParityError raised with the whole story; a case that is refused is drawn again."""
    return holds(judge(observe_whole(implementation, case, masks=drawn)))


@chances
@settings(max_examples=20)
@given(case=cases(**STACKED))
def test_training_is_the_lstm_with_replayed_masks(lstm_class, p, case):
    """nn.LSTM in train mode is the exact LSTM with the masks of its seed, batched or packed, in every dtype."""
    assert demand(trained(lstm_class, p, case), case, masks(case, p))


@settings(max_examples=10)
@given(case=cases(**STACKED, packed=True, batch=st.integers(2, 5), time=st.integers(3, 6), profile="normal"))
def test_a_packed_batch_has_masks_for_its_data_alone(lstm_class, case):
    """None is drawn for padding, so that from the third step on they are others than a padded batch would have."""
    assert demand(trained(lstm_class, 0.5, case), case, masks(case, 0.5))


@chances
@settings(max_examples=10)
@given(case=cases(**STACKED))
def test_the_reference_replays_masks(p, case):
    """So is the reference in torch, which draws nothing and is given the masks."""
    drawn = masks(case, p)

    assert demand(MaskedReference(drawn), case, drawn)


@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
@settings(max_examples=8)
@given(case=cases(**STACKED, dtype=st.sampled_from(["float64", "float32"]), grad_mode="grad"))
def test_gradients_pass_through_dropout(lstm_class, p, case):
    """In train mode autograd has the gradients that are derived by hand for the same masks; the reference too."""
    d, drawn = adjoints(case), masks(case, p)
    how = BackwardPass(training=True, dropout=p, seed=case.seed)
    found = [
        gradients_by_autograd(TorchLSTM(module=lstm_class), case, in_pass(d, how)),
        gradients_by_autograd(MaskedReference(drawn), case, d),
    ]

    assert [deviating_gradients(compare_gradients(case, gradients, d, drawn)) for gradients in found] == [[], []]


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_masks_are_as_dense_as_p_says(p):
    """A share of 1 - p is kept, to five standard deviations, and kept numbers are scaled by 1/(1-p)."""
    (mask,) = replay_masks(named("I5-H64-L2-bi-T20-B30-float64-normal-1"), p, 1)
    deviation = np.sqrt(p * (1 - p) / mask.size)

    assert set(np.unique(mask)) == {0.0, 1.0 / (1.0 - p)}
    assert abs((mask > 0.0).mean() - (1 - p)) < 5 * deviation


def test_every_layer_step_row_and_unit_has_a_mask_of_its_own():
    """No two masks, and no two steps, rows or directions of one, are the same."""
    drawn = np.stack(replay_masks(named("I5-H64-L3-bi-T4-B3-float32-normal-1"), 0.5, 1))
    sequences = drawn.reshape(2, 4, 3, 2, 64).reshape(-1, 64)

    assert len(np.unique(sequences, axis=0)) == len(sequences)


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_implementation_drops_with_masks_of_its_own(implementation, dtype):
    """What it drops is read off it; the rest is the exact LSTM, and the way back passes through the same masks."""
    named_ = [named(name.replace("float32", dtype)) for name in ASKED]
    asked = [case for case in named_ if refusal_reason(implementation, case) is None]
    if not asked:
        raise NotImplementedError(refusal_reason(implementation, named_[0]))
    verdicts = judge_dropout(implementation, asked, 1)
    if all(verdict.outcome is Outcome.REFUSED for verdict in verdicts):
        raise NotImplementedError(verdicts[0].reason)
    wide = asked if dtype in ("float64", "float32") else []
    for verdict in verdicts + judge_gradients_in_dropout(implementation, wide):
        if verdict.outcome is not Outcome.REFUSED:
            require_parity(verdict)
    unread = [one.reason for one in verdicts if one.outcome is Outcome.NOT_JUDGED and not one.observation.evidence]
    if unread:
        raise NotImplementedError(unread[0])


def module(lstm_class, p: float, of=PLAIN) -> nn.LSTM:
    """An LSTM with dropout and the case's weights, in train mode."""
    lstm = lstm_class(**of.setting.architecture.arguments(), dropout=p)
    write_weights(weight_tensors(of), lstm)
    return lstm


def call(lstm: nn.LSTM, seed: int | None = None, of=PLAIN) -> list[torch.Tensor]:
    """Output, h_n and c_n; the generator is set to the seed where one is given."""
    if seed is not None:
        torch.manual_seed(seed)
    output, (h_n, c_n) = lstm(*call_arguments(of.setting, of.input, of.h_0, of.c_0))
    return [output.detach(), h_n.detach(), c_n.detach()]


def same(one, other) -> bool:
    """Bit for bit."""
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture(autouse=True)
def _own_generator():
    """Whatever a test does to torch's generator ends with it."""
    with torch.random.fork_rng(devices=[]):
        yield


def test_two_calls_in_training_differ(lstm_class):
    """Masks are drawn anew in every call."""
    lstm = module(lstm_class, 0.5)

    assert not same(call(lstm, 1), call(lstm))


def test_the_same_seed_drops_the_same(lstm_class):
    """The seed is all that the masks depend on."""
    assert same(call(module(lstm_class, 0.5), 1), call(module(lstm_class, 0.5), 1))


def test_nothing_is_dropped_in_eval_mode(lstm_class):
    """Whatever p is, the module is the one without dropout, bit for bit."""
    assert same(call(module(lstm_class, 0.5).eval()), call(module(lstm_class, 0.0).eval()))


def test_eval_mode_leaves_the_generator_as_it_was(lstm_class):
    """What comes after a call in eval mode draws what it would have drawn without it."""
    lstm = module(lstm_class, 0.5).eval()
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    call(lstm)

    assert torch.equal(torch.random.get_rng_state(), before)


def test_no_dropout_in_training_is_eval_mode(lstm_class):
    """With p = 0 the mode makes no difference, bit for bit."""
    assert same(call(module(lstm_class, 0.0)), call(module(lstm_class, 0.0).eval()))


def test_a_module_goes_back_and_forth_between_the_modes(lstm_class):
    """train, eval, train on one module: the last is the first, and eval between them is eval."""
    lstm = module(lstm_class, 0.5)
    seen = [call(lstm.train(mode), 1) for mode in (True, False, True, False)]

    assert same(seen[0], seen[2])
    assert same(seen[1], seen[3])
    assert not same(seen[0], seen[1])


def test_the_last_layer_is_never_dropped(lstm_class):
    """With p = 1 the last layer reads zeros, and returns what an LSTM of that layer alone does that is given zeros."""
    output, h_n, c_n = (tensor.double().numpy() for tensor in call(module(lstm_class, 1.0)))
    architecture = replace(PLAIN.setting.architecture, num_layers=1, input_size=14)
    case = replace(
        PLAIN,
        setting=replace(PLAIN.setting, architecture=architecture),
        weights=LSTMWeights(PLAIN.weights.cells[-1:]),
        input=np.zeros((4, 3, 14)),
        h_0=PLAIN.h_0[4:],
        c_0=PLAIN.c_0[4:],
    )
    seen = Evidence(WHOLE, case.input, case.h_0, case.c_0, Outputs(output, h_n[4:], c_n[4:]))
    require_parity(judge(Observation(case, (seen,))))


def test_dropout_of_a_single_layer_warns_and_does_nothing(lstm_class):
    """There is no layer but the last; torch says so."""
    of = named("I5-H7-T4-B3-float32-normal-1")
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last recurrent layer"):
        lstm = module(lstm_class, 0.5, of)

    assert same(call(lstm, of=of), call(lstm.eval(), of=of))


def test_a_seeded_module_leaves_the_generator_as_it_was():
    """The helper that replays seeds touches no global state."""
    lstm = SeededLSTM(nn.LSTM(5, 7, 2, dropout=0.5), 3)
    before = torch.random.get_rng_state()
    lstm(torch.zeros(4, 3, 5))

    assert torch.equal(torch.random.get_rng_state(), before)
