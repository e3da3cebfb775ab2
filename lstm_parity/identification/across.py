"""Steps whose units are not independent: nn.LSTM's, with something done across the units at one place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from lstm_parity.identification.curves.functions import sigmoid
from lstm_parity.identification.curves.grids import ROUNDINGS, find_step, round_to, write_step
from lstm_parity.identification.expressions.step import GATES, Step
from lstm_parity.identification.transforms import ACROSS, COLUMNS, NORMS, ROWS, VALUES, Transform
from lstm_parity.reference.noise.model import Array


@dataclass(frozen=True)
class AcrossStep:
    """nn.LSTM's step with a transform (..., H) at one place.

    place: "z", all gate sums as one row; "each z", each of them; a gate sum as "z_i"; a gate as "i", after its
    function, or "i of z", in the place of it; "c", "c'", "c' in h'", "h'". line: which of the equations that changes.
    words: what is said there.
    """

    place: str
    line: str
    words: str
    transform: Transform

    def __call__(self, z: Array, c: Array, h: Array) -> tuple[Array, Array]:
        """Return h' and c' (B, H) for gate sums z (4, B, H), c and h (B, H)."""
        whole = self._at("z", np.concatenate(list(z), -1))
        whole = np.concatenate([self._at("each z", part) for part in np.split(whole, 4, -1)], -1)
        sums = {gate: self._at(f"z_{gate}", part) for gate, part in zip(GATES, np.split(whole, 4, -1), strict=True)}
        gates = {
            gate: self.transform(value)
            if self.place == f"{gate} of z"
            else self._at(gate, np.tanh(value) if gate == "g" else sigmoid(value))
            for gate, value in sums.items()
        }
        new = self._at("c'", gates["f"] * self._at("c", c) + gates["i"] * gates["g"])
        return self._at("h'", gates["o"] * np.tanh(self._at("c' in h'", new))), new

    def _at(self, place: str, value: Array) -> Array:
        return self.transform(value) if place == self.place else value


@dataclass(frozen=True)
class UnequalUnits:
    """A step whose last unit has other equations than the first ones."""

    first: Step
    last: Step

    def __call__(self, z: Array, c: Array, h: Array) -> tuple[Array, Array]:
        """Return h' and c' (B, H) for gate sums z (4, B, H), c and h (B, H)."""
        one, other = self.first(z, c, h), self.last(z, c, h)
        h_new, c_new = (np.concatenate([a[..., :-1], b[..., -1:]], -1) for a, b in zip(one, other, strict=True))
        return h_new, c_new


def across_steps() -> Iterator[AcrossStep]:
    """Yield those that are tried."""
    yield from mixing_steps()
    for words, transform in VALUES.items():
        yield AcrossStep("z", "z", f"z {words}", transform)
        for place in ("c'", "h'"):
            yield AcrossStep(place, place, words, transform)


def mixing_steps() -> Iterator[AcrossStep]:
    """Yield those whose units are not independent, so that no equation of one unit says the same."""
    for words, transform in {**ACROSS, **COLUMNS, **ROWS, **NORMS}.items():
        yield AcrossStep("z", "z", f"z {words}", transform)
        yield AcrossStep("each z", "z", f"z of each gate {words}", transform)
        for gate in GATES:
            yield AcrossStep(f"z_{gate}", "z", f"z_{gate} {words}", transform)
            yield AcrossStep(gate, gate, words, transform)
        yield AcrossStep("c", "c'", f"c {words}", transform)
        yield AcrossStep("c'", "c'", words, transform)
        yield AcrossStep("c' in h'", "h'", f"c' {words}", transform)
        yield AcrossStep("h'", "h'", words, transform)
    for words, transform in ACROSS.items():
        for gate in GATES:
            yield AcrossStep(f"{gate} of z", gate, f"= z_{gate} {words}", transform)


def grid_steps(h: Array, c: Array) -> Iterator[AcrossStep]:
    """Yield steps that put c' on the grid on which it was returned, before h' is computed of it, or h'."""
    for place, step in (("c'", find_step(c)), ("h'", find_step(h))):
        if step is None:
            continue
        for words, rounding in ROUNDINGS.items():
            said = f"{words} multiples of {write_step(step)}"
            yield AcrossStep(place, place, said, partial(round_to, rounding, step))
