"""Gates that multiply what others read of the hidden state, as the reset gate of a GRU does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from lstm_parity.identification.curves.curve import SIGMOID, TANH, Curve
from lstm_parity.identification.expressions.step import GATES
from lstm_parity.reference.noise.model import Array

PLACES = ("w_hh ({} * h)", "{} * w_hh h", "{} * (w_hh h + b_hh)", "{} * (w_hh h + b_ih + b_hh)", "{} * z_{{}}")
_BEFORE, _WHOLE = PLACES[0], PLACES[-1]
_INSIDE = dict(zip(PLACES, ((), (), ("b_hh",), ("b_ih", "b_hh"), ()), strict=True))
_Part = Callable[[Array], Array]  # of h, what w_hh adds to the gate sums


@dataclass(frozen=True)
class Reset:
    """One gate that multiplies a part of the sums of others.

    gate: the gate sum that it is a function of; readers: those that it enters. place: of PLACES. is_complement: whether
    1 minus the gate multiplies it.
    """

    gate: int
    readers: tuple[int, ...]
    curve: Curve
    place: str
    is_complement: bool = False

    def __call__(self, total: Array, h: Array, recur: _Part, biases: Mapping[str, Array]) -> Array:
        """Return the gate sums (4, B, H) in the place of the usual ones; biases: of each name what it adds to them."""
        gate = self.curve(total[self.gate])
        gate = 1.0 - gate if self.is_complement else gate
        if self.place == _BEFORE:
            gated = total - recur(h) + recur(gate * h)
        elif self.place == _WHOLE:
            gated = gate * total
        else:
            part = sum((biases[name] for name in _INSIDE[self.place] if name in biases), start=recur(h))
            gated = total + (gate - 1.0) * part
        chosen = np.isin(np.arange(len(total)), self.readers)
        return np.where(chosen[:, None, None], gated, total)

    def describe(self, gates: str, curves: Mapping[str, Curve]) -> str:
        """Say what stands in the place of what; gates: the letter of each gate sum; curves: the function of each."""
        letter = gates[self.gate]
        name = letter if curves.get(letter) == self.curve else self.curve.describe(f"z_{letter}")
        name = f"(1 - {name})" if self.is_complement else name
        readers = [gates[row] for row in self.readers]
        text = self.place.format(name)
        usual = self.place.replace("({} * h)", "h").removeprefix("{} * ").strip("()")
        if self.place == _WHOLE:
            return ", ".join(f"{name} * z_{one} in the place of z_{one}" for one in readers)
        return f"{text} in the place of {usual} in {', '.join(readers)}"


def list_resets(curves: Mapping[int, Curve]) -> Iterator[Reset]:
    """Yield those that are tried; curves: the function of each gate sum."""
    rows = range(len(GATES))
    for row, place in product(rows, PLACES):
        others = tuple(other for other in rows if other != row)
        for readers in (*((other,) for other in others), others):
            for curve, is_complement in product(dict.fromkeys((curves[row], SIGMOID, TANH)), (False, True)):
                yield Reset(row, readers, curve, place, is_complement)
