"""Calls of an implementation with weights, inputs and states of our choice."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product

import numpy as np

from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.implementations.wrapped import Unprojected
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.calls import call_lstm, make_tensor, runtime_flags
from lstm_parity.running.evidence import TENSORS
from lstm_parity.running.protocol import LSTM, Implementation

_FLOAT64 = Runtime("float64")
_MOST_LOADED = 16


class ProbeError(Exception):
    """An implementation cannot be probed; the message says why."""


@dataclass(frozen=True)
class View:
    """How the states of a single step are looked at: h and c exchanged at its start or its end; h' of the output."""

    starts_exchanged: bool = False
    ends_exchanged: bool = False
    by_output: bool = False

    @property
    def is_exchanged(self) -> bool:
        """Whether states are exchanged in it."""
        return self.starts_exchanged or self.ends_exchanged


@dataclass(frozen=True)
class Probe:
    """How an implementation is called: in which layout, with biases or without, in which dtype and by which kernels.

    alone: whether each row of a step is a call of its own, for what returns the rows of a batch otherwise. view: how
    the states of a step are looked at.
    """

    implementation: Implementation
    batch_first: bool
    bias: bool
    runtime: Runtime = _FLOAT64
    alone: bool = False
    view: View = View()
    _loaded: OrderedDict[tuple[object, ...], LSTM] = field(default_factory=OrderedDict, init=False, compare=False)

    def call(self, weights: LSTMWeights, x: Array, h: Array, c: Array) -> tuple[Array, Array, Array]:
        """Return output (T, B, D*H), h_n and c_n (L*D, B, H) for x (T, B, I), h_0 and c_0 (L*D, B, H).

        Raises ProbeError if it raises, refuses, or returns something of another form.
        """
        setting = self._setting(weights, x)
        try:
            if (reason := self.implementation.unsupported_reason(setting)) is not None:
                raise ProbeError(f"it refuses {setting.name}: {reason}")
            with runtime_flags(setting.runtime):
                found = call_lstm(self._load(setting, weights), setting, x, h, c)
        except ProbeError:
            raise
        except Exception as error:  # the implementation is the user's
            raise ProbeError(f"it raised on {setting.name}: {error}") from error
        output, h_n, c_n = (getattr(found, name) for name in TENSORS)
        if output is None or h_n is None or c_n is None:
            raise ProbeError("; ".join(found.faults))
        return output, h_n, c_n

    def step(self, cell: CellWeights, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """Return h' and c' (B, H) of one step from x (B, I), h and c (B, H)."""
        h, c = (c, h) if self.view.starts_exchanged else (h, c)
        output, h_new, c_new = self.see(cell, x, h, c)
        h_new, c_new = (c_new, h_new) if self.view.ends_exchanged else (h_new, c_new)
        return output if self.view.by_output else h_new, c_new

    def see(self, cell: CellWeights, x: Array, h: Array, c: Array) -> tuple[Array, Array, Array]:
        """Return output, h_n and c_n (B, H) of one step as they are returned."""
        weights = LSTMWeights(((cell,),))
        if self.alone and len(x) > 1:
            rows = [self.see(cell, *(one[k : k + 1] for one in (x, h, c))) for k in range(len(x))]
            output, h_n, c_n = (np.concatenate(parts) for parts in zip(*rows, strict=True))
            return output, h_n, c_n
        output, h_n, c_n = self.call(weights, x[None], h[None], c[None])
        return output[0], h_n[0], c_n[0]

    def _load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load an LSTM, or return it if it was loaded a short time ago and computes the same as when it was new."""
        key = (setting, *((value.shape, value.tobytes()) for _, value in weights.items()))
        if key not in self._loaded:
            loaded = self.implementation.load(setting, self._tensors(weights, setting.runtime))
            if not self.is_reusable:
                return loaded
            self._loaded[key] = loaded
            if len(self._loaded) > _MOST_LOADED:
                self._loaded.popitem(last=False)
        return self._loaded[key]

    @cached_property
    def is_reusable(self) -> bool:
        """Whether an LSTM that was called returns the same bits as a new one."""
        rng = np.random.default_rng(8)
        cell = CellWeights(*(rng.standard_normal(shape) for shape in ((8, 2), (8, 2), (8,), (8,))))
        weights, (first, second) = LSTMWeights(((cell,),)), rng.standard_normal((2, 3, 2, 3, 2))
        setting = self._setting(weights, first[0])
        new, used = (self.implementation.load(setting, self._tensors(weights, setting.runtime)) for _ in range(2))
        for _ in range(2):
            call_lstm(used, setting, first[0], first[1, :1], first[2, :1])
        found = [call_lstm(one, setting, second[0], second[1, :1], second[2, :1]) for one in (new, used)]
        pairs = zip(*([getattr(one, name) for name in TENSORS] for one in found), strict=True)
        return all(np.array_equal(one, other, equal_nan=True) for one, other in pairs if one is not None)

    @cached_property
    def mixes_rows(self) -> bool:
        """Whether a row of a step returns something else in a batch than alone."""
        rng = np.random.default_rng(4)
        cell = CellWeights(*(rng.standard_normal(shape) for shape in ((8, 2), (8, 2), (8,), (8,))))
        states = [rng.standard_normal((3, 2)) for _ in range(3)]
        pairs = zip(self.step(cell, *states), replace(self, alone=True).step(cell, *states), strict=True)
        return any(bool((np.abs(one - other) > 1e-9).any()) for one, other in pairs)

    @cached_property
    def fresh(self) -> tuple[CellWeights, Array, Array, Array, tuple[Array, Array]]:
        """Return weights of five units, x (16, 3), h and c (16, 5), and what a step gives: nothing is fitted to it."""
        rng = np.random.default_rng(11)
        cell = CellWeights(*(0.5 * rng.standard_normal(shape) for shape in ((20, 3), (20, 5), (20,), (20,))))
        cell = cell if self.bias else CellWeights(cell.w_ih, cell.w_hh)
        x, h, c = (rng.standard_normal((16, size)) for size in (3, 5, 5))
        return cell, x, h, c, self.step(cell, x, h, c)

    def free_inputs(self, z: Array) -> tuple[Array, Array]:
        """Return w_ih (4, 6) and x (B, 6) with which the gate sums of one unit are z (B, 4)."""
        w_ih, x = np.zeros((4, 6)), np.zeros((len(z), 6))
        for gate, (column, place) in enumerate(self._columns):
            w_ih[gate, column], x[:, place] = 1.0, z[:, gate]
        return w_ih, x

    def free_units(self, z: Array) -> tuple[CellWeights, Array]:
        """Return the weights of n units and x (1, 6) of one row, with which their gate sums are z (4, n)."""
        units = z.shape[1]
        w_ih, x, bias = np.zeros((4 * units, 6)), np.zeros((1, 6)), np.zeros(4 * units)
        if self.is_deaf and self.bias:
            bias = np.ravel(z)
        else:
            column, place = self._columns[0]
            w_ih[:, column], x[0, place] = np.ravel(z), 1.0
        return CellWeights(w_ih, np.zeros((4 * units, units)), bias, 0.0 * bias), x

    @property
    def is_deaf(self) -> bool:
        """Whether no input enters a single step."""
        return not self._moving

    @property
    def _columns(self) -> list[tuple[int, int]]:
        """Four of those that enter; the usual ones, if these are fewer."""
        return self._moving[:4] if len(self._moving) >= 4 else [(k, k) for k in range(4)]

    @cached_property
    def _moving(self) -> list[tuple[int, int]]:
        """Find columns of w_ih, each with the place of x that it is multiplied by: the same one, in nn.LSTM."""
        found = list[tuple[int, int]]()
        for column in range(6):
            w_ih = np.zeros((4, 6))
            w_ih[:, column] = (0.4, -0.7, 0.9, 0.6)
            x = np.concatenate([np.zeros((1, 6)), np.eye(6)])
            h, c = self.step(CellWeights(w_ih, np.zeros((4, 1))), x, np.zeros((7, 1)), np.full((7, 1), 0.8))
            moved = np.flatnonzero(np.abs(np.concatenate([h - h[0], c - c[0]], 1)).max(1)[1:] > 1e-12)
            found += [(column, int(moved[0]))] if len(moved) == 1 else []
        return found

    def _setting(self, weights: LSTMWeights, x: Array) -> Setting:
        layers, directions = weights.num_layers, weights.num_directions
        sizes = weights.input_size, weights.hidden_size, layers
        architecture = Architecture(*sizes, self.bias, self.batch_first, directions == 2)
        return Setting(architecture, Call(len(x), x.shape[1]), self.runtime)

    def _tensors(self, weights: LSTMWeights, runtime: Runtime) -> LSTMWeights:
        def fit(cell: CellWeights) -> CellWeights:
            zeros = np.zeros(len(cell.w_ih))
            b_ih, b_hh = (zeros if bias is None else bias for bias in (cell.b_ih, cell.b_hh))
            return CellWeights(cell.w_ih, cell.w_hh, b_ih, b_hh) if self.bias else CellWeights(cell.w_ih, cell.w_hh)

        cells = tuple(tuple(fit(cell) for cell in directions) for directions in weights.cells)
        return LSTMWeights(cells).map(lambda w: make_tensor(w, runtime))


def find_probe(implementation: Implementation, runtime: Runtime = _FLOAT64) -> Probe:
    """Find how an implementation can be called. Raises ProbeError if it takes no batch with states in the dtype."""
    refusal = ""
    cell = CellWeights(np.zeros((8, 3)), np.zeros((8, 2)))
    for one, bias, batch_first in product((implementation, Unprojected(implementation)), (True, False), (False, True)):
        probe = Probe(one, batch_first, bias, runtime)
        try:
            probe.step(cell, np.zeros((2, 3)), np.zeros((2, 2)), np.zeros((2, 2)))
        except ProbeError as error:
            refusal = refusal or str(error)
        else:
            return probe
    raise ProbeError(f"nothing can be identified without a batch, states and {runtime.dtype}: {refusal}")
