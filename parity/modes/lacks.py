"""What each mode does not support, or does wrong, and why: asserted both ways, listed trials fail, all others pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from parity.modes.design import Trial

When = Callable[[Trial], bool]


@dataclass(frozen=True)
class Lack:
    """Trials of some modes that fail.

    modes: a regular expression that their whole names match. words: one that what is said must match. wrong: it
    answers, wrongly. seen: where it is told: an issue of pytorch/pytorch, or a page of docs/findings.
    """

    modes: str
    when: When
    reason: str
    words: str = ""
    wrong: bool = False
    seen: str = ""

    def fits(self, deviates: bool, words: str) -> bool:
        """Whether a failure is this one."""
        return deviates == self.wrong and re.search(self.words, words) is not None


LACKS: tuple[Lack, ...] = ()


def lack(trial: Trial) -> Lack | None:
    """Why a trial fails; None where it must not. The first that is listed is what shows."""
    return next((one for one in LACKS if re.fullmatch(one.modes, trial.mode) and one.when(trial)), None)
