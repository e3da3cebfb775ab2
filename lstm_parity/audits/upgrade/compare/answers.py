"""Compare the answers of two records: the same bits, noise, drift, or deviations, by module, dtype and pass."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lstm_parity.audits.upgrade.compare.drift import measure_drift
from lstm_parity.audits.upgrade.compare.finding import Finding, Kind
from lstm_parity.audits.upgrade.compare.judged_answer import AnswerChange, judge_change
from lstm_parity.audits.upgrade.record import Answer, Record
from lstm_parity.cases.case import Case, parse_case
from lstm_parity.cases.features import FEATURES, has

_NAMED = ("projection", "bidirectional", "layers", "bias", "states", "strided", "oneDNN", "deterministic", "wide")
_MIN_CASES = {Kind.DEVIATES: "the new one", Kind.MENDED: "the old one", Kind.STILL_DEVIATES: "both"}
_CHANCE_NOTE = 1e-3  # how often the cases of a finding may have a trait in common by chance, for it to be named


@dataclass(frozen=True, eq=False)
class _AnswerComparison:
    """What the answers of two records come to: findings, and how many answers were the same and how many changed."""

    findings: tuple[Finding, ...]
    same: int
    changed: int


def compare_answers(old: Record, new: Record) -> _AnswerComparison:
    """Compare the answers that both records have. Only what changed is judged."""
    olds = {answer.key: answer for answer in old.answers if old.cases[answer.case] == new.cases.get(answer.case)}
    pairs = [(olds[answer.key], answer) for answer in new.answers if answer.key in olds]
    groups = defaultdict(list)
    for one, other in pairs:
        groups[_group_key(other)].append((one, other))
    found = [_Group(name, tuple(pairs)) for name, pairs in groups.items()]
    changed = sum(len(group.changed) for group in found)
    changing = sum(bool(group.changed) for group in found)
    findings = tuple(finding for group in found for finding in group.findings(changing))
    return _AnswerComparison(findings, len(pairs) - changed, changed)


def _group_key(answer: Answer) -> str:
    dtype = next(word for word in answer.case.split("-") if word.startswith(("float", "bfloat")))
    return f"{answer.subject}, {dtype}, {answer.way}"


def _have_same_bits(old: Answer, new: Answer) -> bool:
    """Whether two answers are the same, bit for bit, or the same exception in any words."""
    if old.raised or new.raised:
        return bool(old.raised) and bool(new.raised)
    alike = old.arrays.keys() == new.arrays.keys() and old.faults == new.faults
    return alike and all(old.arrays[name].same_bits(kept) for name, kept in new.arrays.items())


class _Group:
    """The answers of one module in one dtype, forward or gradients."""

    def __init__(self, name: str, pairs: Sequence[tuple[Answer, Answer]]) -> None:
        self.name, self.pairs = name, pairs
        self.changed = [pair for pair in pairs if not _have_same_bits(*pair)]
        self.all = [parse_case(new.case) for _, new in pairs] if self.changed else []

    def findings(self, groups: int) -> Iterator[Finding]:
        """Make the findings of all kinds; groups: how many groups are tested for drift."""
        yield from self._pair_answers()
        yield from self._find_malformed()
        by_kind = defaultdict(list)
        for old, new in self.changed:
            if not (old.raised or new.raised) and old.faults == new.faults:
                one = judge_change(parse_case(new.case), old, new)
                by_kind[_kind(one)].append(one)
        for kind, found in by_kind.items():
            yield self._make_findings(kind, found)
        if (grown := measure_drift([one.errors for one in by_kind[Kind.NOISE]])).is_real(groups):
            once = f"by chance once in {1 / grown.chance:.0f}"
            yield Finding(Kind.DRIFT, self.name, f"errors grew {grown.growth:.2f} times in {grown.cases} cases, {once}")

    def _make_findings(self, kind: Kind, found: list[AnswerChange]) -> Finding:
        worst = max(found, key=lambda one: max((m.worst for m in (*one.old, *one.new)), default=0.0))
        far = max(one.apart for one in found)
        apart = f"up to {far:.1e} apart" if far else "apart in elements that are not recorded"
        words = f"{len(found)} of {len(self.pairs)} cases, {apart}"
        words = self._find_shared([one.case for one in found], words)
        if kind in _MIN_CASES:
            words = f"{words}; {_MIN_CASES[kind]} left the exact answer; worst: {_worst(worst)} in {worst.name}"
        pairs = [[max((m.worst for m in some), default=0.0) for some in (one.old, one.new)] for one in found if one.new]
        before, now = (max(some, default=0.0) for some in zip(*pairs, strict=True)) if pairs else (0.0, 0.0)
        return Finding(kind, self.name, words, tuple(one.name for one in found), (before, now) if pairs else None)

    def _pair_answers(self) -> Iterator[Finding]:
        """Yield what only one of the two answered."""
        for kind, which in ((Kind.CAPABILITY_LOST, 1), (Kind.CAPABILITY_GAINED, 0)):
            found = [pair for pair in self.changed if pair[which].raised and not pair[1 - which].raised]
            for words, times in Counter(pair[which].raised for pair in found).items():
                names = tuple(pair[1].case for pair in found if pair[which].raised == words)
                shared = self._find_shared([parse_case(name) for name in names], f"{times} of {len(self.pairs)} cases")
                yield Finding(kind, self.name, f"{shared}; {'now' if which else 'was'}: {words}", names)

    def _find_malformed(self) -> Iterator[Finding]:
        """Yield what has another form."""
        found = [(o, n) for o, n in self.changed if o.faults != n.faults and not (o.raised or n.raised)]
        for kind, which in ((Kind.DEVIATES, 1), (Kind.MENDED, 0)):
            wrong = [pair for pair in found if pair[which].faults and (which or not pair[1].faults)]
            if wrong:
                words = f"{'now' if which else 'was'}: {wrong[0][which].faults[0]}"
                names = tuple(pair[1].case for pair in wrong)
                yield Finding(kind, self.name, f"{len(wrong)} of {len(self.pairs)} cases; {words}", names)

    def _find_shared(self, found: list[Case], words: str) -> str:
        """The words, and what the cases have in common that not all cases of the group have, nor these by chance."""
        told = []
        for trait, value in _case_features(found[0]).items():
            rate = sum(_case_features(one)[trait] == value for one in self.all) / len(self.all)
            if all(_case_features(one)[trait] == value for one in found) and rate ** len(found) < _CHANCE_NOTE:
                told.append(value)
        return f"{words}; all with {', '.join(told)}" if told else words


def _kind(one: AnswerChange) -> Kind:
    if not one.seen:
        return Kind.NOT_JUDGED
    kinds = {
        (False, False): Kind.NOISE,
        (False, True): Kind.DEVIATES,
        (True, False): Kind.MENDED,
        (True, True): Kind.STILL_DEVIATES,
    }
    return kinds[one.deviates]


def _worst(one: AnswerChange) -> str:
    """Return the tensor that is furthest off, old and new."""
    k = max(range(len(one.new)), key=lambda k: max(one.old[k].worst, one.new[k].worst))
    return f"{one.new[k].tensor}, {one.old[k].worst:.2g} x rounding noise before, {one.new[k].worst:.2g} now"


def _case_features(one: Case) -> Mapping[str, str]:
    """Describe a case by the features that may distinguish the cases of a finding from others."""
    setting = one.setting
    form = "padded input" if setting.call.batch is not None else "unbatched input"
    if has(setting, "packed"):
        form = f"packed input of {'varying' if has(setting, 'lengths') else 'equal'} lengths"
    return {name: FEATURES[name].describe(setting) for name in _NAMED} | {
        "form": form,
        "grad_mode": f"grad mode {setting.runtime.grad_mode}",
        "threads": f"{setting.runtime.threads} threads",
        "values": f"values: {one.profile}",
    }
