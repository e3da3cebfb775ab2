"""A failing implementation compared with every known mistake: what is wrong, where, and what to change.

A mistake explains a run where it does on every case what the implementation did: on those that deviate, and on those
that agree, where it must agree too. Of several that do, the simplest is named: the one that stands first in `MISTAKES`,
whose order is that of how little must come together for a fault to show (equations before states, states before stacks
and directions, those before projections, packing, layout, precision and kernels).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lstm_parity.catalogue.mistakes import MISTAKES
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.diagnosis.ends import list_parts
from lstm_parity.diagnosis.locate import features_of, locate_fault
from lstm_parity.diagnosis.similarity import ComparableRun, comparable_run
from lstm_parity.identification.model import Identification
from lstm_parity.judging.arithmetic import explain
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.running.evidence import Observation
from lstm_parity.running.halves import select_items

_MAX_COMPARED = 40  # cases of either kind that are compared, and found the place by
_UNEXPLAINED_SHARE = 8  # the nearest mistake may leave one in so many deviating cases unexplained


@dataclass(frozen=True, eq=False)
class _Nearest:
    """A mistake that explains all cases but `unexplained` ones; what is special about all of those, in words."""

    mistake: Mistake
    unexplained: int
    special: tuple[str, ...]

    @property
    def text(self) -> str:
        """A sentence."""
        special = f": those have {', '.join(self.special)}" if self.special else ""
        known = self.mistake
        most = f"nearest: {known.name}, on all cases but {self.unexplained}{special}"
        return f"{most}. {known.description} To change: {known.fix}"


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What explains a run, as far as it was compared.

    mistake: the simplest known mistake that explains it, equivalents: others that do just as well on these cases.
    arithmetic: a known arithmetic that explains it, where no mistake does. where: the place of the fault, in words.
    nearest: what explains most, but not all, where nothing explains all; it may be one of two faults, or a variant.
    deviating, agreeing: how many cases of either kind were compared; worst: the farthest, in noises, from the mistake.
    notes: sentences on what was left out. summary: what it does, in words, if that is known otherwise; models: what
    computes numbers that are given, several if these do not distinguish them.
    """

    mistake: Mistake | None = None
    equivalents: tuple[Mistake, ...] = ()
    arithmetic: Arithmetic | None = None
    nearest: _Nearest | None = None
    where: str = ""
    deviating: int = 0
    agreeing: int = 0
    worst: float = 0.0
    notes: tuple[str, ...] = ()
    summary: str = ""
    models: tuple[Identification, ...] = ()

    @property
    def text(self) -> str:
        """The whole paragraph: what it behaves like, what is wrong, what to change, where."""
        lines = self._describe_mistake() if self.mistake else self._count_unexplained()
        lines += [f"where: {self.where}"] if self.where else []
        return "\n".join([*lines, *self.notes])

    def _describe_mistake(self) -> list[str]:
        known = self.mistake
        if known is None:
            return []
        agree = f", and on {self.agreeing} that agree" * (self.agreeing > 0)
        cases = f"{self.deviating} deviating case" + "s" * (self.deviating > 1)
        lines = [f"behaves like: {known.name}, to {self.worst:.2g} x noise on {cases}{agree}"]
        lines += [f"what is wrong: {known.description}"] + [f"change: {known.fix}"] * bool(known.fix)
        lines += [f"or like: {other.name}: {other.description}" for other in self.equivalents]
        return lines + [f"reported at: {known.reported_at}"] * bool(known.reported_at)

    def _count_unexplained(self) -> list[str]:
        if self.summary:
            return [f"behaves like: {self.summary}"]
        if not self.deviating:
            return ["behaves like: unknown, since no deviating case returned numbers that can be compared"]
        if self.arithmetic is not None:
            told = "no known mistake, but all deviations are of the size that this arithmetic leaves"
            return [
                f"behaves like: {self.arithmetic.name}: {told}",
                "change: look for a narrower type, or a coarser function",
            ]
        return [f"behaves like: none of {len(MISTAKES)} known mistakes; no known arithmetic explains it either"] + (
            [self.nearest.text] if self.nearest else []
        )


def diagnose(verdicts: Sequence[Verdict], *, seek_arithmetic: bool = True) -> Diagnosis:
    """Explain the verdicts on one implementation; those on the probes distinguish most mistakes.

    seek_arithmetic: whether an arithmetic is sought if no mistake explains them.
    """
    compared = [one for one in map(comparable_run, verdicts) if one is not None]
    wrong, right = (_sample([one for one in compared if one.deviates is deviates]) for deviates in (True, False))
    asides = _notes(verdicts)
    if not wrong:
        return Diagnosis(notes=asides)
    misses = _count_unexplained([*wrong, *right], len(wrong) // _UNEXPLAINED_SHARE)
    known = tuple(
        mistake
        for mistake, missed in misses.items()
        if not missed and (right or mistake.is_deterministic)  # one that returns anything is like everything
    )
    deviating = [verdict for verdict in verdicts if verdict.outcome is Outcome.DEVIATES][:_MAX_COMPARED]
    where = locate_fault([*deviating, *(v for v in verdicts if v.outcome is Outcome.PARITY)])
    if known:
        worst = max(one.distance_to(known[0]) for one in [*wrong, *right])
        return Diagnosis(known[0], known[1:], None, None, where, len(wrong), len(right), worst, asides)
    arithmetic = _arithmetic(verdicts) if seek_arithmetic else None
    nearest = None if arithmetic else _nearest(misses, [*wrong, *right])
    return Diagnosis(None, (), arithmetic, nearest, where, len(wrong), len(right), 0.0, asides)


def _sample(compared: list[ComparableRun]) -> list[ComparableRun]:
    """Select at most MOST comparable cases: the smallest first, but those with a new feature before others."""
    fresh, others, known = list[ComparableRun](), list[ComparableRun](), set[str]()
    for one in sorted(compared, key=lambda one: one.size):
        (others if (special := features_of(one.case, one.way)) <= known else fresh).append(one)
        known |= special
    return [one for one in (*fresh, *others)[: 2 * _MAX_COMPARED] if one.noise][:_MAX_COMPARED]


def _count_unexplained(compared: Sequence[ComparableRun], few: int) -> dict[Mistake, list[ComparableRun]]:
    """Return, for each mistake, the cases where it does something else; mistakes with more than a few are left out."""
    missed: dict[Mistake, list[ComparableRun]] = {known: [] for known in MISTAKES}
    for one in compared:
        known = list(missed)
        for place in _list_unexplaining(one, known):
            missed[known[place]].append(one)
            if len(missed[known[place]]) > few:
                del missed[known[place]]
    return missed


def _list_unexplaining(one: ComparableRun, known: Sequence[Mistake]) -> list[int]:
    """Return the places of mistakes that do something else on a case; of a large one in two processes."""
    parts = list_parts(one) if one.deviates else []

    def holds(mistake: Mistake) -> bool:
        return any(part.refute(mistake) for part in parts) or not one.is_explained_by(mistake)

    if not parts:
        return [place for place, mistake in enumerate(known) if holds(mistake)]
    is_on_cpu = one.case.setting.runtime.device == "cpu"  # a fork has no other device
    return select_items(known, holds, may_fork=lambda known: is_on_cpu and not known.needs_threads(one.case)).places


def _nearest(misses: dict[Mistake, list[ComparableRun]], compared: Sequence[ComparableRun]) -> _Nearest | None:
    """Return the first of those that explain most."""
    if not any(misses.values()):
        return None
    known = min(misses, key=lambda mistake: len(misses[mistake]))
    explained = [features_of(one.case, one.way) for one in compared if one not in misses[known]]
    common = frozenset.intersection(*(features_of(one.case, one.way) for one in misses[known]))
    special = sorted(common, key=lambda word: (sum(word in case for case in explained), word))
    return _Nearest(known, len(misses[known]), tuple(special[:2]))


def _arithmetic(verdicts: Sequence[Verdict]) -> Arithmetic | None:
    """Return the arithmetic that explains all cases: the first deviating dtype's, if every other dtype has one too."""
    deviating = [verdict for verdict in verdicts if verdict.outcome is Outcome.DEVIATES]
    if any(verdict.faults for verdict in deviating):
        return None
    found: list[Arithmetic] = []
    for dtype in dict.fromkeys(verdict.case.setting.runtime.dtype for verdict in deviating):
        run = [verdict.observation for verdict in deviating if verdict.case.setting.runtime.dtype == dtype]
        arithmetic = _find_shared(sorted(run, key=lambda observation: observation.case.input.size)[:_MAX_COMPARED])
        if arithmetic is None:
            return None
        found.append(arithmetic)
    return found[0] if found else None


def _find_shared(run: list[Observation]) -> Arithmetic | None:
    """Try one case first: that alone rules out most."""
    return None if explain(run[:1]).arithmetic is None else explain(run).arithmetic


def _notes(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Describe what was not compared, and the form of the results."""
    asides = [f"form: {fault}" for fault in dict.fromkeys(fault for v in verdicts for fault in v.faults)][:3]
    if failed := [verdict for verdict in verdicts if verdict.outcome is Outcome.FAILED]:
        last = failed[0].reason.strip().splitlines()[-1]
        asides.append(f"raised on {len(failed)} of {len(verdicts)} cases, first on {failed[0].case.id}: {last}")
    if refused := sum(verdict.outcome is Outcome.REFUSED for verdict in verdicts):
        asides.append(f"refused: {refused} of {len(verdicts)} cases, which say nothing")
    return tuple(asides)
