"""What an implementation is judged on: the features that it offers are found first, and the cases drawn within them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lstm_parity.audits.own_arithmetic import find_first_call, observe_at
from lstm_parity.cases.case import Case
from lstm_parity.cases.covering import AXES, draw_design, draw_tall
from lstm_parity.running.evidence import Observation
from lstm_parity.running.protocol import Implementation

_FIXED = ("device", "dtype", "profile")


@dataclass(frozen=True, eq=False)
class Offer:
    """What an implementation offers in a dtype.

    values: of each axis, those that are not refused; empty if every plain call is. refused: the calls that were.
    """

    values: Mapping[str, Sequence[Any]]
    refused: tuple[Observation, ...]


def discover(implementation: Implementation, dtype: str, device: str = "cpu") -> Offer:
    """Find what an implementation offers, by a small call for each value of each axis; a failure is an offer too."""
    first, refused = find_first_call(implementation, dtype, device)
    if first is None:
        return Offer({}, tuple(refused[:1]))
    offered, refused = {}, []
    for axis in (name for name in AXES if name not in _FIXED):
        tried = {value: observe_at(implementation, first | {axis: value}) for value in AXES[axis]}
        offered[axis] = tuple(value for value, found in tried.items() if found.refused is None)
        refused += [found for found in tried.values() if found.refused is not None]
    return Offer(offered, tuple(refused))


def draw_plan(offer: Offer, dtype: str, device: str = "cpu") -> list[Case]:
    """Draw every pair of the values that are offered, with every value profile, and the tall cases."""
    return list(_draw(offer, dtype, device)) if offer.values else []


def _draw(offer: Offer, dtype: str, device: str) -> Iterator[Case]:
    yield from draw_design(within=offer.values, dtype=dtype, device=device)
    yield from draw_tall(offer.values, dtype=dtype, device=device)
