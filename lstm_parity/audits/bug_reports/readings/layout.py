"""The layout of a call's arrays: which rows and steps are valid and where, so that they are compared as nn.LSTM's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_parity.audits.bug_reports.readings.assumptions import LEFT, Assumptions
from lstm_parity.files.stored import FolderError
from lstm_parity.reference.noise.model import Array


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the valid steps of each row are.

    time, batch: as given. rows: those with a valid step. steps: (T', B'), the step of the given array that each of our
    steps is. lengths: of our rows; None if all have T'. known: (T, B), which steps are valid as given: others are not
    judged.
    """

    time: int
    batch: int
    rows: tuple[int, ...]
    steps: Array
    lengths: tuple[int, ...] | None
    known: Array

    @property
    def lengths_given(self) -> tuple[int, ...]:
        """How many steps each of the given rows has."""
        return tuple(int(n) for n in self.known.sum(0))

    def gather(self, array: Array) -> Array:
        """Put the valid steps first: (T, B, ...) -> (T', B', ...)."""
        return np.asarray(array[self.steps, np.array(self.rows)])

    @property
    def valid(self) -> Array:
        """Which of our steps are valid, (T', B')."""
        lengths = np.array(self.lengths or [len(self.steps)] * len(self.rows))
        return np.asarray(np.arange(len(self.steps))[:, None] < lengths)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many steps each row has."""
        return self.lengths or (len(self.steps),) * len(self.rows)


def time_first(array: Array, assumed: Assumptions, name: str) -> Array:
    """Return an array of input or output as (T, B, ...); one sequence, or one step, gets the missing axis."""
    if array.ndim == 3:
        return array.swapaxes(0, 1) if assumed.batch_first else array
    if array.ndim == 2:
        return array[None] if assumed.is_batch else array[:, None]
    if array.ndim == 1:
        return array[None, None]
    raise FolderError(f"{name} has shape {array.shape}, but must have 1 to 3 axes: time, batch, features")


def find_layout(
    time: int, batch: int, lengths: Sequence[int] | None, mask: Array | None, assumed: Assumptions
) -> Layout:
    """Find the valid steps of each row. Raises FolderError for lengths or a mask that do not fit."""
    if lengths is not None and (len(lengths) != batch or min(lengths) < 0 or max(lengths) > time):
        raise FolderError(f"lengths {list(lengths)} were given, but needed are {batch} whole numbers from 0 to {time}")
    valid = [_valid_steps(time, row, lengths, mask, assumed) for row in range(batch)]
    known = np.stack([np.isin(np.arange(time), own) for own in valid], 1)
    steps = [np.arange(time)] * batch if assumed.reads_padding else valid
    rows = tuple(row for row in range(batch) if len(steps[row]))
    if not rows:
        raise FolderError("no row has a valid step: there is nothing to compute")
    longest = max(len(steps[row]) for row in rows)
    order = [steps[row][::-1] if assumed.reverse else steps[row] for row in rows]
    table = np.stack([np.concatenate([own, np.zeros(longest - len(own), int)]) for own in order], 1)
    counts = tuple(len(own) for own in order)
    return Layout(time, batch, rows, table, counts if len(set(counts)) > 1 else None, known)


def _valid_steps(time: int, row: int, lengths: Sequence[int] | None, mask: Array | None, assumed: Assumptions) -> Any:
    if mask is not None:
        return np.flatnonzero(mask[:, row])
    if lengths is None:
        return np.arange(time)
    return np.arange(time)[time - lengths[row] :] if assumed.padding == LEFT else np.arange(lengths[row])
