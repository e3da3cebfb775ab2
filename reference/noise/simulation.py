"""Runs of an LSTM with drawn rounding errors: how far correct implementations are from the exact answer, and apart.

The noise of `model.py` is a scale for single numbers, and on the safe side. How large the largest of many differences
is depends on how the errors go together, so here they are drawn: to first order, each source of errors (`SOURCES`) is
carried through the exact LSTM by its derivative. What one arithmetic does is then the sum of the sources, each times
its roundoff, so that a simulated run serves all arithmetics. What is returned is rounded as a layer rounds it.

Shapes: K cases, S sources, R draws of the errors, A arithmetics, T steps, B batch rows, H hidden units, P outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.local import SOURCES, Local, run_layer, source_sizes
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights

_NO_GRID = 2.0**-40  # roundoffs below this are float64's own: its results cannot be rounded in float64
_PATHS = np.float32(0.33)  # how far the error of a sum varies with its partial sums, as the deviation of a logarithm
_ROUGH = 32.0  # roundoffs: differences below this show that results are rounded


@dataclass(frozen=True, eq=False)
class Differences:
    """The largest differences over all elements of output, h_n and c_n, (A, K*R).

    exact: from the exact answer. pair: of two implementations. alike: of two that add up products in the same order, so
    that their sums have the same errors.
    """

    exact: Array
    pair: Array
    alike: Array


def simulate_differences(
    arithmetics: Sequence[Arithmetic],
    roundoff: float,
    x: Array,
    weights: LSTMWeights,
    draws: int,
    generator: np.random.Generator,
) -> Differences:
    """Simulate runs of K cases from zero states, R = `draws` of each, in every arithmetic.

    roundoff: of the layer's dtype, to which the exact answer is rounded. x: (K, T, B, I), float64; weights: NumPy
    arrays with a case axis. Two runs of a case are a pair with errors that have nothing in common.
    """
    runs = _Runs(arithmetics, roundoff, len(x), draws, generator)
    layer_input, errors = np.swapaxes(x, 0, 1), None
    for layer, directions in enumerate(weights.cells):
        last = layer == weights.num_layers - 1
        done = []
        for direction, cell in enumerate(directions):
            order = slice(None, None, -1 if direction else 1)
            local = run_layer(layer_input[order], cell)
            made = runs.run_layer(local, cell, None if errors is None else errors[order], last)
            done.append((local.h[order], made[order]))
        layer_input, errors = (np.concatenate(parts, -1) for parts in zip(*done, strict=True))
    shape = len(arithmetics), -1
    return Differences(*(np.swapaxes(found, 0, 1).reshape(shape) for found in (runs.exact, runs.pair, runs.alike)))


class _Runs:
    """What is the same for all layers, and the largest differences found until now: (K, A, R) each."""

    def __init__(
        self,
        arithmetics: Sequence[Arithmetic],
        roundoff: float,
        cases: int,
        draws: int,
        generator: np.random.Generator,
    ) -> None:
        sizes = np.stack([source_sizes(a) for a in arithmetics])
        self.used = [name for name, size in zip(SOURCES, sizes.max(0), strict=True) if size > 0.0]
        self.sizes = sizes[:, sizes.max(0) > 0.0].astype(np.float32)
        self.of_sums = np.where([name == "accumulation" for name in self.used], self.sizes, np.float32(0.0))
        self.kept = np.array([max(a.value, a.state) for a in arithmetics])
        self.roundoff, self.draws, self.generator = roundoff, draws, generator
        self.exact, self.pair, self.alike = np.zeros((3, cases, len(arithmetics), draws))

    def run_layer(self, s: Local, cell: CellWeights, incoming: Array | None, last: bool) -> Array:
        """Carry errors through a layer; return those of its output, (T, K, S, R, B, P), unless it is the last."""
        matrices = cell.map(lambda w: np.swapaxes(w, -1, -2).astype(np.float32) if w.ndim == 3 else w)
        T, K, B, _ = s.h.shape
        h = np.zeros((K, len(self.used), self.draws, B, cell.output_size), np.float32)
        c = np.zeros((K, len(self.used), self.draws, B, cell.hidden_size), np.float32)
        output = np.empty((T * (not last), *h.shape), np.float32)
        for t in range(T):
            z = _multiply(h, matrices.w_hh)
            if incoming is not None:
                z += _multiply(incoming[t], matrices.w_ih)
            self._step_sums(z, s, t)
            o = self._step_cell(z, c, s, t)
            if t == T - 1:
                self._note(s.c, c)
            self._add(c, "value", s.scales["c"][t])
            self._add(c, "state", s.scales["c"][t])
            h = self._compute_hidden(o, c, s, t, matrices.w_hr)
            if last or t == T - 1:
                self._note(s.h[t], h)
            self._add(h, "value" if cell.w_hr is None else "addition", s.scales["h"][t])
            self._add(h, "state", s.scales["h"][t])
            if not last:
                output[t] = h
        return output

    def _step_sums(self, z: Array, s: Local, t: int) -> None:
        for source in ("accumulation", "product", "addition"):
            self._add(z, source, s.scales[source][t])

    def _step_cell(self, z: Array, c: Array, s: Local, t: int) -> Array:
        """Carry errors of the gate sums into c, in place, before it is rounded; return those of o."""
        z *= s.slopes[t]
        self._add(z, "value", s.scales["gates"][t])
        self._add_absolute(z)
        H = c.shape[-1]
        d_i, d_f, d_g, d_o = (z[..., k * H : (k + 1) * H] for k in range(4))
        i, f, g, _ = (s.gates[t][..., k * H : (k + 1) * H] for k in range(4))
        c *= f
        c += s.c_before[t] * d_f + i * d_g + g * d_i
        self._add(c, "value", s.scales["c_products"][t])
        return d_o

    def _compute_hidden(self, d_o: Array, c: Array, s: Local, t: int, w_hr: Array | None) -> Array:
        """Return the errors of h before it is rounded."""
        tanh_c = c * s.slope_c[t]
        self._add(tanh_c, "value", s.scales["tanh_c"][t])
        self._add_absolute(tanh_c)
        o = s.gates[t][..., 3 * c.shape[-1] :]
        h = o * tanh_c + s.tanh_c[t] * d_o
        if w_hr is None:
            return np.asarray(h)
        self._add(h, "value", s.scales["m"][t])
        h = _multiply(h, w_hr)
        self._add(h, "accumulation", s.scales["accumulation_hr"][t])
        self._add(h, "product", s.scales["product_hr"][t])
        return np.asarray(h)

    def _add(self, errors: Array, source: str, scale: Array) -> None:
        """Draw new errors of a source, (K, R, B, .), and add them."""
        if source in self.used:
            place = errors[:, self.used.index(source)]
            drawn = self.generator.standard_normal(place.shape, np.float32)
            if source == "accumulation":
                drawn *= np.exp(_PATHS * self.generator.standard_normal(place.shape, np.float32) - _PATHS**2)
            place += scale * drawn

    def _add_absolute(self, errors: Array) -> None:
        self._add(errors, "activation", np.float32(1.0 / np.sqrt(3.0)))

    def _note(self, exact: Array, errors: Array) -> None:
        """Note the differences of one returned tensor, (K, B, .), whose errors are not rounded yet."""
        found, sums = self._sum_up(errors, self.sizes, exact), self._sum_up(errors, self.of_sums, exact)
        reach = _ROUGH * self.kept * np.abs(exact).max()
        rough = (_largest(found).max((0, 2)) < reach) & (self.kept > _NO_GRID)
        alike = np.roll(found - sums, 1, axis=2) + sums
        if rough.any():
            exact = exact[:, None, None]
            for some in (found, alike):
                rounded = _round(some[:, rough] + exact, self.kept[rough][:, None, None, None])
                some[:, rough] = rounded - _round(exact, self.roundoff)
        np.maximum(self.exact, _largest(found), out=self.exact)
        np.maximum(self.pair, _largest(found - np.roll(found, 1, axis=2)), out=self.pair)
        np.maximum(self.alike, _largest(found - alike), out=self.alike)

    def _sum_up(self, errors: Array, sizes: Array, exact: Array) -> Array:
        """Return the errors of each arithmetic, (K, A, R, B, .), from those of the sources."""
        K, S, R = errors.shape[:3]
        return np.asarray((sizes @ errors.reshape(K, S, -1)).reshape(K, len(sizes), R, *exact.shape[1:]))


def _largest(found: Array) -> Array:
    """Return the largest magnitude over the rows and units: (K, A, R, B, .) -> (K, A, R)."""
    return np.asarray(np.maximum(found.max((-2, -1)), -found.min((-2, -1))))


def _round(v: Array, roundoff: Array | float) -> Array:
    """Round to the nearest numbers with a roundoff."""
    power = (np.abs(v).view(np.int64) & np.int64(0x7FF0000000000000)).view(np.float64)
    spacing = np.maximum(2.0 * roundoff * power, 1e-300)
    return np.asarray(np.rint(v / spacing) * spacing)


def _multiply(errors: Array, w_t: Array) -> Array:
    """Return errors @ w_t of every case: (K, S, R, B, .) -> (K, S, R, B, outputs)."""
    K, *draws, _ = errors.shape
    rows = errors.reshape(K, -1, errors.shape[-1]) @ w_t
    return rows.reshape(K, *draws, w_t.shape[-1])
