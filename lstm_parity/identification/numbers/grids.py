"""States that are kept on a grid, as fixed-point and integer ones are, and parameters of so many decimals.

The step of a grid of states is found in what was returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from lstm_parity.identification.across import AcrossStep
from lstm_parity.identification.connections.change import WHICH, Change, Place, States
from lstm_parity.reference.noise.model import Array

_FEWEST, _PARTS = 8, 8  # distinct numbers of a grid; into how many the smallest distance may be split
_EXACT = 1e-3  # of a step: how far a number may lie off the grid
_MOST_DECIMALS = 6
_COARSE = 1e-6  # a grid this fine is that of a float
_ROUNDINGS: Mapping[str, Callable[[Array], Array]] = {
    "rounded to": np.round,
    "rounded down to": np.floor,
    "cut to": np.trunc,
}


def find_step(values: Array) -> float | None:
    """Return the step of the grid that all values lie on; None if there is none, or there are too few values."""
    sizes = np.unique(np.abs(values[np.isfinite(values)]).astype(np.float64))
    sizes = sizes[sizes > 0.0]
    if len(sizes) < _FEWEST:
        return None
    largest = float(sizes[-1])
    apart = np.diff(sizes)
    apart = apart[apart > 1e-5 * largest]  # the others are the same number, rounded
    if not len(apart):
        return None
    for parts in range(1, _PARTS + 1):
        near = min(float(apart.min()), float(sizes[0])) / parts
        if near < max(_COARSE, 1e-5 * largest):
            return None
        step = largest / round(largest / near)
        if np.abs(sizes / step - np.round(sizes / step)).max() < _EXACT:
            return _name_step(step)
    return None


def _name_step(step: float) -> float:
    """Return one part of a whole number, if it is near."""
    whole = round(1.0 / step)
    return 1.0 / whole if whole and abs(1.0 / step - whole) < 1e-3 else step


def grid_changes(results: Mapping[str, Array]) -> Iterator[Change]:
    """Yield what keeps h, c or both on the grids on which they were returned."""
    of_h = [results[name] for name in ("output", "h_n") if name in results]
    steps = {
        "h": find_step(np.concatenate([one.ravel() for one in of_h])) if of_h else None,
        "c": find_step(results["c_n"]) if "c_n" in results else None,
    }
    for words, rounding in _ROUNDINGS.items():
        for which in ("h and c", "c", "h"):
            some = {name: step for name, step in steps.items() if WHICH[which]["hc".index(name)]}
            known = {name: step for name, step in some.items() if step is not None}
            if len(known) == len(some):
                verb = "are" if len(some) > 1 else "is"
                shown = " and of ".join(dict.fromkeys(map(_write_step, known.values())))
                yield Change(
                    f"{which} {verb} {words} multiples of {shown} after every step", "stepped", _keep(known, rounding)
                )


def grid_steps(h: Array, c: Array) -> Iterator[AcrossStep]:
    """Yield steps that put c' on the grid on which it was returned, before h' is computed of it, or h'."""
    for place, step in (("c'", find_step(c)), ("h'", find_step(h))):
        for words, rounding in _ROUNDINGS.items() if step is not None else ():
            said = f"{words} multiples of {_write_step(step)}"
            yield AcrossStep(place, place, said, partial(_round, rounding, step))


def _round(rounding: Callable[[Array], Array], step: float, s: Array) -> Array:
    return step * rounding(s / step)


def decimal_changes() -> Iterator[Change]:
    """Yield what rounds parameters to so many decimals, as files of printed numbers do."""
    for decimals in range(1, _MOST_DECIMALS + 1):
        for words, start in (("weights and biases", ""), ("weights", "w")):
            text = f"the {words} are rounded to {decimals} decimals"
            yield Change(text, "parts", _round_parts(decimals, start))


def _round_parts(decimals: int, start: str) -> Callable[..., dict[str, Array]]:
    """Return what rounds the parameters whose names start so."""

    def change(parts: dict[str, Array], place: Place, n: int, d: int) -> dict[str, Array]:
        return {
            name: np.round(w, decimals) if w is not None and name.startswith(start) else w for name, w in parts.items()
        }

    return change


def _write_step(step: float) -> str:
    return f"1/{round(1.0 / step)}" if abs(1.0 / step - round(1.0 / step)) < 1e-9 else f"{step:.6g}"


def _keep(steps: Mapping[str, float], rounding: Callable[[Array], Array]) -> Callable[[Array, Array], States]:
    def keep(h: Array, c: Array) -> States:
        states = {"h": h, "c": c}
        kept = {
            name: _round(rounding, steps[name], state) if name in steps else state for name, state in states.items()
        }
        return kept["h"], kept["c"]

    return keep
