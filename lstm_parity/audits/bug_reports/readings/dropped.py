"""Dropout that was on where it should have been off: what is left of an output is seen through it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.judging.exact import exact_trajectory
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic
from lstm_parity.reference.noise.model import Noisy
from lstm_parity.running.evidence import TENSORS, Evidence
from lstm_parity.running.views import Seen, View, see

_FEW = 0.01  # of a probability: nearer ones are taken for the rounder number


@dataclass(frozen=True)
class _Scale:
    """Elements that were not dropped, multiplied by 1 / (1 - p)."""

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
    """Return the elements of the output that are not 0, seen multiplied by the factor that most of them show."""
    seen = tuple(_see(case, evidence, one) if one.name == "output" else one for one in evidence.seen)
    return replace(evidence, seen=seen)


def _see(case: Case, evidence: Evidence, output: Seen) -> Seen:
    arithmetic = NATIVE[case.setting.runtime.dtype]
    exact = exact_trajectory(case, arithmetic, evidence)
    kept = (output.got != 0.0) & (True if output.known is None else output.known)
    if exact is None or not kept.any():
        return output
    whole = {name: Noisy(getattr(exact, name).value[0]) for name in TENSORS}
    right = see(arithmetic, (output,), whole)["output"].value
    with np.errstate(divide="ignore", invalid="ignore"):
        dropped = 1.0 - 1.0 / float(np.nanmedian(output.got[kept] / right[kept]))
    dropped = round(dropped, 2) if abs(dropped - round(dropped, 2)) < _FEW * 0.1 else dropped
    if not 0.0 < dropped < 1.0:
        return output
    view = View(output.view.source, (*output.view.steps, _Scale(1.0 / (1.0 - dropped))), output.view.directions)
    return replace(output, view=view, known=kept)
