"""Rounds of speeds put together."""

from __future__ import annotations

from collections.abc import Iterable

from lstm_parity.audits.upgrade.record import Speeds

SpeedRound = dict[str, dict[str, float]]  # by unit and call
_DIGITS = 4


def join_rounds(rounds: Iterable[SpeedRound]) -> Speeds:
    """Put the rounds of every unit and call side by side."""
    found: dict[str, dict[str, tuple[float, ...]]] = {}
    for one in rounds:
        for unit, calls in one.items():
            so_far = found.setdefault(unit, {})
            for call, ratio in calls.items():
                so_far[call] = (*so_far.get(call, ()), round(ratio, _DIGITS))
    return found
