"""How much of an implementation is judged, and what a verification is connected to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lstm_parity.audits.known.entry import Deviation
from lstm_parity.reports.certificate import Row
from lstm_parity.reports.lines import ALONE


@dataclass(frozen=True)
class VerifyOptions:
    """How much of an implementation is judged, and by which rule.

    strict: in the native arithmetic, not in that of the dtype that it is measured to work in. quick: one in a few
    cases. forward_only: no gradients. prove: also which known mistakes would have been found. case: this one alone, by
    its id. question: asked of that case, as `reports.lines.ALONE` names it; all if it is None. command: what was
    typed, which a failure adds `--case` to.
    """

    strict: bool = False
    quick: bool = False
    forward_only: bool = False
    prove: bool = False
    case: str = ""
    question: str | None = None
    command: str = ""

    @property
    def limits(self) -> str:
        """Return what is left out, in words; empty if nothing is."""
        left_out = ["quick, one case in six"] * self.quick + ["forward only, no gradients"] * self.forward_only
        asked = next((f"{question} of " for question, word in ALONE.items() if word == self.question), "")
        left_out += [f"only {asked}the case {self.case}"] if self.case else []
        return "; ".join(left_out)


@dataclass(frozen=True)
class Hooks:
    """What a verification is connected to.

    known: returns the rows of a dtype that another run has judged, which are not judged again. keep: called with each
    new one that is right, since a wrong one is judged again to be diagnosed. excuses: whether deviations are known, so
    that what comes after them is judged too, and all cases although a few deviate. once_right: called when a few cases
    are right.
    """

    known: Callable[[str], Sequence[Row]] = lambda dtype: ()
    keep: Callable[[Row], None] = lambda row: None
    excuses: Callable[[Sequence[Deviation]], bool] | None = None
    once_right: Callable[[], None] = lambda: None
