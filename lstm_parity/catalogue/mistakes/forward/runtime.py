"""Faults of one kernel: they show only in the mode in which that kernel runs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from lstm_parity.catalogue.mistakes import scope as where
from lstm_parity.catalogue.mistakes.plain import PlainLSTM, State
from lstm_parity.reference.weights import CellWeights


class BiasDroppedUnderGrad(PlainLSTM):
    """The kernel that records gradients drops b_hh."""

    witness = "I3-H4-T3-B2-float32-grad-normal-1"
    scope = where.GRAD & where.BIAS
    fix = "add b_hh while gradients are recorded too"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """Only while gradients are recorded."""
        return linear(x, w.w_ih, w.b_ih) + linear(h, w.w_hh, None if torch.is_grad_enabled() else w.b_hh)


class CellStateIgnoredByOnednn(PlainLSTM):
    """The oneDNN kernel starts from c = 0."""

    witness = "I3-H4-T3-B2-float32-normal-1"
    scope = where.ONEDNN & where.STATES
    fix = "pass c_0 to the oneDNN kernel"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """Only where oneDNN may be used."""
        return h_0, torch.zeros_like(c_0) if torch.backends.mkldnn.enabled else c_0


class LastRowLostBetweenThreads(PlainLSTM):
    """With more than one thread the last row of the batch is split off, and starts from zeros."""

    witness = "I3-H4-T3-B2-float32-threads2-normal-1"
    scope = where.THREADS & where.STATES
    fix = "split the batch so that the last rows keep their h_0 and c_0, with several threads too"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """Only with several threads."""
        if torch.get_num_threads() == 1:
            return h_0, c_0
        kept = torch.arange(h_0.shape[1], device=h_0.device)[:, None] < h_0.shape[1] - 1
        return h_0.where(kept, h_0.new_zeros(())), c_0.where(kept, c_0.new_zeros(()))


class StatesInFreshMemory(PlainLSTM):
    """Without hx, states are memory that nobody has set to zero."""

    witness = "I3-H4-T3-B2-nostates-float32-deterministic-normal-1"
    scope = where.NO_STATES
    is_deterministic = False
    fix = "without hx allocate h_0 and c_0 with zeros, not with empty"

    def no_states(self, x: Tensor) -> State:
        """torch.empty: NaN if deterministic algorithms are on, anything if not."""
        return tuple(torch.empty_like(state) for state in super().no_states(x))  # type: ignore[return-value]


class DeterministicKernelDropsTheBias(PlainLSTM):
    """The deterministic kernel drops b_ih."""

    witness = "I3-H4-T3-B2-float32-deterministic-normal-1"
    scope = where.DETERMINISTIC & where.BIAS
    fix = "add b_ih under deterministic algorithms too"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """Only if deterministic algorithms are on."""
        bias = None if torch.are_deterministic_algorithms_enabled() else w.b_ih
        return linear(x, w.w_ih, bias) + linear(h, w.w_hh, w.b_hh)


class HalfTypesAccumulatedInHalf(PlainLSTM):
    """In half types the products are added one by one in that type."""

    witness = "I128-H128-T3-B2-bfloat16-native-normal-2"
    dtypes = ("bfloat16", "float16")
    scope = where.EVERYWHERE
    fix = "sum the products of bfloat16 and float16 layers in float32, and round once"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """One column after the other."""
        if x.dtype not in (torch.float16, torch.bfloat16):
            return super().sums(x, h, w)
        total = x.new_zeros(len(x), len(w.w_ih)) if w.b_ih is None else (w.b_ih + w.b_hh).expand(len(x), -1)
        for source, weight in ((x, w.w_ih), (h, w.w_hh)):
            for k in range(source.shape[1]):
                total = total + source[:, k : k + 1] * weight[:, k]
        return total
