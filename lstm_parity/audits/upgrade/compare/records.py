"""Two records compared: what changed from the old to the new, conditions first, and whether anything is worse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lstm_parity.audits.upgrade.compare import behaviour
from lstm_parity.audits.upgrade.compare.answers import compare_answers
from lstm_parity.audits.upgrade.compare.finding import Finding, Kind
from lstm_parity.audits.upgrade.compare.speeds import compare_speeds
from lstm_parity.audits.upgrade.measure.conditions import ALONE, MACHINE
from lstm_parity.audits.upgrade.record import Record


@dataclass(frozen=True, eq=False)
class Comparison:
    """All findings, in the order of their kinds; how many answers have the same bits, and how many have not."""

    old: Record
    new: Record
    findings: tuple[Finding, ...]
    same: int
    changed: int

    @property
    def worse(self) -> tuple[Finding, ...]:
        """The findings by which somebody who upgrades loses something.

        A capability that another processor or device does not have is reported, and is no loss by the upgrade.
        """
        other = any(behaviour.differ(self.old, self.new, name) for name in MACHINE)
        spared = (Kind.CAPABILITY_LOST,) if other else ()
        return tuple(finding for finding in self.findings if finding.kind.worse and finding.kind not in spared)


def compare_records(old: Record, new: Record) -> Comparison:
    """Compare two records; nothing is run but the references, on the cases whose answers changed."""
    answers = compare_answers(old, new)
    found = [
        *_compare_conditions(old, new),
        *answers.findings,
        *behaviour.compare_bad_calls(old, new),
        *behaviour.compare_capabilities(old, new),
        *behaviour.compare_kernels(old, new),
        *compare_speeds(old, new),
    ]
    order = list(Kind)
    found.sort(key=lambda finding: order.index(finding.kind))
    return Comparison(old, new, tuple(found), answers.same, answers.changed)


def _compare_conditions(old: Record, new: Record) -> Iterator[Finding]:
    """List the differences between the two runs that by themselves may change bits, or speed."""
    for name, unsaid in ALONE.items():
        was, now = old.conditions.get(name, unsaid), new.conditions.get(name, unsaid)
        if behaviour.differ(old, new, name):
            words = f"was {was or 'nothing'}, now {now or 'nothing'}: this alone may change bits"
            words += "; answers alone are compared" if name == "device" else ""
            words += "; speeds are not compared" if name in MACHINE[1:] else ""
            yield Finding(Kind.CONDITIONS, name, words, (name,))
