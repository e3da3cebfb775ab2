"""Equations with a number that is fitted to results: a slope, a shift, a factor or an offset of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from lstm_parity.identification.connections.wired import Wired
from lstm_parity.identification.model import Identification
from lstm_parity.identification.variants import Variant, apply_variants, fitted_variants
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import LSTMWeights

_ROUNDS, _DIFFERENCE, _LARGEST = 12, 1e-6, 100.0


_Call = tuple[LSTMWeights, Array, Array, Array]  # weights, x, h_0 and c_0


def fit_equations(call: _Call, wanted: Mapping[str, Array]) -> Iterator[tuple[Wired, Identification]]:
    """Yield the equations with the numbers that fit the results of a call best, by Newton's method."""
    for make, starts in fitted_variants():
        for start in starts:
            if (k := _fit(call, wanted, make, start)) is not None:
                equations = apply_variants((make(k),))
                yield Wired(equations), Identification(equations)


def _fit(call: _Call, results: Mapping[str, Array], make: Callable[[float], Variant], k: float) -> float | None:
    """Return the number at which the distance is smallest, of six digits; None if it runs away."""
    wanted = _join(results, results)

    def compute(k: float) -> Array:
        found = Wired(apply_variants((make(k),)))(*call)
        return _join(dict(zip(("output", "h_n", "c_n"), found, strict=True)), results)

    with np.errstate(all="ignore"):
        for _ in range(_ROUNDS):
            at = compute(k)
            if at.shape != wanted.shape:
                return None
            slope = (compute(k + _DIFFERENCE) - at) / _DIFFERENCE
            square = float(slope @ slope)
            if not square > 0.0 or abs(k) > _LARGEST:
                return None
            step = float(slope @ (at - wanted) / square)
            k -= step
            if abs(step) < 1e-12:
                break
    return float(f"{k:.6g}")


def _join(results: Mapping[str, Array], names: Mapping[str, Array]) -> Array:
    return np.concatenate([results[name].ravel() for name in names])
