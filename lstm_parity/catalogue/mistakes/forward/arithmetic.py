"""Arithmetic of another precision than the tensors claim, and parts of sums left out."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import linear

from lstm_parity.catalogue.mistakes import scope as where
from lstm_parity.catalogue.mistakes.plain import PlainLSTM, State
from lstm_parity.reference.weights import CellWeights


class DoubleComputedInSingle(PlainLSTM):
    """float64 layers take their products in float32."""

    witness = "I3-H4-T3-B2-float64-normal-1"
    dtypes = ("float64",)
    scope = where.EVERYWHERE
    fix = "compute in float64 where the layer is float64: remove .float() and float32 buffers"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """There and back."""
        if x.dtype != torch.float64:
            return super().sums(x, h, w)
        return super().sums(x.float(), h.float(), w.map(Tensor.float)).double()


class StatesStoredInHalf(PlainLSTM):
    """c is kept in bfloat16 between steps."""

    witness = "I3-H4-T3-B2-float32-normal-1"
    dtypes = ("float64", "float32", "float16")
    scope = where.FED_BACK
    fix = "keep c between steps in the layer's own dtype"

    def step(self, x: Tensor, state: State, w: CellWeights) -> State:
        """Rounded on the way."""
        return super().step(x, (state[0], state[1].bfloat16().to(state[1].dtype)), w)


class OutputInSinglePrecision(PlainLSTM):
    """The output is written into a float32 buffer, for every dtype of the input."""

    witness = "I3-H4-T3-B2-float64-normal-1"
    reported_at = "https://github.com/elixir-nx/axon/pull/646"
    dtypes = ("float64", "bfloat16", "float16")
    scope = where.EVERYWHERE
    fix = "allocate the output with the input's dtype: new_empty, or dtype=x.dtype"

    def join(self, outputs: list[Tensor]) -> Tensor:
        """float32, and the next layer reads what it needs."""
        joined = super().join(outputs)
        return joined.float().to(joined.dtype) if joined.dtype == torch.float64 else joined

    def finish(self, output, last):  # type: ignore[no-untyped-def]
        """The output has another dtype than the input."""
        return super().finish(output.float() if isinstance(output, Tensor) else output, last)


class TanhOfAFewBits(PlainLSTM):
    """tanh is a table of 256 entries between -4 and 4."""

    witness = "I3-H4-T3-B2-float32-normal-1"
    scope = where.EVERYWHERE
    fix = "use the library's tanh, not a table"

    def hidden(self, o: Tensor, c: Tensor) -> Tensor:
        """The nearest entry."""
        return o * ((c.clamp(-4.0, 4.0) * 32.0).round() / 32.0).tanh()


class TailOfWideLayersLeftOut(PlainLSTM):
    """A loop over h in blocks of 128 leaves out what is left over beyond them."""

    witness = "I3-H130-T3-B2-float32-normal-1"
    scope = where.WIDE & where.FED_BACK
    fix = "let the block loop over h do what is left over beyond the last whole block of 128"

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """Whole blocks only, where there is one."""
        whole = h.shape[-1] // 128 * 128 or h.shape[-1]
        return linear(x, w.w_ih, w.b_ih) + linear(h[..., :whole], w.w_hh[:, :whole], w.b_hh)


class LongSequencesTruncated(PlainLSTM):
    """After 16 steps the state starts from zeros again."""

    witness = "I3-H4-T18-B2-float32-normal-1"
    scope = where.LONG
    fix = "carry h and c through all steps, beyond the 16th too"

    def run(self, x, lengths, state, w, reverse):  # type: ignore[no-untyped-def]
        """A counter of steps."""
        self._steps = 0
        return super().run(x, lengths, state, w, reverse)

    def step(self, x: Tensor, state: State, w: CellWeights) -> State:
        """A buffer that is full."""
        self._steps += 1
        h, c = state
        return super().step(x, (torch.zeros_like(h), torch.zeros_like(c)) if self._steps == 17 else state, w)


class WeightsRounded(PlainLSTM):
    """Weights are stored in bfloat16."""

    witness = "I3-H4-T3-B2-float32-normal-1"
    dtypes = ("float64", "float32", "float16")
    scope = where.EVERYWHERE
    fix = "keep the weights in the layer's own dtype; do not store them in bfloat16"

    def prepare(self, w: CellWeights) -> CellWeights:
        """Rounded once, when they are loaded."""
        return replace(w, w_ih=w.w_ih.bfloat16().to(w.w_ih.dtype), w_hh=w.w_hh.bfloat16().to(w.w_hh.dtype))
