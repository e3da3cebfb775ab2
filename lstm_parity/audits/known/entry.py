"""Known deviations as values: what deviates, an entry that says so beforehand, and what became of a file of them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from lstm_parity.cases.case import Case
from lstm_parity.cases.features import FEATURES
from lstm_parity.judging.verdict import Outcome

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_MILDER = {Outcome.DEVIATES.value: Outcome.NARROWER.value}  # a verdict, and one that is less bad


@dataclass(frozen=True)
class Deviation:
    """Something that deviates, as entries describe it.

    name: of the implementation, mode or framework, or where a comparison found it. worst: in noises; 0 if nothing was
    measured, infinite if a form is wrong. words: what was raised, or the tensors. features: of the case, with its
    profile of values.
    """

    name: str
    verdict: str
    dtype: str = ""
    question: str = ""
    worst: float = 0.0
    words: str = ""
    features: frozenset[str] = frozenset()
    case: str = ""

    @property
    def place(self) -> str:
        """Describe where it is, without the case."""
        return ", ".join(filter(None, (self.name, self.dtype, self.question)))


def describe_features(case: Case) -> frozenset[str]:
    """Return the features of a case, with its profile of values."""
    return frozenset({case.profile, *(name for name, feature in FEATURES.items() if feature.holds(case.setting))})


@dataclass(frozen=True)
class Entry:
    """A deviation that is known.

    number: its place in the file, from 1. command: the one that finds it. name: a pattern of shells. worst: at most so
    many noises; None if it is of deviations without a distance. words: an expression that is searched for in those of
    the deviation. when: features that the case must have. versions: of a package, outside of which the entry says
    nothing. expires: the last day on which it holds.
    """

    number: int
    command: str
    name: str
    verdict: str
    reason: str
    versions: Requirement
    expires: date
    dtype: str = ""
    question: str = ""
    worst: float | None = None
    words: str = ""
    when: frozenset[str] = frozenset()
    reported_at: str = ""

    def covers(self, one: Deviation) -> bool:
        """Whether the entry speaks of a deviation, be it worse than it says or not."""
        alike = self.dtype in ("", one.dtype) and self.question in ("", one.question)
        named = fnmatchcase(one.name, self.name) and re.search(self.words, one.words) is not None
        return alike and named and self.when <= one.features

    def allows(self, one: Deviation) -> bool:
        """Whether a deviation of which it speaks is no worse than it says; NaN is worse than everything."""
        if one.verdict not in (self.verdict, _MILDER.get(self.verdict)):
            return False
        return one.worst in (0.0, math.inf) if self.worst is None else one.worst <= self.worst


class Problem(Enum):
    """What may be wrong with an entry, in words that follow it."""

    EXPIRED = "has expired: look whether it is still right, and renew or remove it"
    GONE = "matches nothing any more: remove it"
    WORSE = "allows less than what was found"
    REDUNDANT = "matches nothing that an entry before it does not excuse already: remove it"


@dataclass(frozen=True)
class KnownResult:
    """What became of a file of known deviations.

    excused: each entry that excused something, with what. unknown: what nothing excuses. problems: entries that fail.
    idle: entries that said nothing, because of what is installed or of what was judged, with the reason.
    """

    file: str
    excused: tuple[tuple[Entry, tuple[Deviation, ...]], ...] = ()
    unknown: tuple[Deviation, ...] = ()
    problems: tuple[tuple[Entry, Problem], ...] = ()
    idle: tuple[tuple[Entry, str], ...] = ()

    @property
    def holds(self) -> bool:
        """Whether all that deviates is known, and all that is known deviates."""
        return not self.unknown and not self.problems
