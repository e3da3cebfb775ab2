"""Dropout that is wrong deviates from the LSTM with the masks that were drawn."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_parity.cases.case import parse_case
from lstm_parity.implementations.dropout import MaskedReference, replay_masks
from lstm_parity.implementations.lives import InDropout
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.observe import observe_whole

CASE = parse_case("I5-H7-L3-bi-T4-B3-float32-normal-1")
PACKED = parse_case("I5-H7-L3-T4-B3-packed2.4.1-float32-normal-1")
MASKS = replay_masks(CASE, 0.5, 1)
WRONG = {
    "not dropped at all": tuple(np.ones_like(mask) for mask in MASKS),
    "not scaled": tuple(mask / 2 for mask in MASKS),
    "scaled by 1/p of another p": tuple(mask * 1.001 for mask in MASKS),
    "masks in the wrong order": MASKS[::-1],
    "one mask for all steps": tuple(np.repeat(mask[:1], 4, 0) for mask in MASKS),
    "one mask for all rows": tuple(np.repeat(mask[:, :1], 3, 1) for mask in MASKS),
    "time and features of a row reversed": tuple(mask[::-1, :, ::-1] for mask in MASKS),
    "only the first direction dropped": tuple(np.where(np.arange(14) < 7, mask, 1.0) for mask in MASKS),
    "drawn from another seed": replay_masks(CASE, 0.5, 2),
    "drawn as if for p = 0.4": replay_masks(CASE, 0.4, 1),
}


def outcome(implementation, of, masks):
    """What the judge says of it."""
    return judge(observe_whole(implementation, of, masks=masks)).outcome


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_masks_deviate(wrong):
    """Every mistake that can be made with a mask is seen on one small case."""
    assert outcome(MaskedReference([mask.copy() for mask in WRONG[wrong]]), CASE, MASKS) is Outcome.DEVIATES


@pytest.mark.parametrize("p", [0.3, 0.5])
def test_other_masks_than_those_drawn_deviate(p):
    """The judge holds nn.LSTM to the masks of its own seed, and to no others."""
    masks = [replay_masks(CASE, p, seed) for seed in (1, 2)]

    assert [outcome(InDropout(TorchLSTM(), p, (1,)), CASE, m) for m in masks] == [Outcome.PARITY, Outcome.DEVIATES]


def test_a_packed_batch_that_drops_padded_data_deviates():
    """Masks are drawn for the rows of the packed data: drawn for the padded batch they are others."""
    padded = replay_masks(parse_case("I5-H7-L3-T4-B3-float32-normal-1"), 0.5, 1)

    assert outcome(InDropout(TorchLSTM(), 0.5, (1,)), PACKED, replay_masks(PACKED, 0.5, 1)) is Outcome.PARITY
    assert outcome(MaskedReference(padded), PACKED, replay_masks(PACKED, 0.5, 1)) is Outcome.DEVIATES


def test_an_lstm_in_eval_mode_deviates_from_one_in_training():
    """The mode is part of what is judged."""
    assert outcome(TorchLSTM(), CASE, MASKS) is Outcome.DEVIATES
