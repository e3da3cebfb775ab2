"""States that are kept on a grid, as fixed-point and integer ones are, and parameters of so many decimals.

The step of a grid of states is found in what was returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from lstm_parity.identification.connections.change import WHICH, Change, Place, States
from lstm_parity.identification.curves.grids import ROUNDINGS, find_step, round_to, write_step
from lstm_parity.reference.noise.model import Array

_MOST_DECIMALS = 6


def grid_changes(results: Mapping[str, Array]) -> Iterator[Change]:
    """Yield what keeps h, c or both on the grids on which they were returned."""
    of_h = [results[name] for name in ("output", "h_n") if name in results]
    steps = {
        "h": find_step(np.concatenate([one.ravel() for one in of_h])) if of_h else None,
        "c": find_step(results["c_n"]) if "c_n" in results else None,
    }
    for words, rounding in ROUNDINGS.items():
        for which in ("h and c", "c", "h"):
            some = {name: step for name, step in steps.items() if WHICH[which]["hc".index(name)]}
            known = {name: step for name, step in some.items() if step is not None}
            if len(known) == len(some):
                verb = "are" if len(some) > 1 else "is"
                shown = " and of ".join(dict.fromkeys(map(write_step, known.values())))
                yield Change(
                    f"{which} {verb} {words} multiples of {shown} after every step", "stepped", _keep(known, rounding)
                )


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


def _keep(steps: Mapping[str, float], rounding: Callable[[Array], Array]) -> Callable[[Array, Array], States]:
    def keep(h: Array, c: Array) -> States:
        states = {"h": h, "c": c}
        kept = {
            name: round_to(rounding, steps[name], state) if name in steps else state for name, state in states.items()
        }
        return kept["h"], kept["c"]

    return keep
