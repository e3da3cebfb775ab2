"""Reading a gate sum, or the value of one activation, from a step whose other gates are saturated."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lstm_parity.identification.cell import FreeStep
from lstm_parity.identification.probe import Probe
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights

_DIGITS = {"float64": 53, "float32": 24, "bfloat16": 8, "float16": 11}  # bits of the significand, the leading one too
LARGEST = {"float64": 1023, "float32": 127, "bfloat16": 127, "float16": 15}  # exponents of the largest numbers
SMALLEST = {"float64": -1022, "float32": -126, "bfloat16": -126, "float16": -14}  # of the smallest normal ones
_SATURATED = (40.0, 60.0, 20.0, 17.0, 12.0, 10.0)  # gate sums at which a sigmoid is 1 or next to it


@dataclass(frozen=True)
class SumOfProducts:
    """What is added up in a gate sum of one unit: for each of N rows, x (N, I) and h (N, H), and the same weights.

    Rows have to be numbers of the dtype. w_ih (I,), w_hh (H,).
    """

    x: Array
    w_ih: Array
    h: Array = field(default_factory=lambda: np.zeros((1, 1)))
    w_hh: Array = field(default_factory=lambda: np.zeros(1))
    b_ih: float = 0.0
    b_hh: float = 0.0


@dataclass(frozen=True)
class Reader:
    """An LSTM called in one dtype, one step at a time, its gate g read through c' with c = 0."""

    probe: Probe

    @property
    def dtype(self) -> str:
        """The dtype that it is called in."""
        return self.probe.runtime.dtype

    @property
    def digits(self) -> int:
        """The bits of a number of the dtype."""
        return _DIGITS[self.dtype]

    def saturate(self, name: str) -> float:
        """Return an argument at which one activation is as large as it becomes, nearly always 1."""
        return self._saturated[name]

    @cached_property
    def _saturated(self) -> dict[str, float]:
        """For each activation the first argument with the largest value, all that follows it kept open."""
        found = dict[str, float]()
        for name, state, others in (
            ("f", 1, {"c": 1.0}),
            ("i", 1, {"g": 2.0}),
            ("g", 1, {"i": None}),
            ("o", 0, {"f": None, "c": 2.0}),
            ("c", 0, {"f": None, "o": None}),
        ):
            given = {other: found[other] if value is None else value for other, value in others.items()}
            read = np.nan_to_num(self.values(**given, **{name: np.array(_SATURATED)})[state], nan=-1.0)
            found[name] = _SATURATED[int(np.argmax(read))]
        return found

    def values(self, **given: Array | float) -> tuple[Array, Array]:
        """Return h' and c' (N,) for gate sums i, f, g, o and a state c, numbers or (N,), zero unless given."""
        n = max(np.size(value) for value in given.values())
        i, f, g, o, c = (np.broadcast_to(given.get(name, 0.0), n).astype(np.float64) for name in "ifgoc")
        return FreeStep(self.probe)(np.stack([i, f, g, o]), c, np.zeros(n))

    def read(self, terms: SumOfProducts, copies: int | None = None) -> Array:
        """Return g (N,) before its tanh, as far as that can be undone: the rows in one batch, or each in one of copies.

        The input has a column more than x, the last, which keeps the input gate open.
        """
        n, units = max(len(terms.x), len(terms.h)), len(terms.w_hh)
        w_ih, w_hh = np.zeros((4, units, len(terms.w_ih) + 1)), np.zeros((4, units, units))
        w_ih[0, 0, -1], w_ih[2, 0, :-1], w_hh[2, 0] = 1.0, terms.w_ih, terms.w_hh
        b_ih, b_hh = np.zeros((4, units)), np.zeros((4, units))
        b_ih[2, 0], b_hh[2, 0] = terms.b_ih, terms.b_hh
        x = np.concatenate([np.broadcast_to(terms.x, (n, len(terms.w_ih))), np.full((n, 1), self.saturate("i"))], 1)
        h = np.broadcast_to(terms.h, (n, units)).copy()
        weights = w_ih.reshape(4 * units, -1), w_hh.reshape(4 * units, -1), b_ih.ravel(), b_hh.ravel()
        cell = CellWeights(*weights) if self.probe.bias else CellWeights(*weights[:2])
        batches = [np.arange(n)] if copies is None else [np.full(copies, k) for k in range(n)]
        c_new = [self.probe.step(cell, x[rows], h[rows], np.zeros_like(h[rows]))[1][:, 0] for rows in batches]
        read = c_new[0] if copies is None else np.array([c[0] for c in c_new])
        with np.errstate(all="ignore"):
            return np.asarray(np.arctanh(np.clip(read, -1.0, 1.0)))


def count_bits(numbers: Array) -> int:
    """Return how many bits the significands of numbers have at most, from the leading one to the last that is set."""
    kept = numbers[np.isfinite(numbers) & (numbers != 0.0)]
    if not len(kept):
        return 0
    significands = (np.abs(np.frexp(kept)[0]) * 2.0**53).astype(np.uint64)
    return 53 - min(int(s & -s).bit_length() - 1 for s in map(int, significands))


def draw_numbers(rng: np.random.Generator, digits: int, n: int) -> Array:
    """Draw numbers between 1 and 2 of so many bits, the last of them set."""
    scale = 2.0 ** (digits - 1)
    return (np.floor(rng.uniform(1.0, 2.0, n) * scale / 2.0) * 2.0 + 1.0) / scale
