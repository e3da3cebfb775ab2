"""LSTM cells for the experiments: correct ones written otherwise, ones of lower precision, and broken ones.

Each is `(x, (h, c), weights) -> (h, c)` on torch tensors, of any dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.stack import State
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.protocol import LSTM

Unary = Callable[[Tensor], Tensor]
Matmul = Callable[[Tensor, Tensor], Tensor]


def matmul(x: Tensor, w: Tensor) -> Tensor:
    """x (B, n) @ w (m, n)^T, as the library does it."""
    return x @ w.t()


@dataclass(frozen=True)
class Written:
    """An LSTM cell with its parts to choose: products, sigmoid, tanh, and what becomes of a state that is stored."""

    matmul: Matmul = matmul
    sigmoid: Unary = torch.sigmoid
    tanh: Unary = torch.tanh
    store: Unary = lambda state: state

    def __call__(self, x: Tensor, state: State, w: CellWeights) -> State:
        """One step."""
        h, c = map(self.store, state)
        z = self.matmul(x, w.w_ih) + self.matmul(h, w.w_hh)
        if w.b_ih is not None and w.b_hh is not None:
            z = z + w.b_ih + w.b_hh
        i, f, g, o = z.chunk(4, -1)
        c = self.sigmoid(f) * c + self.sigmoid(i) * self.tanh(g)
        h = self.sigmoid(o) * self.tanh(c)
        return (h if w.w_hr is None else self.matmul(h, w.w_hr)), c


def column_sums(x: Tensor, w: Tensor) -> Tensor:
    """One column after the other, as a plain loop in C adds them."""
    total = torch.zeros(*x.shape[:-1], len(w), dtype=x.dtype)
    for k in range(x.shape[-1]):
        total = total + x[..., k : k + 1] * w[:, k]
    return total


def column_sums_backwards(x: Tensor, w: Tensor) -> Tensor:
    """The same from the last column to the first."""
    return column_sums(x.flip(1), w.flip(1))


def tanh_sigmoid(z: Tensor) -> Tensor:
    """A sigmoid that is accurate absolutely: 0 where it should be 1e-9."""
    return (1.0 + torch.tanh(z / 2.0)) / 2.0


def per_gate(x: Tensor, state: State, w: CellWeights) -> State:
    """Each gate by itself, as tutorials write it."""
    h, c = state
    size = w.hidden_size
    rows = [slice(k * size, (k + 1) * size) for k in range(4)]
    i, f, g, o = (
        torch.nn.functional.linear(x, w.w_ih[r], None if w.b_ih is None else w.b_ih[r])
        + torch.nn.functional.linear(h, w.w_hh[r], None if w.b_hh is None else w.b_hh[r])
        for r in rows
    )
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return (h if w.w_hr is None else h @ w.w_hr.t()), c


def fused(x: Tensor, state: State, w: CellWeights) -> State:
    """Input and state side by side, one product with the joined weights, the biases added up beforehand."""
    h, c = state
    bias = None if w.b_ih is None else w.b_ih + w.b_hh
    z = torch.nn.functional.linear(torch.cat([x, h], -1), torch.cat([w.w_ih, w.w_hh], -1), bias)
    i, f, g, o = z.chunk(4, -1)
    c = torch.addcmul(torch.sigmoid(f) * c, torch.sigmoid(i), torch.tanh(g))
    h = torch.sigmoid(o) * torch.tanh(c)
    return (h if w.w_hr is None else h @ w.w_hr.t()), c


def inside(dtype: torch.dtype) -> Callable[[Tensor, State, CellWeights], State]:
    """Everything computed in another dtype, step by step, and returned in that of the input."""

    def cell(x: Tensor, state: State, w: CellWeights) -> State:
        h, c = Written()(x.to(dtype), (state[0].to(dtype), state[1].to(dtype)), w.map(lambda t: t.to(dtype)))
        return h.to(x.dtype), c.to(x.dtype)

    return cell


def rounded_to(bits: int) -> Unary:
    """Round to so many bits of significand, the leading one counted."""

    def rounding(t: Tensor) -> Tensor:
        mantissa, exponent = torch.frexp(t.double())
        return torch.ldexp(torch.round(mantissa * 2.0**bits) / 2.0**bits, exponent).to(t.dtype)

    return rounding


def products_of(bits: int) -> Matmul:
    """Products of factors with so many bits, summed in the layer's own type: 11 for TF32, 8 for bfloat16."""
    narrow = rounded_to(bits)
    return lambda x, w: matmul(narrow(x), narrow(w))


def accumulated_in(dtype: torch.dtype) -> Matmul:
    """Products added up one after the other in a narrow type."""
    return lambda x, w: column_sums(x.to(dtype), w.to(dtype)).to(x.dtype)


def stored_as(dtype: torch.dtype) -> Unary:
    """A state that passes through a narrow type."""
    return lambda state: state.to(dtype).to(state.dtype)


def tanh_off_by(size: float) -> Unary:
    """A tanh with an absolute error of this size, of either sign."""
    return lambda z: torch.tanh(z) + size * torch.sign(torch.sin(1000.0 * z))


@dataclass(frozen=True)
class Broken:
    """`nn.LSTM` with something wrong about its weights or its states."""

    name: str
    weights: Callable[[CellWeights], CellWeights] = lambda w: w
    hx: Callable[[Any], Any] = lambda hx: hx

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Nothing."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """The module with wrong weights, called with wrong states."""
        wrong = tuple(tuple(self.weights(cell) for cell in directions) for directions in weights.cells)
        module = TorchLSTM().load(setting, LSTMWeights(wrong))
        return lambda input, hx: module(input, self.hx(hx))


@dataclass(frozen=True)
class StaleH:
    """One layer whose loop is `output, c = cell(x, (h, c))`: h stays what it was before the first step."""

    name: str = "stale h"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Nothing that the experiments ask for."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """The loop."""
        ((w,),) = weights.cells

        def lstm(input: Tensor, hx: State) -> Any:
            h, c = hx[0][0], hx[1][0]
            outputs = []
            for x in input:
                output, c = Written()(x, (h, c), w)
                outputs.append(output)
            return torch.stack(outputs), (output[None], c[None])

        return lstm


def without_biases(w: CellWeights) -> CellWeights:
    """Both biases zero."""
    return CellWeights(w.w_ih, w.w_hh, *(None if b is None else torch.zeros_like(b) for b in (w.b_ih, w.b_hh)), w.w_hr)


def without_recurrence(w: CellWeights) -> CellWeights:
    """`w_hh h` is missing."""
    return CellWeights(w.w_ih, torch.zeros_like(w.w_hh), w.b_ih, w.b_hh, w.w_hr)


def input_and_forget_swapped(w: CellWeights) -> CellWeights:
    """The gates read in the order f, i, g, o."""

    def swapped(t: Tensor) -> Tensor:
        i, f, g, o = t.chunk(4)
        return torch.cat([f, i, g, o])

    return CellWeights(*(None if t is None else swapped(t) for t in (w.w_ih, w.w_hh, w.b_ih, w.b_hh)), w.w_hr)


BROKEN = (
    Broken("dropped biases", weights=without_biases),
    Broken("missing w_hh h", weights=without_recurrence),
    Broken("input and forget gates swapped", weights=input_and_forget_swapped),
    Broken("ignored c_0", hx=lambda hx: (hx[0], torch.zeros_like(hx[1]))),
    StaleH(),
)

MISTAKES: dict[str, tuple[str, Any, str]] = {  # name: the layer's dtype, the cell, the arithmetic that it is
    "float32 inside a float64 layer": ("float64", inside(torch.float32), "float32 inside a float64 layer"),
    "bfloat16 products": ("float32", Written(matmul=products_of(8)), "float32 with bfloat16 products"),
    "TF32 products": ("float32", Written(matmul=products_of(11)), "float32 with TF32 products"),
    "float16 states": ("float32", Written(store=stored_as(torch.float16)), "float32 with float16 states"),
    "float16 accumulation": (
        "float32",
        Written(matmul=accumulated_in(torch.float16)),
        "float32 with float16 accumulation",
    ),
    "tanh 1e-5 off": ("float32", Written(tanh=tanh_off_by(1e-5)), "float32 with activations accurate to 1e-05"),
    "tanh 1e-6 off": ("float32", Written(tanh=tanh_off_by(1e-6)), "float32 with activations accurate to 1e-06"),
}

CORRECT: dict[str, tuple[str, Any, str]] = {
    "per gate": ("float32", per_gate, "float32"),
    "fused": ("float32", fused, "float32"),
    "sequential column sums": ("float32", Written(matmul=column_sums), "float32"),
    "float64 inside": ("float32", inside(torch.float64), "float64 inside, rounded to float32"),
    "sigmoid as (1+tanh(z/2))/2": (
        "float32",
        Written(sigmoid=tanh_sigmoid),
        "float32 with absolute-accuracy activations",
    ),
    "the same in float64": (
        "float64",
        Written(sigmoid=tanh_sigmoid),
        "float64 with absolute-accuracy activations",
    ),
}
