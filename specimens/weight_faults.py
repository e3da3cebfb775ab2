"""Faults in how weights are read: wrong gate orders, transposed and reversed matrices, biases left out or taken twice.

A fault applies to a known answer where it changes a weight that counts there. That is computed, from the numbers that
are given: a weight counts where what it is multiplied with is not zero, and, in the forget gate, where there is a c to
forget. Numbers that an LSTM made (h after the first step, the output of a layer below) pass for not zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import torch

from lstm_parity.audits.known_answers import KnownAnswer
from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights, to_numpy
from lstm_parity.running.protocol import LSTM

Change = Callable[[CellWeights], CellWeights]  # of NumPy arrays; what it has nothing to do with, it leaves as it is


@dataclass(frozen=True)
class Misread:
    """A wrong LSTM: `nn.LSTM` with other weights than it was given."""

    name: str
    change: Change

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Nothing."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """The module with the changed weights."""
        dtype = getattr(torch, setting.runtime.dtype)
        wrong = _everywhere(weights.map(to_numpy), self.change)
        return TorchLSTM().load(setting, wrong.map(lambda w: torch.from_numpy(w.copy()).to(dtype)))

    def applies(self, known: KnownAnswer) -> bool:
        """Whether it changes a weight that counts."""
        wrong, directions = _everywhere(known.weights, self.change), known.architecture.num_directions
        return any(
            _counts(known, cell, wrong.cells[k // directions][k % directions], k)
            for k, cell in enumerate(cell for cells in known.weights.cells for cell in cells)
        )


def _everywhere(weights: LSTMWeights, change: Change) -> LSTMWeights:
    return weights.map_cells(change)


def _counts(known: KnownAnswer, cell: CellWeights, wrong: CellWeights, k: int) -> bool:
    """Whether a changed number is multiplied with something, in a gate that has something to do, in cell k of all."""
    moves, size = known.call.time > 1, cell.hidden_size
    lowest = k < known.architecture.num_directions
    x = (known.input != 0).any((0, 1)) if lowest else np.ones(cell.input_size, bool)
    h = np.ones(cell.output_size, bool) if moves else (known.h_0[k] != 0).any(0)
    rows = np.ones(4 * size, bool)
    rows[size : 2 * size] = moves or (known.c_0[k] != 0).any(0)
    met = {"w_ih": rows[:, None] & x, "w_hh": rows[:, None] & h, "b_ih": rows, "b_hh": rows, "w_hr": np.True_}
    return any(bool(((value != getattr(wrong, name)) & met[name]).any()) for name, value in cell.items())


def gate_orders() -> Iterator[Misread]:
    """The 23 wrong orders: `gates read as i,f,o,g` takes the third quarter of the rows for o and the fourth for g."""
    for order in permutations("ifgo"):
        if order != tuple("ifgo"):
            yield Misread(f"gates read as {','.join(order)}", _rows_from([order.index(letter) for letter in "ifgo"]))


def _rows_from(quarters: list[int]) -> Change:
    def change(w: CellWeights) -> CellWeights:
        rows = np.concatenate([np.arange(w.hidden_size) + quarter * w.hidden_size for quarter in quarters])
        return replace(w, **{name: value[rows] for name, value in w.items() if name != "w_hr"})

    return change


def _interleaved(w: CellWeights) -> CellWeights:
    """Gates unit by unit, not gate by gate."""
    rows = np.arange(4 * w.hidden_size).reshape(w.hidden_size, 4).T.ravel()
    return replace(w, **{name: value[rows] for name, value in w.items() if name != "w_hr"})


def _read(name: str, read: Callable[[Array], Array], *, per_gate: bool = False) -> Change:
    """One array is read otherwise; left as it is where it is not there, or where the shapes do not fit."""

    def change(w: CellWeights) -> CellWeights:
        if (value := getattr(w, name)) is None:
            return w
        wrong = np.concatenate([read(quarter) for quarter in np.split(value, 4)]) if per_gate else read(value)
        return replace(w, **{name: wrong}) if wrong.shape == value.shape else w

    return change


def _forget_bias(w: CellWeights) -> CellWeights:
    if w.b_ih is None:
        return w
    ones = np.repeat([0, 1, 0, 0], w.hidden_size).astype(w.b_ih.dtype)
    return replace(w, b_ih=w.b_ih + ones)


def _biases(change: Change) -> Change:
    return lambda w: w if w.b_ih is None else change(w)


def _by_columns(matrix: Array) -> Array:
    return matrix.reshape(matrix.shape[::-1]).T


ORDERS = tuple(gate_orders())
TRANSPOSED = Misread("w_hh transposed in each gate", _read("w_hh", np.transpose, per_gate=True))
REVERSED = Misread("input features reversed", _read("w_ih", lambda m: m[:, ::-1]))  # the rows of Keras's kernel

OTHERS = (
    Misread("gates interleaved unit by unit", _interleaved),
    Misread("rows of w_ih reversed", _read("w_ih", lambda m: m[::-1])),
    Misread("rows of w_ih reversed in each gate", _read("w_ih", lambda m: m[::-1], per_gate=True)),
    Misread("rows of w_hh reversed in each gate", _read("w_hh", lambda m: m[::-1], per_gate=True)),
    Misread("columns of w_hh reversed", _read("w_hh", lambda m: m[:, ::-1])),
    Misread("w_ih read column by column", _read("w_ih", _by_columns)),
    Misread("w_hh read column by column", _read("w_hh", _by_columns)),
    Misread("w_hh left out", _read("w_hh", np.zeros_like)),
    Misread("b_ih left out", _read("b_ih", np.zeros_like)),
    Misread("b_hh left out", _read("b_hh", np.zeros_like)),
    Misread("b_ih twice, b_hh never", _biases(lambda w: replace(w, b_hh=w.b_ih))),
    Misread("b_hh twice, b_ih never", _biases(lambda w: replace(w, b_ih=w.b_hh))),
    Misread("forget gate's bias plus 1", _forget_bias),
    Misread("w_hr with its columns reversed", _read("w_hr", lambda m: m[:, ::-1])),
)
