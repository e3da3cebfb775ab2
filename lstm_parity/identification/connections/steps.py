"""Connections between the steps of a layer, and to the states of the layer below, that people make otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from lstm_parity.identification.connections.change import WHEN, Change, Place, States
from lstm_parity.identification.sums import PARAMETERS
from lstm_parity.reference.noise.model import Array

_PARTS = {**{name: (name,) for name in PARAMETERS}, "each bias": ("b_ih", "b_hh")}
_LONG = 2**30  # more steps than any call has


def step_changes(layers: int) -> Iterator[Change]:
    """Yield those of one layer, and of several if there are so many."""
    yield Change("the output of a step is h before it", "emitted", lambda new, old, place, n: old)
    yield Change("w_hh is multiplied by h of one step earlier", "recurrent", lambda h, before: before)
    for words, names in _PARTS.items():
        verb = "is left out"
        yield Change(f"{words} {verb} at the first step", "parts at", _leave_out(names, lambda k: k == 0))
        for when in ("before every step after the first", "before every second step"):
            said = when.replace("before", "at")
            yield Change(f"{words} {verb} {said}", "parts at", _leave_out(names, partial(_is_at, when)))
    if layers > 1:
        yield Change("h_0 and c_0 of a layer are those in which the layer below ended", "carried", _carry(True, True))
        yield Change("h_0 of a layer is that in which the layer below ended", "carried", _carry(True, False))
        yield Change("c_0 of a layer is that in which the layer below ended", "carried", _carry(False, True))
        lagged = "a layer reads the layer below as it was before the step"
        yield Change(lagged, "emitted", lambda new, old, place, n: old if place[0] < n - 1 else new)


def _is_at(when: str, number: int) -> bool:
    return WHEN[when](number, _LONG)


def _leave_out(names: Sequence[str], at: Callable[[int], bool]) -> Callable[..., dict[str, Array]]:
    def leave(parts: dict[str, Array], number: int) -> dict[str, Array]:
        changed = {name: 0.0 * w if name in names and w is not None else w for name, w in parts.items()}
        return changed if at(number) else parts

    return leave


def _carry(of_h: bool, of_c: bool) -> Callable[..., States]:
    def carry(h: Array, c: Array, place: Place, d: int, last: Sequence[States]) -> States:
        if place[0] == 0:
            return h, c
        h_below, c_below = last[(place[0] - 1) * d + place[1]]
        return h_below if of_h else h, c_below if of_c else c

    return carry
