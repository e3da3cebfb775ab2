"""Outputs that are multiplied by a constant which nobody said: by dropout, in train mode or in eval."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.judging.exact import exact_trajectory
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic
from lstm_parity.reference.noise.model import Array, Noisy
from lstm_parity.running.evidence import TENSORS, Evidence
from lstm_parity.running.views import Seen, View, see

_FEW = 0.01  # of a factor


@dataclass(frozen=True)
class _Scale:
    """What is multiplied by a constant."""

    factor: float

    def apply(self, a: Arithmetic, x: Noisy) -> Noisy:
        """Return the product, rounded once."""
        value = x.value * self.factor
        return Noisy(value, np.hypot(x.deviation * self.factor, a.value * np.abs(value)))


def has_zeros(values: np.ndarray) -> bool:
    """Whether some elements are exactly 0, and others are not, as dropout leaves them."""
    zeros = int((values == 0.0).sum())
    return 0 < zeros < values.size


def see_through_dropout(case: Case, evidence: Evidence) -> Evidence:
    """Return the elements of the output that are not 0, as if multiplied by the factor that most of them show."""
    seen = tuple(_see(case, evidence, one) if one.name == "output" else one for one in evidence.seen)
    return replace(evidence, seen=seen)


def see_scaled(case: Case, evidence: Evidence) -> Evidence:
    """Return the output as what the LSTM returns, times the constant that fits, and what is behind it."""
    seen = tuple(_find_factor(case, evidence, one) if one.name == "output" else one for one in evidence.seen)
    return replace(evidence, seen=seen)


def _find_factor(case: Case, evidence: Evidence, output: Seen) -> Seen:
    """Find the constant by least squares: what is behind must be a linear function of it."""
    none, one = (_read_exact(case, evidence, _scale_first(output, factor)) for factor in (0.0, 1.0))
    if none is None or one is None:
        return output
    known = np.ones(output.got.shape, bool) if output.known is None else output.known
    slope, wanted = (one - none)[known], (output.got - none)[known]
    size = float(np.square(slope).sum())
    return _scale_first(output, _round(float(slope @ wanted) / size)) if size and np.isfinite(wanted).all() else output


def _scale_first(output: Seen, factor: float) -> Seen:
    steps = (_Scale(factor), *output.view.steps)
    return replace(output, view=View(output.view.source, steps, output.view.directions))


def _read_exact(case: Case, evidence: Evidence, output: Seen) -> Array | None:
    """Return what an output should be, without noise; None if that is lost."""
    arithmetic = NATIVE[case.setting.runtime.dtype]
    exact = exact_trajectory(case, arithmetic, evidence)
    if exact is None:
        return None
    whole = {name: Noisy(getattr(exact, name).value[0]) for name in TENSORS}
    return see(arithmetic, (output,), whole)["output"].value


def _round(factor: float) -> float:
    """Return the rounder number if one is near."""
    return round(factor, 2) if abs(factor - round(factor, 2)) < _FEW * 0.1 else factor


def _see(case: Case, evidence: Evidence, output: Seen) -> Seen:
    kept = (output.got != 0.0) & (True if output.known is None else output.known)
    right = _read_exact(case, evidence, output)
    if right is None or not kept.any():
        return output
    with np.errstate(divide="ignore", invalid="ignore"):
        dropped = _round(1.0 - 1.0 / float(np.nanmedian(output.got[kept] / right[kept])))
    if not 0.0 < dropped < 1.0:
        return output
    view = View(output.view.source, (*output.view.steps, _Scale(1.0 / (1.0 - dropped))), output.view.directions)
    return replace(output, view=view, known=kept)
