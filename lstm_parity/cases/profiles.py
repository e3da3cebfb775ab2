"""The value profiles of cases: what kind of numbers an LSTM is fed with, and why each kind is there.

A profile changes plainly drawn numbers, with exact operations only (scaling by constants, choosing, setting), so that
a case is the same number for number on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights


@dataclass(frozen=True, eq=False)
class CaseNumbers:
    """The numbers of a case: weights, input (T, B, I), h_0 (L*D, B, P), c_0 (L*D, B, H); float64 arrays.

    coins: an endless supply of uniform numbers in [0, 1) for the profile's own choices, of any shape.
    """

    weights: LSTMWeights
    input: Array
    h_0: Array
    c_0: Array

    def scale_states(self, scale: float) -> CaseNumbers:
        """Multiply input and states by a scale."""
        return CaseNumbers(self.weights, self.input * scale, self.h_0 * scale, self.c_0 * scale)


_Coins = Callable[[tuple[int, ...]], Array]
_Profile = Callable[[CaseNumbers, str, _Coins], CaseNumbers]


def normal(n: CaseNumbers, dtype: str, coins: _Coins) -> CaseNumbers:
    """torch's default initialisation, unit normal input; one c_0 far above 1, as a long-running cell has."""
    c_0 = n.c_0.copy()
    c_0.flat[int(coins(()) * c_0.size)] *= 16.0
    return CaseNumbers(n.weights, n.input, n.h_0, c_0)


def trained(n: CaseNumbers, dtype: str, coins: _Coins) -> CaseNumbers:
    """Heavy-tailed weights and a forget bias of 1, as training leaves them: most gates move, a few saturate."""

    def heavy(array: Array) -> Array:
        exponent = np.floor(coins(array.shape) * 16.0)
        return np.where(exponent == 0.0, 8.0, np.where(exponent < 4.0, 2.0, 1.0)) * array

    return CaseNumbers(_with_forget_bias(n.weights.map(heavy), 1.0), n.input, n.h_0, n.c_0)


def memory(n: CaseNumbers, dtype: str, coins: _Coins) -> CaseNumbers:
    """Forget gates of about 1 and the same input at every step: c integrates, and rounds the same way each time."""
    return CaseNumbers(_with_forget_bias(n.weights, 8.0), np.repeat(n.input[:1], len(n.input), 0), n.h_0, n.c_0)


def tiny(n: CaseNumbers, dtype: str, coins: _Coins) -> CaseNumbers:
    """Everything small, so that sigmoids sit at one half and relative accuracy near zero shows."""
    scale = 2.0**-6 if dtype == "float16" else 2.0**-20
    return CaseNumbers(n.weights.map(lambda w: w * scale), n.input, n.h_0 * scale, n.c_0 * scale)


def x10(n: CaseNumbers, dtype: str, coins: _Coins) -> CaseNumbers:
    """Weights ten times the usual: chaotic as a recurrence, half saturated."""
    return CaseNumbers(n.weights.map(lambda w: w * 10.0), n.input, n.h_0, n.c_0)


def saturating(n: CaseNumbers, dtype: str, coins: _Coins) -> CaseNumbers:
    """Weights a hundred times the usual: nearly every gate at one of its ends, some far beyond."""
    return CaseNumbers(n.weights.map(lambda w: w * 100.0), n.input, n.h_0, n.c_0)


def constant(n: CaseNumbers, dtype: str, coins: _Coins) -> CaseNumbers:
    """Each weight array one number, each input the same: all units are copies, with the same errors."""

    def first(array: Array) -> Array:
        return np.full_like(array, array.flat[0])

    return CaseNumbers(n.weights.map(first), first(n.input), first(n.h_0), first(n.c_0))


def sparse(n: CaseNumbers, dtype: str, coins: _Coins) -> CaseNumbers:
    """Four of five weights and inputs are zero: sums of any length have few terms."""

    def thin(array: Array) -> Array:
        return np.where(coins(array.shape) < 0.2, array, 0.0)

    return CaseNumbers(n.weights.map(thin), thin(n.input), thin(n.h_0), thin(n.c_0))


def one_hot(n: CaseNumbers, dtype: str, coins: _Coins) -> CaseNumbers:
    """Each input row and each h_0 row has a single 1: the sums pick out columns of the weights."""

    def hot(array: Array) -> Array:
        index = np.floor(coins(array.shape[:-1]) * array.shape[-1])
        return np.where(np.arange(array.shape[-1]) == index[..., None], 1.0, 0.0)

    return CaseNumbers(n.weights, hot(n.input), hot(n.h_0), n.c_0)


def denormal(n: CaseNumbers, dtype: str, coins: _Coins) -> CaseNumbers:
    """Input, states and biases around the smallest normal number of the dtype, on both sides of it."""
    smallest = 2.0**-14 if dtype == "float16" else NATIVE[dtype].floor
    scaled = n.scale_states(smallest)
    return CaseNumbers(_with_biases(n.weights, lambda b: b * smallest), scaled.input, scaled.h_0, scaled.c_0)


def non_finite(n: CaseNumbers, dtype: str, coins: _Coins) -> CaseNumbers:
    """One NaN, one infinity or both in the input, and one in c_0: they must reach what depends on them, and no more."""
    x, c_0 = n.input.copy(), n.c_0.copy()
    kind = float(coins(()))
    if kind < 0.67:
        x.flat[int(coins(()) * x.size)] = np.nan
    if kind > 0.33:
        x.flat[int(coins(()) * x.size)] = -np.inf
    c_0.flat[int(coins(()) * c_0.size)] = np.inf if kind < 0.5 else np.nan
    return CaseNumbers(n.weights, x, n.h_0, c_0)


def large(n: CaseNumbers, dtype: str, coins: _Coins) -> CaseNumbers:
    """Inputs and c_0 far above 100, where clamps would show; the weights of the input make up for it."""
    weights = LSTMWeights(
        tuple(tuple(_scale_input(cell, k == 0) for cell in n.weights.cells[k]) for k in range(n.weights.num_layers))
    )
    return CaseNumbers(weights, n.input * 256.0, n.h_0, n.c_0 * 256.0)


def _scale_input(cell: CellWeights, first: bool) -> CellWeights:
    return CellWeights(cell.w_ih / 256.0 if first else cell.w_ih, cell.w_hh, cell.b_ih, cell.b_hh, cell.w_hr)


def _with_forget_bias(weights: LSTMWeights, amount: float) -> LSTMWeights:
    """Raise the forget gate's bias by an amount; a layer without biases is left as it is."""

    def raise_bias(cell: CellWeights) -> CellWeights:
        if cell.b_ih is None:
            return cell
        b_ih = cell.b_ih.copy()
        b_ih[cell.hidden_size : 2 * cell.hidden_size] += amount
        return CellWeights(cell.w_ih, cell.w_hh, b_ih, cell.b_hh, cell.w_hr)

    return weights.map_cells(raise_bias)


def _with_biases(weights: LSTMWeights, change: Callable[[Array], Array]) -> LSTMWeights:
    def change_biases(cell: CellWeights) -> CellWeights:
        b_ih, b_hh = (None if b is None else change(b) for b in (cell.b_ih, cell.b_hh))
        return CellWeights(cell.w_ih, cell.w_hh, b_ih, b_hh, cell.w_hr)

    return weights.map_cells(change_biases)


PROFILES: dict[str, _Profile] = {
    profile.__name__: profile
    for profile in (
        normal,
        trained,
        memory,
        tiny,
        x10,
        saturating,
        constant,
        sparse,
        one_hot,
        denormal,
        non_finite,
        large,
    )
}
