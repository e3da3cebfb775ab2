"""Which known mistakes a verification finds: each is judged as the implementation was, until it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lstm_parity.audits.plan import Offer
from lstm_parity.audits.questions import QUESTIONS, judge_backward_passes
from lstm_parity.cases.case import Case, parse_case
from lstm_parity.cases.features import has
from lstm_parity.cases.setting import Setting
from lstm_parity.catalogue.mistakes import DROPOUT_MISTAKES, GRADIENT_MISTAKES, MISTAKES
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain_dropout import DroppingLSTM
from lstm_parity.implementations.remote.purity import WatchedImplementation
from lstm_parity.implementations.wrapped import Wrapped
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Verdict
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.running.dropped import is_readable
from lstm_parity.running.observe import observe

_NEEDS: dict[str, tuple[str, set[Any]]] = {  # features of a setting, and the values of axes that offer them
    "layers": ("num_layers", {2, 3}),
    "bidirectional": ("bidirectional", {True}),
    "projection": ("projection", {True}),
    "no-bias": ("bias", {False}),
    "batch_first": ("batch_first", {True}),
    "packed": ("form", {"packed", "packed sorted", "packed equal"}),
    "unbatched": ("form", {"unbatched"}),
    "no-states": ("states", {False}),
    "states": ("states", {True}),
}
_EVERY = 6  # of the other questions, one of so many cases is taken


@dataclass(frozen=True)
class Proof:
    """What became of the known mistakes that a signature can make: killed ones with the case, and the survivors."""

    killed: dict[str, str]
    survivors: tuple[str, ...]

    @property
    def text(self) -> str:
        """A sentence, and a line for each survivor."""
        count = len(self.killed) + len(self.survivors)
        first = (
            f"Proof: {len(self.killed)} of {count} known mistakes that this signature can make are seen by this plan."
        )
        return "\n".join([first, *(f"  not seen: {name}" for name in self.survivors)])


@dataclass(frozen=True)
class _InArithmetic(Wrapped):
    """A mistake judged in the arithmetic of the implementation."""

    chosen: Arithmetic

    def arithmetic(self, setting: Setting) -> Arithmetic | None:
        """Return that arithmetic."""
        return self.chosen


def prove(
    plans: Mapping[str, tuple[Offer, Sequence[Case], Arithmetic]],
    *,
    questions: Collection[str],
    progress: Callable[[str], None] = lambda _: None,
) -> Proof:
    """Judge each known mistake on the cases that an implementation was judged on.

    plans: by dtype, what the implementation offers, its cases, and the arithmetic that it was judged in. questions:
    those that were judged.
    """
    killed, survivors = dict[str, str](), list[str]()
    asked = [*MISTAKES, *(GRADIENT_MISTAKES if "gradients" in questions else ())]
    asked += DROPOUT_MISTAKES if "dropout" in questions else ()
    for number, mistake in enumerate(asked, 1):
        progress(f"known mistakes, {number} of {len(asked)}: {mistake.name}")
        tried = [(cases, a) for dtype, (offer, cases, a) in plans.items() if can_make(mistake, dtype, offer, cases)]
        if not tried:
            continue
        wrong = next((v for cases, a in tried for v in _judge(mistake, cases, a) if v.outcome.is_wrong), None)
        if wrong is None:
            survivors.append(mistake.name)
        else:
            killed[mistake.name] = wrong.case.id
    return Proof(killed, tuple(survivors))


def can_make(mistake: Mistake, dtype: str, offer: Offer, cases: Sequence[Case]) -> bool:
    """Whether an implementation that offers this could have the mistake."""
    if dtype not in mistake.dtypes or not offer.values:
        return False
    if mistake in MISTAKES:
        return any(mistake.may_show(case) for case in cases)
    if issubclass(mistake.written, DroppingLSTM):
        return not mistake.written.only_in_order and any(is_readable(case.setting) for case in cases)
    needed = [feature for feature in _NEEDS if has(parse_case(mistake.witness).setting, feature)]
    return all(set(offer.values[axis]) & values for axis, values in map(_NEEDS.__getitem__, needed))


def _judge(mistake: Mistake, cases: Sequence[Case], arithmetic: Arithmetic) -> Iterator[Verdict]:
    """Judge a mistake on the cases where it may show, the smallest first, and then by the other questions."""
    judged = _InArithmetic(mistake, arithmetic)
    if mistake in MISTAKES:
        watched = WatchedImplementation(judged)
        shown = sorted(filter(mistake.may_show, cases), key=lambda case: case.input.size * case.h_0.size)
        yield from (judge(observe(watched, case)) for case in shown)
    elif mistake in GRADIENT_MISTAKES:
        small = sorted(cases, key=lambda case: case.input.size * case.h_0.size)
        yield from (verdict for case in small[::_EVERY] for verdict in judge_backward_passes(judged, [case], 1))
    asked = {"dropout": QUESTIONS["dropout"]} if mistake in DROPOUT_MISTAKES else QUESTIONS
    for ask in asked.values():
        yield from ask(judged, cases, _EVERY)
