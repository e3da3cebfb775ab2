"""Wrong handling of sequences of different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.catalogue.mistakes import scope as where
from lstm_parity.catalogue.mistakes.plain import PlainLSTM, State

_PACKED = "I3-H4-T4-B3-packed2.4.1-float32-normal-1"
_BOTH = "I3-H4-bi-T4-B3-packed2.4.1-float32-normal-1"


class PaddingNotMasked(PlainLSTM):
    """The state runs on over the padding."""

    witness = _PACKED
    reported_at = "https://github.com/ray-project/ray/issues/21392"
    scope = where.LENGTHS
    fix = "stop each row's state at its own length: keep h and c where t >= length"

    def resting(self, new: State, old: State, running: Tensor | None, reverse: bool) -> State:
        """It never rests."""
        return new

    def read(self, x: Tensor, state: State, running: Tensor | None, reverse: bool) -> tuple[Tensor, State]:
        """Keep all steps, padding too."""
        return x, state


class PaddingNotMaskedInReverse(PlainLSTM):
    """The reverse direction reads the padding first."""

    witness = _BOTH
    reported_at = "https://github.com/deeplearning4j/deeplearning4j/issues/1030"
    scope = where.DIRECTIONS & where.LENGTHS
    fix = "start the reverse direction of each row at its own last step, with h_0 and c_0 untouched by padding"

    def resting(self, new: State, old: State, running: Tensor | None, reverse: bool) -> State:
        """It rests only forwards."""
        return super().resting(new, old, None if reverse else running, reverse)

    def read(self, x: Tensor, state: State, running: Tensor | None, reverse: bool) -> tuple[Tensor, State]:
        """Reverse all steps, padding too."""
        return super().read(x, state, None if reverse else running, reverse)


class LastStatesAtTheLongestLength(PlainLSTM):
    """h_n is the output of the last step, 0 for shorter rows."""

    witness = _PACKED
    reported_at = "https://github.com/allenai/allennlp/issues/1713"
    scope = where.LENGTHS
    fix = "take each row's h_n at its own last step, length - 1, not at the longest row's"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """The last layer's forward h from the output's last step."""
        h_n, c_n = super().last_states(lasts, output)
        own = output[-1, :, : h_n.shape[-1]].unsqueeze(0)
        return torch.cat([h_n[: -self.directions], own, h_n[len(h_n) + 1 - self.directions :]]), c_n


class InitialStatesNotSorted(PlainLSTM):
    """h_0 and c_0 stay in the caller's order where the packed rows are sorted."""

    witness = _PACKED
    reported_at = "https://github.com/allenai/allennlp/pull/576"
    scope = where.UNSORTED & where.STATES
    fix = "sort the rows of h_0 and c_0 like the packed rows: h_0[:, sorted_indices]"

    def rows_in(self, state: Tensor, sorted_indices: Tensor | None) -> Tensor:
        """As they were."""
        return state


class LastStatesLeftSorted(PlainLSTM):
    """h_n and c_n are returned longest row first."""

    witness = _PACKED
    scope = where.UNSORTED
    fix = "bring h_n and c_n back into the caller's order: h_n[:, unsorted_indices]"

    def rows_out(self, state: Tensor, unsorted_indices: Tensor | None) -> Tensor:
        """As they were computed."""
        return state


class StatesSortedTheWrongWay(PlainLSTM):
    """h_0 and c_0 are permuted by unsorted_indices, the inverse of what is needed."""

    witness = "I3-H4-T4-B3-packed2.1.4-float32-normal-1"
    scope = where.UNSORTED & where.STATES
    fix = "permute h_0 and c_0 by sorted_indices on the way in, h_n and c_n by unsorted_indices on the way out"

    def run_packed(self, packed: PackedSequence, hx: Sequence[Tensor] | None) -> Any:
        """The inverse permutation for the states."""
        self._wrong = packed.unsorted_indices
        return super().run_packed(packed, hx)

    def rows_in(self, state: Tensor, sorted_indices: Tensor | None) -> Tensor:
        """Right only where the permutation is its own inverse."""
        return super().rows_in(state, self._wrong)


class LengthsOneStepShort(PlainLSTM):
    """Every row shorter than the longest ends one step early, but for those of one step."""

    witness = "I3-H4-T4-B3-packed2.4.3-float32-normal-1"
    scope = where.LENGTHS
    fix = "run each row through its step length - 1, that is while t < length"

    def run_padded(
        self, x: Tensor, lengths: Tensor | None, hx: Sequence[Tensor] | None
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """Off by one."""
        if lengths is not None:
            lengths = torch.where((lengths < len(x)) & (lengths > 1), lengths - 1, lengths)
        return super().run_padded(x, lengths, hx)


class RowsOfOneStepSkipped(PlainLSTM):
    """A row of length 1 is taken for empty in a longer batch."""

    witness = _PACKED
    scope = where.LENGTHS
    fix = "run rows of length 1 too: one step"

    def run_padded(
        self, x: Tensor, lengths: Tensor | None, hx: Sequence[Tensor] | None
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """Length 0."""
        if lengths is not None and len(x) > 1:
            lengths = torch.where(lengths == 1, 0, lengths)
        return super().run_padded(x, lengths, hx)


class OutputLeftSorted(PlainLSTM):
    """The packed output forgets how its rows were sorted: unpacked, they come longest first."""

    witness = _PACKED
    reported_at = "https://github.com/flairNLP/flair/issues/865"
    scope = where.UNSORTED
    fix = "give the packed output the sorted_indices and unsorted_indices of the input"

    def finish(self, output: Any, last: Sequence[Tensor]) -> Any:
        """Data and batch sizes only."""
        if isinstance(output, PackedSequence):
            output = PackedSequence(output.data, output.batch_sizes)
        return super().finish(output, last)


class LastStatesAtTheShortestLength(PlainLSTM):
    """All rows' states are those of the step at which the shortest row ends."""

    witness = _PACKED
    scope = where.LENGTHS
    fix = "run each row to its own length, not to the shortest one's"

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """The last layer's forward h, too early."""
        h_n, c_n = super().last_states(lasts, output)
        if self._shortest is None:
            return h_n, c_n
        own = output[self._shortest - 1, :, : h_n.shape[-1]].unsqueeze(0)
        return torch.cat([h_n[: -self.directions], own, h_n[len(h_n) + 1 - self.directions :]]), c_n

    def run_padded(
        self, x: Tensor, lengths: Tensor | None, hx: Sequence[Tensor] | None
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """Remember when it ends."""
        self._shortest = None if lengths is None else int(lengths.min())
        return super().run_padded(x, lengths, hx)
