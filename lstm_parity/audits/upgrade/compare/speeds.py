"""Which calls of an LSTM take another time in the newer of two records, and in which units.

Plain Python and NumPy decide, for torch's own matrix product may change together with its layers: a call is slower if
it is so in units of each of the two. If one of the two is another version than it was, the other decides alone. Records
of the first two versions have products only; there a call must have changed in seconds too, else the product has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from lstm_parity.audits.upgrade.compare.behaviour import differ
from lstm_parity.audits.upgrade.compare.finding import Finding, Kind
from lstm_parity.audits.upgrade.measure.conditions import MACHINE
from lstm_parity.audits.upgrade.record import ITSELF, NUMPY, PRODUCT, PYTHON, Record

_FACTOR = 1.5  # between the medians: less may be another placement of code
_APART = 1.15  # between the nearest rounds of the two: their spread must not touch
_MODEL = "model"  # a name of a processor is that of many models
_PLAIN = {PYTHON: "python", NUMPY: "numpy"}  # with the condition that says which version


def compare_speeds(old: Record, new: Record) -> Iterator[Finding]:
    """Find the calls that take another time; those of two kinds of machine are not compared."""
    if any(differ(old, new, name) for name in MACHINE) or not (old.speeds and new.speeds):
        return
    unsaid = [name for name, record in (("old", old), ("new", new)) if record.conditions.get(_MODEL) is None]
    if len(unsaid) == 1:
        words = f"the {unsaid[0]} record does not say of which model its processor is: speeds are not compared"
        yield Finding(Kind.NOT_COMPARED, "speeds", f"{words}; record again", (_MODEL,))
        return
    lacking = [name for name, record in (("old", old), ("new", new)) if not all(map(record.speeds.get, _PLAIN))]
    if lacking:
        yield Finding(Kind.NOT_COMPARED, "speeds", _describe_lack(" and the ".join(lacking)), tuple(_PLAIN))
    units = (PRODUCT,) if lacking else _deciding_units(old, new)
    for call in new.speeds.get(units[0], ()):
        changes = [_Change.of(old, new, unit, call) for unit in (*units, *_others(units, lacking))]
        if call != ITSELF and all(change.before and change.after for change in changes):
            yield from _find_change(call, changes[: len(units)], changes[len(units) :])


@dataclass(frozen=True)
class Speed:
    """How long a call takes in a unit, the median of its rounds in both records; factor: the new by the old."""

    unit: str
    call: str
    old: float
    new: float
    factor: float


def list_speeds(old: Record, new: Record) -> list[Speed]:
    """List the calls that both records have, in each unit, slowed down most first; none of two kinds of machine."""
    if any(differ(old, new, name) for name in MACHINE):
        return []
    found = [
        Speed(unit, call, median(was), median(now), median(now) / median(was))
        for unit, calls in new.speeds.items()
        for call, now in calls.items()
        if call != ITSELF and now and (was := old.speeds.get(unit, {}).get(call, ()))
    ]
    return sorted(found, key=lambda one: -one.factor)


def _describe_lack(which: str) -> str:
    words = f"the {which} record has none in units of {PYTHON} and {NUMPY}, but of {PRODUCT} alone"
    return f"{words}: a torch in which layers and products changed alike is not noticed; record again"


def _deciding_units(old: Record, new: Record) -> tuple[str, ...]:
    """Return the plain units that are the same in both records; both of them if both are others."""
    same = [unit for unit, name in _PLAIN.items() if old.conditions.get(name) == new.conditions.get(name)]
    return tuple(same) or tuple(_PLAIN)


def _others(units: tuple[str, ...], lacking: list[str]) -> list[str]:
    """List the units that are only reported."""
    return [] if lacking else [unit for unit in (*_PLAIN, PRODUCT) if unit not in units]


@dataclass(frozen=True)
class _Change:
    """The rounds of a call in one unit, and how many times as long that unit itself takes."""

    unit: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    itself: float

    @classmethod
    def of(cls, old: Record, new: Record, unit: str, call: str) -> _Change:
        was, now = old.speeds.get(unit, {}), new.speeds.get(unit, {})
        itself = min(now[ITSELF]) / min(was[ITSELF]) if was.get(ITSELF) and now.get(ITSELF) else 1.0
        return cls(unit, was.get(call, ()), now.get(call, ()), itself)

    @property
    def factor(self) -> float:
        return median(self.after) / median(self.before)

    @property
    def factors(self) -> tuple[float, ...]:
        """How many times the time, in the unit; and in seconds if torch itself brings the unit."""
        return (self.factor, self.factor * self.itself) if self.unit == PRODUCT else (self.factor,)

    @property
    def slower(self) -> bool:
        return min(self.factors) >= _FACTOR and min(self.after) > _APART * max(self.before)

    @property
    def faster(self) -> bool:
        return max(self.factors) <= 1.0 / _FACTOR and max(self.after) * _APART < min(self.before)


def _find_change(call: str, deciding: list[_Change], others: list[_Change]) -> Iterator[Finding]:
    """Find a call slower, or faster, in all units that decide."""
    if all(change.slower for change in deciding):
        yield Finding(Kind.SLOWER, call, _describe("times the time", 1, deciding + others), (call,))
    elif all(change.faster for change in deciding):
        yield Finding(Kind.FASTER, call, _describe("times as fast", -1, deciding + others), (call,))


def _describe(words: str, power: int, changes: list[_Change]) -> str:
    """Say by how much in each unit, and between which numbers of the first."""
    first, *more = changes
    told = f"{first.factor**power:.1f} {words} in units of {first.unit}"
    told += "".join(f", {change.factor**power:.1f} of {change.unit}" for change in more)
    ranges = [f"{min(ratios):.3g} to {max(ratios):.3g}" for ratios in (first.before, first.after)]
    return f"{told}; {ranges[0]} of the first before, {ranges[1]} now"
