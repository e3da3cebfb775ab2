"""Weights and inputs that were rounded when they were printed: how uncertain the results are by that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lstm_parity.audits.bug_reports.readings.rounded import find_decimals, half_unit
from lstm_parity.audits.bug_reports.report import NamedCall, Report
from lstm_parity.cases.case import Case
from lstm_parity.files.stored import StoredArray
from lstm_parity.judging.exact import exact_trajectory
from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.reference.noise.model import Array, Noisy
from lstm_parity.running.evidence import TENSORS, Evidence
from lstm_parity.running.views import see

_DRAWS = 12
_MARGIN = 1.5  # so that the root mean square of right numbers is below the limit, 0.75


def _find_printed(given: StoredArray) -> int | None:
    """Return to how many decimals an array of weights or inputs was printed; None if it is not rounded."""
    if given.printed is not None:
        return given.printed.decimals if given.printed.significant is None else None
    return find_decimals(given.values, given.dtype) if given.dtype != "int64" else None


def has_printed_inputs(report: Report) -> bool:
    """Whether some weights or inputs of a report may be rounded."""
    return bool(_unit_of_weights(report)) or any(
        _find_printed(call.arrays[name]) is not None
        for call in report.calls
        for name in ("input", "h_0", "c_0")
        if name in call.arrays
    )


def _unit_of_weights(report: Report) -> float:
    """Return half a unit of the last decimal of the most coarsely printed weights; 0 if none is rounded."""
    used = {name for lstm in report.lstms for name in lstm.used}
    decimals = [found for name in used if (found := _find_printed(report.arrays[name])) is not None]
    return float(half_unit(np.zeros(1), min(decimals), None)[0]) if decimals else 0.0


def add_uncertainty(report: Report, call: NamedCall, case: Case, evidence: Evidence) -> Evidence:
    """Return the results with what the rounding of weights and inputs may change in them, found by drawing some."""
    rng, arithmetic = np.random.default_rng(0), NATIVE["float64"]
    units = {name: _unit_of(call, name) for name in ("input", "h_0", "c_0")}
    draws: dict[str, list[Array]] = {one.name: [] for one in evidence.seen}
    for _ in range(_DRAWS):
        moved = _move(case, _unit_of_weights(report), units, rng)
        again = replace(evidence, x=moved.input, h_0=moved.h_0, c_0=moved.c_0)
        exact = exact_trajectory(moved, arithmetic, again)
        if exact is None:
            return evidence
        whole = {name: Noisy(getattr(exact, name).value[0]) for name in TENSORS}
        for name, noisy in see(arithmetic, evidence.seen, whole).items():
            draws[name].append(noisy.value)
    spread = {name: _MARGIN * np.std(np.stack(arrays), 0) for name, arrays in draws.items()}
    seen = tuple(replace(one, rounding=one.rounding + spread[one.name]) for one in evidence.seen)
    return replace(evidence, seen=seen)


def _unit_of(call: NamedCall, name: str) -> float:
    decimals = _find_printed(call.arrays[name]) if name in call.arrays else None
    return 0.0 if decimals is None else float(half_unit(np.zeros(1), decimals, None)[0])


def _move(case: Case, weights: float, units: dict[str, float], rng: np.random.Generator) -> Case:
    """Draw what the numbers may have been before they were rounded."""

    def move(unit: float) -> Callable[[Array], Array]:
        return lambda array: array + unit * rng.uniform(-1.0, 1.0, array.shape)

    return replace(
        case,
        weights=case.weights.map(move(weights)),
        input=move(units["input"])(case.input),
        h_0=move(units["h_0"])(case.h_0),
        c_0=move(units["c_0"])(case.c_0),
    )
