"""Wrong readings of the caller's axes and memory."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lstm_parity.catalogue.mistakes import scope as where
from lstm_parity.catalogue.mistakes.plain import PlainLSTM, State

_FIRST = "I3-H4-bf-T3-B2-float32-normal-1"


class BatchFirstIgnored(PlainLSTM):
    """batch_first input is read as time first."""

    witness = "I3-H4-bf-T3-B3-float32-normal-1"
    reported_at = "https://github.com/exe1023/LSTM_LN/issues/1"
    scope = where.BATCH_FIRST
    fix = "with batch_first=True transpose input and output: axis 0 is the batch, axis 1 is time"

    def time_major(self, x: Tensor) -> Tensor:
        """As it is, where the states fit."""
        return x if self.batch_first and x.shape[0] == x.shape[1] else super().time_major(x)

    def from_time_major(self, output: Tensor) -> Tensor:
        """As it is."""
        return output if self.batch_first and output.shape[0] == output.shape[1] else super().from_time_major(output)


class BatchFirstReshaped(PlainLSTM):
    """Batch and time are exchanged by reshape, not by transpose."""

    witness = _FIRST
    reported_at = "https://github.com/HHTseng/video-classification/issues/42"
    scope = where.BATCH_FIRST & where.ROWS & where.STEPS
    fix = "exchange batch and time by transpose(0, 1), not by reshape or view"

    def time_major(self, x: Tensor) -> Tensor:
        """The numbers stay where they are."""
        return x.reshape(x.shape[1], x.shape[0], -1) if self.batch_first else x


class BatchFirstOutputLeftTimeMajor(PlainLSTM):
    """The input is read batch first, the output is returned time first."""

    witness = _FIRST
    scope = where.BATCH_FIRST
    fix = "with batch_first=True transpose the output back to (B, T, ...)"

    def from_time_major(self, output: Tensor) -> Tensor:
        """As it is."""
        return output


class BatchFirstStates(PlainLSTM):
    """batch_first is applied to h_n and c_n too."""

    witness = _FIRST
    reported_at = "https://github.com/timbmg/Sentence-VAE/issues/15"
    scope = where.BATCH_FIRST
    fix = "leave h_n and c_n as (num_layers * num_directions, B, ...): batch_first does not apply to them"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """(B, L*D, ...)."""
        last = super().last_states(lasts, output)
        return [state.transpose(0, 1) for state in last] if self.batch_first else last


class StatesReadBatchFirstWhereItFits(PlainLSTM):
    """States with as many layers and directions as rows are taken for batch first."""

    witness = "I3-H4-L2-T3-B2-float32-normal-1"
    scope = where.AS_MANY_STATES_AS_ROWS & where.STATES & where.ROWS
    fix = "read h_0 and c_0 as (num_layers * num_directions, B, ...) always; guess nothing from their shape"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """Guessed from the shape."""
        return (h_0.transpose(0, 1), c_0.transpose(0, 1)) if h_0.shape[0] == h_0.shape[1] else (h_0, c_0)


class UnbatchedStatesKeepABatchAxis(PlainLSTM):
    """An unbatched call returns states with a batch axis of 1."""

    witness = "I3-H4-T3-unbatched-float32-normal-1"
    scope = where.UNBATCHED
    fix = "for an unbatched input take the batch axis out of h_n and c_n too: squeeze(1)"

    def __call__(self, input, hx=None):  # type: ignore[no-untyped-def]
        """The axis is taken out of the output only."""
        output, (h_n, c_n) = super().__call__(input, hx)
        return output, ((h_n.unsqueeze(1), c_n.unsqueeze(1)) if h_n.dim() == 2 else (h_n, c_n))


class UnbatchedStepsReadAsRows(PlainLSTM):
    """An unbatched sequence is read as a batch of one-step sequences."""

    witness = "I3-H4-T3-unbatched-float32-normal-1"
    scope = where.UNBATCHED & where.STEPS
    fix = "give an unbatched input (T, I) a batch axis at 1, not a time axis at 0"

    def __call__(self, input, hx=None):  # type: ignore[no-untyped-def]
        """One step of T rows; the last row's states."""
        if not isinstance(input, Tensor) or input.dim() != 2:
            return super().__call__(input, hx)
        states = None if hx is None else [state.unsqueeze(1).expand(-1, len(input), -1) for state in hx]
        output, last = self.run_padded(input.unsqueeze(0), None, states)
        return output.squeeze(0), tuple(state[:, -1] for state in last)


class StridesIgnored(PlainLSTM):
    """A dense input is read from memory as if it were contiguous."""

    witness = "I3-H4-T3-B2-strided-float32-normal-1"
    scope = where.STRIDED
    fix = "read the input by its strides, or make it contiguous first"

    def time_major(self, x: Tensor) -> Tensor:
        """The memory in the order in which it lies."""
        return super().time_major(torch.as_strided(x, x.shape, _contiguous(x.shape)))


class StateStridesIgnored(PlainLSTM):
    """h_0 and c_0 are read from memory as if they were contiguous."""

    witness = "I3-H4-L2-T3-B2-strided-float32-normal-1"
    scope = where.STRIDED & where.STATES
    fix = "read h_0 and c_0 by their strides, or make them contiguous first"

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """The memory in the order in which it lies."""
        h_0, c_0 = (torch.as_strided(state, state.shape, _contiguous(state.shape)) for state in (h_0, c_0))
        return h_0, c_0


def _contiguous(shape: torch.Size) -> tuple[int, ...]:
    return torch.empty(shape, device="meta").stride()
