"""Dropout in train mode: the masks that torch draws from a seed, and the reference, which is given them.

torch draws a mask for the output of every layer but the last, in the order of the layers, once for both directions: of
a packed batch for its data, else time first. With p = 0 and p = 1 it draws nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.torch_modules import missing_dtype
from lstm_parity.reference import torch_lstm
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.sequences import unpack
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.calls import call_arguments
from lstm_parity.running.evidence import Masks
from lstm_parity.running.protocol import LSTM


def replay_masks(case: Case, p: float, seed: int) -> Masks:
    """What torch draws for a case from a seed: L-1 of (T, B, D*P), of 0 and 1/(1-p) in the case's dtype; padding 0."""
    a, input = case.setting.architecture, call_arguments(case.setting, case.input, case.h_0, case.c_0)[0]
    packed = input if isinstance(input, PackedSequence) else None
    rows = case.input.shape[:2] if packed is None else packed.data.shape[:1]
    ones = torch.ones(*rows, a.num_directions * a.output_size, dtype=getattr(torch, case.setting.runtime.dtype))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        drawn = [dropout(ones, p) for _ in range(a.num_layers - 1)]
    if packed is not None:
        drawn = [unpack(packed._replace(data=mask))[0] for mask in drawn]
    return tuple(mask.double().numpy() for mask in drawn)


@dataclass(frozen=True, eq=False)
class MaskedReference:
    """`reference/torch_lstm.py`, given masks (T, B, D*P)."""

    masks: Sequence[Array]
    name: str = "reference in torch, with dropout masks"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """A dtype that torch cannot multiply."""
        return missing_dtype(setting.runtime.dtype, setting.runtime.device)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """`lstm_forward` with these weights and masks."""
        dtype, batch_first = getattr(torch, setting.runtime.dtype), setting.architecture.batch_first
        masks = [torch.from_numpy(mask).to(setting.runtime.device, dtype) for mask in self.masks]
        return lambda input, hx: torch_lstm.lstm_forward(
            input, hx, weights, batch_first=batch_first, dropout_masks=masks
        )
