"""Noisy values along axes: steps and layers put together, rows that have ended, directions on the case axis.

Shapes: N cases, T steps, B batch rows, P outputs of a direction, L layers, D directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_parity.reference.noise import model as rounding
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.model import Array, Noisy


def join(parts: Sequence[Noisy], axis: int) -> Noisy:
    """Concatenate along an axis."""
    if len(parts) == 1:
        return Noisy(parts[0].value, parts[0].deviation)
    value = np.concatenate([part.value for part in parts], axis)
    return Noisy(value, np.concatenate([part.deviation for part in parts], axis))


def stack(parts: Sequence[Noisy]) -> Noisy:
    """Stack along a new second axis, that of time."""
    return Noisy(np.stack([part.value for part in parts], 1), np.stack([part.deviation for part in parts], 1))


def select(condition: Array, one: Noisy, other: Noisy) -> Noisy:
    """Return one where the condition holds, and the other elsewhere: `np.where` of values and of noise."""
    return Noisy(np.where(condition, one.value, other.value), np.where(condition, one.deviation, other.deviation))


@dataclass(frozen=True)
class Directions:
    """D directions of N cases on the case axis: all forward ones, then all reverse ones, each in its order of time."""

    cases: int
    directions: int

    def inputs(self, x: Noisy) -> Noisy:
        """Repeat the input for each direction: (N, T, ...) -> (D*N, T, ...)."""
        return x if self.directions == 1 else Noisy(_both(x.value), None if x.noise is None else _both(x.noise))

    def steps(self, valid: Array) -> Array:
        """Repeat the mask of valid steps for each case and direction: (T, B, 1) -> (D*N, T, B, 1)."""
        valid = np.broadcast_to(valid, (self.cases, *valid.shape))
        return valid if self.directions == 1 else _both(valid)

    def states(self, state: Array, layer: int) -> Array:
        """Select the states of a layer: (N, L*D, B, .) -> (D*N, B, .)."""
        own = state[:, layer * self.directions : (layer + 1) * self.directions]
        return np.swapaxes(own, 0, 1).reshape(-1, *state.shape[2:])

    def initial(self, a: Arithmetic, state: Noisy, layer: int) -> Noisy:
        """Select the initial states of a layer, with the noise that they bring: (N, L*D, B, .) -> (D*N, B, .)."""
        own = rounding.as_returned(a, self.states(state.value, layer))
        if state.noise is None:
            return own
        return Noisy(own.value, rounding.combine(own.deviation, self.states(state.noise, layer)))

    def last(self, state: Noisy) -> Noisy:
        """Put the states of a layer back in order: (D*N, B, .) -> (N, D, B, .)."""
        back = (self.directions, self.cases, *state.value.shape[1:])
        return Noisy(*(np.swapaxes(part.reshape(back), 0, 1) for part in (state.value, state.deviation)))

    def hidden(self, output: Array) -> Array:
        """Split an output into the hidden states of each direction: (N, T, B, D*P) -> (D*N, T, B, P)."""
        if self.directions == 1:
            return output
        forward, reverse = np.split(output, 2, axis=-1)
        return np.concatenate([forward, reverse[:, ::-1]])

    def output(self, h: Noisy) -> Noisy:
        """Concatenate the directions: (D*N, T, B, P) -> (N, T, B, D*P)."""
        return h if self.directions == 1 else join([h[: self.cases], h[self.cases :, ::-1]], -1)


def _both(x: Array) -> Array:
    return np.concatenate([x, x[:, ::-1]])
