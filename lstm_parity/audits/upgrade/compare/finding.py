"""What a comparison of two records finds: its kinds, which of them are worse, and one finding as a line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What may have changed from one torch to another, in the order of the report."""

    CONDITIONS = "conditions differ"
    NOT_COMPARED = "not compared"
    DEVIATES = "deviates"
    CRASH_NEW = "crash new"
    REFUSAL_LOST = "refusal lost"
    CAPABILITY_LOST = "capability lost"
    DRIFT = "drift"
    SLOWER = "slower"
    KERNEL = "kernel changed"
    NOISE = "noise"
    NOT_JUDGED = "not judged"
    STILL_DEVIATES = "deviates in both"
    MENDED = "deviates no more"
    CRASH_GONE = "crash gone"
    REFUSAL_GAINED = "refusal gained"
    REWORDED = "refusal reworded"
    CAPABILITY_GAINED = "capability gained"
    FASTER = "faster"

    @property
    def worse(self) -> bool:
        """Whether somebody who upgrades loses something."""
        return self in _WORSE


_WORSE = (
    Kind.DEVIATES,
    Kind.CRASH_NEW,
    Kind.REFUSAL_LOST,
    Kind.CAPABILITY_LOST,
    Kind.DRIFT,
    Kind.SLOWER,
)


@dataclass(frozen=True)
class Finding:
    """One thing that changed: where, what in words, and the names of the cases or calls that show it.

    worst: of answers, the largest distance from the exact ones, in noises, before and now; None if none is judged.
    """

    kind: Kind
    where: str
    words: str
    names: tuple[str, ...] = ()
    worst: tuple[float, float] | None = None

    @property
    def line(self) -> str:
        """Format the finding as a line."""
        return f"{self.kind.value}: {self.where}: {self.words}"
