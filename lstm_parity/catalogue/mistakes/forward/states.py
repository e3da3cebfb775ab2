"""Wrong initial states, and wrong last ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lstm_parity.catalogue.mistakes import scope as where
from lstm_parity.catalogue.mistakes.plain import PlainLSTM, State
from lstm_parity.reference.weights import CellWeights

_STEPS = "I3-H4-T3-B2-float32-normal-1"
_NONE = "I3-H4-T3-B2-nostates-float32-normal-1"


class StatesIgnored(PlainLSTM):
    """hx is accepted and never used."""

    witness = _STEPS
    reported_at = "https://github.com/pytorch/tutorials/pull/95"
    scope = where.STATES
    fix = "start from the h_0 and c_0 that are given in hx"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """Zeros."""
        return torch.zeros_like(h_0), torch.zeros_like(c_0)


class HiddenStateIgnored(PlainLSTM):
    """h_0 is taken for zeros, c_0 is not."""

    witness = _STEPS
    reported_at = "https://github.com/onnx/onnx-tensorflow/issues/408"
    scope = where.STATES
    fix = "start from the h_0 that is given, hx[0]"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """Half of it."""
        return torch.zeros_like(h_0), c_0


class CellStateIgnored(PlainLSTM):
    """c_0 is taken for zeros, h_0 is not."""

    witness = _STEPS
    scope = where.STATES
    fix = "start from the c_0 that is given, hx[1]"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """The other half."""
        return h_0, torch.zeros_like(c_0)


class StatesSwapped(PlainLSTM):
    """hx is read as (c_0, h_0)."""

    witness = _STEPS
    reported_at = "https://github.com/microsoft/nni/issues/2839"
    scope = where.STATES & where.NO_PROJECTION
    fix = "unpack hx as (h_0, c_0), h first"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """In the wrong order, where the shapes allow it."""
        return (c_0, h_0) if h_0.shape == c_0.shape else (h_0, c_0)


class LastStatesSwapped(PlainLSTM):
    """(c_n, h_n) is returned for (h_n, c_n)."""

    witness = _STEPS
    reported_at = "https://github.com/microsoft/nni/issues/2839"
    scope = where.EVERYWHERE
    fix = "return (output, (h_n, c_n)), h first"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """In the wrong order."""
        return super().last_states(lasts, output)[::-1]


class LastCellIsHidden(PlainLSTM):
    """c_n is a copy of h_n."""

    witness = _STEPS
    scope = where.NO_PROJECTION
    fix = "return the last c as c_n"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """A line copied and not changed."""
        h_n, c_n = super().last_states(lasts, output)
        return h_n, h_n.clone() if h_n.shape == c_n.shape else c_n


class LastCellOfTheStepBefore(PlainLSTM):
    """c_n is the c that the last step started from."""

    witness = _STEPS
    scope = where.EVERYWHERE
    fix = "return c after the last step has updated it"

    def run(self, x: Any, lengths: Any, state: State, w: CellWeights, reverse: bool) -> tuple[Tensor, State]:
        """One step late."""
        self._cells = [state[1]]
        output, (h, _) = super().run(x, lengths, state, w, reverse)
        return output, (h, self._cells[-2])

    def cell_state(self, i: Tensor, f: Tensor, g: Tensor, c: Tensor) -> Tensor:
        """Remember them."""
        self._cells.append(super().cell_state(i, f, g, c))
        return self._cells[-1]


class StateKeptBetweenCalls(PlainLSTM):
    """Without hx, a call goes on from where the last one ended."""

    reported_at = "https://github.com/soumith/cudnn.torch/issues/348"
    scope = where.NOWHERE
    fix = "without hx start every call from zeros; keep no state in the object"

    _kept: Any = None

    def no_states(self, x: Tensor) -> State:
        """Zeros the first time only."""
        kept = self._kept
        return kept if kept is not None and kept[0].shape[1] == x.shape[1] else super().no_states(x)

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """Kept for the next call."""
        self._kept = super().last_states(lasts, output)
        return [state.clone() for state in self._kept]


class NoStatesAreOnes(PlainLSTM):
    """Without hx, a call starts from ones."""

    witness = _NONE
    scope = where.NO_STATES
    fix = "without hx start from zeros"

    def no_states(self, x: Tensor) -> State:
        """Not zeros."""
        h, c = super().no_states(x)
        return torch.ones_like(h), torch.ones_like(c)


class StatesOfTheFirstRowForAll(PlainLSTM):
    """Every row of the batch starts from the states of row 0."""

    witness = _STEPS
    scope = where.STATES & where.ROWS
    fix = "start each row b of the batch from its own h_0[:, b] and c_0[:, b]"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """Broadcast."""
        return h_0[:, :1].expand_as(h_0), c_0[:, :1].expand_as(c_0)


class InitialStatesOverwritten(PlainLSTM):
    """The last states are written into the caller's h_0 and c_0."""

    scope = where.NOWHERE
    fix = "write nothing into hx: compute new tensors (no in-place operation on h_0 or c_0), or clone first"

    def run_padded(
        self, x: Tensor, lengths: Tensor | None, hx: Sequence[Tensor] | None
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """Right numbers, in memory that is not ours."""
        output, last = super().run_padded(x, lengths, hx)
        for mine, yours in zip(last, hx or (), strict=False):
            yours.data.copy_(mine)
        return output, last


class LastStatesShareMemoryWithTheFirst(PlainLSTM):
    """h_n and c_n are h_0 and c_0, overwritten."""

    scope = where.NOWHERE
    fix = "return new tensors for h_n and c_n, not the memory of h_0 and c_0"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """The same two tensors."""
        last = super().last_states(lasts, output)
        return [yours.copy_(mine) for mine, yours in zip(last, self._given, strict=True)] if self._given else last

    def run_padded(
        self, x: Tensor, lengths: Tensor | None, hx: Sequence[Tensor] | None
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """What was given."""
        self._given = [state.detach() for state in hx or ()]
        return super().run_padded(x, lengths, hx)


class InputNormalisedInPlace(PlainLSTM):
    """NaN in the caller's input is replaced where it lies."""

    scope = where.NON_FINITE
    fix = "write nothing into the input, and let NaN pass"

    def time_major(self, x: Tensor) -> Tensor:
        """The caller's memory."""
        return torch.nan_to_num_(super().time_major(x.detach()))


class NoStatesAreRandom(PlainLSTM):
    """Without hx, a call starts from random numbers."""

    witness = _NONE
    reported_at = "https://github.com/pytorch/tutorials/pull/95"
    scope = where.NO_STATES
    is_deterministic = False
    fix = "without hx start from h_0 = c_0 = 0; draw nothing"

    def no_states(self, x: Tensor) -> State:
        """Of a generator of their own, so that they are the same every time."""
        generator = torch.Generator().manual_seed(1)
        h, c = super().no_states(x)
        drawn = (torch.randn(state.shape, generator=generator) for state in (h, c))
        return next(drawn).to(h), next(drawn).to(c)


class BiasesFoldedInPlace(PlainLSTM):
    """b_hh is added to b_ih in the caller's memory, and set to zero."""

    scope = where.NOWHERE
    fix = "leave the parameters as they are: write the sum of both biases into a new tensor"

    def prepare(self, w: CellWeights) -> CellWeights:
        """Right numbers, in memory that is not ours."""
        if w.b_ih is not None and w.b_hh is not None:
            w.b_ih.data.add_(w.b_hh.data)
            w.b_hh.data.zero_()
        return w
