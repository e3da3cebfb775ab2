"""Verification: implementations are run on a covering design of the lattice, judged, and certified."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from lstm_parity.audits.known.entry import Deviation, KnownResult, describe_features
from lstm_parity.audits.known.judge import KnownFile
from lstm_parity.audits.own_arithmetic import InOwnArithmetic
from lstm_parity.audits.plan import Offer, discover, draw_plan
from lstm_parity.audits.progress import Progress
from lstm_parity.audits.prove import Proof, prove
from lstm_parity.audits.questions import OF_ONE_CASE, QUESTIONS, Ask
from lstm_parity.audits.verification.identified import Identified
from lstm_parity.audits.verification.options import Hooks, VerifyOptions
from lstm_parity.cases.case import Case, on_device, parse_case
from lstm_parity.cases.covering import draw_design, draw_tall
from lstm_parity.cases.setting import DTYPES
from lstm_parity.implementations.references import NumpyReference, TorchReference
from lstm_parity.implementations.torch_modules import TorchLSTM, TorchLSTMCell
from lstm_parity.judging.arithmetic import Explanation, explain
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reports.certificate import INTERRUPTED, OUTPUTS, Certificate, Row, make_row, not_covered
from lstm_parity.reports.lines import ALONE
from lstm_parity.reports.provenance import collect_provenance
from lstm_parity.running.evidence import Observation
from lstm_parity.running.observe import observe_all
from lstm_parity.running.protocol import Implementation, expected_arithmetic

_SIMPLEST = 24  # one of so many cases is judged first
_QUICK = 6  # one of so many cases is judged at all, if it must be quick
_EVERY = {  # one of so many cases is taken
    "known answers": 16,
    "life of the module": 12,
    "dropout": 4,
    "gradients": 5,
    "second derivatives": 1,
}
_NON_FINITE = "outputs of NaN and infinities"
_OF_GRADIENTS = ("gradients", "second derivatives")
_ALL, _ALONE = VerifyOptions(), Hooks()
_COMMANDS = {TorchLSTM.name: "lstm-parity verify --impl module:torch.nn:LSTM"}
OUR_IMPLEMENTATIONS: tuple[Implementation, ...] = (TorchLSTM(), TorchLSTMCell(), TorchReference(), NumpyReference())


def verification_cases(dtype: str, device: str = "cpu") -> list[Case]:
    """Draw the cases of a verification in one dtype.

    For every value profile, every pair of values of the other axes; and the tall cases.
    """
    return [*draw_design(dtype=dtype, device=device), *draw_tall(dtype=dtype, device=device)]


def explain_each(observations: Sequence[Observation]) -> list[Explanation]:
    """Explain a run separately for each expected arithmetic: one on the CPU, perhaps two on a GPU."""
    groups: dict[Arithmetic, list[Observation]] = {}
    for observation in observations:
        groups.setdefault(observation.expected_arithmetic, []).append(observation)
    return [explain(group) for group in groups.values()]


def verify(
    implementations: Sequence[Implementation] = OUR_IMPLEMENTATIONS,
    dtypes: Sequence[str] = DTYPES,
    progress: Progress | None = None,
    device: str = "cpu",
) -> Certificate:
    """Judge the outputs of each implementation in each dtype; an interruption ends it with what was judged."""
    progress = progress or Progress()
    rows, designs = list[Row](), {dtype: verification_cases(dtype, device) for dtype in dtypes}
    progress.expect(len(implementations) * sum(map(len, designs.values())))
    limits = ""
    try:
        for implementation in implementations:
            for dtype in dtypes:
                progress.say(f"{implementation.name}, {dtype}")
                seen = observe_all(implementation, designs[dtype], after=progress.advance)
                command = _COMMANDS.get(implementation.name, "")
                rows += [make_row(implementation.name, dtype, one, command=command) for one in explain_each(seen)]
    except KeyboardInterrupt:
        limits = INTERRUPTED
    return Certificate(collect_provenance(device), tuple(rows), not_covered(device), limits)


@dataclass(frozen=True, eq=False)
class Verification:
    """A certificate of one implementation; the verdicts of the question that it is wrong in, or none; a proof.

    remarks: what was found out about a class, in lines. deviations: every case that is wrong, the known ones too.
    identified: what it computes, if that was to be found out.
    """

    certificate: Certificate
    wrong: Sequence[Verdict] = ()
    proof: Proof | None = None
    remarks: tuple[str, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    identified: Identified | None = None

    def judge_known(self, known: KnownFile) -> KnownResult:
        """Judge what deviates by what is known to."""
        names = sorted({row.implementation for row in self.certificate.rows})
        return known.judge(self.deviations, names, complete=not self.wrong and not self.certificate.limits)


def verify_one(
    implementation: Implementation,
    dtypes: Sequence[str] = DTYPES,
    progress: Progress | None = None,
    device: str = "cpu",
    options: VerifyOptions = _ALL,
    hooks: Hooks = _ALONE,
) -> Verification:
    """Judge one implementation in each dtype until it is wrong in one.

    What it offers is found first, and all of that is judged: outputs, the life of a module, gradients. A few cases
    come first; what comes after the first that are wrong is not judged. An interruption ends it with what was judged.
    """
    progress = progress or Progress()
    judged = implementation if options.strict else InOwnArithmetic(implementation)
    plans = {dtype: _Plan(judged, dtype, device, progress, options, hooks) for dtype in dtypes}
    found, proof, limits = _Found(), None, options.limits
    try:
        for plan in plans.values():
            if not found.wrong:
                plan.judge(found)
        proof = _prove(judged, plans, found.rows, progress) if options.prove and not found.wrong else None
    except KeyboardInterrupt:
        limits = "; ".join(filter(None, (limits, INTERRUPTED)))
    asked = {row.question for row in found.rows}
    found.rows.sort(key=lambda row: DTYPES.index(row.dtype))
    certificate = Certificate(collect_provenance(device), tuple(found.rows), not_covered(device, asked), limits)
    return Verification(certificate, found.wrong, proof, deviations=tuple(found.deviating))


@dataclass(eq=False)
class _Found:
    """What a verification has found until now; wrong: the verdicts of a question whose deviations are not known."""

    rows: list[Row] = field(default_factory=list)
    wrong: Sequence[Verdict] = ()
    deviating: list[Deviation] = field(default_factory=list)


def _list_deviations(row: Row, verdicts: Sequence[Verdict]) -> list[Deviation]:
    return [
        Deviation(
            row.implementation,
            row.outcome.value if row.outcome is Outcome.NARROWER else verdict.outcome.value,
            row.dtype,
            row.question,
            math.inf if verdict.faults else verdict.worst,
            "\n".join([row.arithmetic or "", verdict.reason, *verdict.faults, *(m.tensor for m in verdict.deviating)]),
            describe_features(verdict.case),
            verdict.case.id,
        )
        for verdict in verdicts
        if verdict.outcome.is_wrong
    ]


_Ask = Callable[[], "Explanation | None"]  # None if the implementation refuses the whole question


@dataclass(frozen=True, eq=False)
class _Plan:
    """The questions to an implementation in one dtype."""

    implementation: Implementation
    dtype: str
    device: str
    progress: Progress
    options: VerifyOptions
    hooks: Hooks

    def judge(self, found: _Found) -> None:
        """Ask each question that no other run has asked, until the answer to one is wrong."""
        before = {row.question: row for row in self.hooks.known(self.dtype)}
        for question, ask in self._questions():
            row = before.get(question)
            if row is None:
                self.progress.say(f"{self.implementation.name}, {self.dtype}: {question}")
                row = self._judge(question, ask, found)
            elif question in (OUTPUTS, _NON_FINITE):
                self.progress.advance(sum(row.counts.values()))
            found.rows += [] if row is None else [row]
            if found.wrong:
                return

    def _judge(self, question: str, ask: _Ask, found: _Found) -> Row | None:
        """Return what becomes of one question; None if all of it is refused."""
        if (explanation := ask()) is None:
            return None
        row = make_row(self.implementation.name, self.dtype, explanation, question, self.options.command)
        if not row.outcome.is_wrong:
            self.hooks.keep(row)
            return row
        deviating, excuses = _list_deviations(row, explanation.verdicts), self.hooks.excuses
        found.deviating += deviating
        found.wrong = () if excuses is not None and excuses(deviating) else explanation.verdicts
        return row

    @cached_property
    def offer(self) -> Offer:
        """What it offers."""
        if self.options.case:
            return Offer({"case": (self.options.case,)}, ())
        self.progress.say(f"{self.implementation.name}, {self.dtype}: what it offers")
        return discover(self.implementation, self.dtype, self.device)

    @cached_property
    def cases(self) -> list[Case]:
        """The cases that it is judged on."""
        if self.options.case:
            return [on_device(parse_case(self.options.case), self.device)]
        drawn = draw_plan(self.offer, self.dtype, self.device)
        self.progress.expect(len(DTYPES) * len(drawn))
        return drawn[::_QUICK] if self.options.quick else drawn

    def _questions(self) -> Iterator[tuple[str, _Ask]]:
        """Yield each question with what answers it."""
        if self.options.question:
            question = next(name for name, word in ALONE.items() if word == self.options.question)
            yield question, partial(self._ask_alone, OF_ONE_CASE[question])
            return
        yield OUTPUTS, self._judge_outputs
        if not self.offer.values:
            return
        yield _NON_FINITE, self._judge_non_finite
        left_out = _OF_GRADIENTS if self.options.forward_only else ()
        for question, ask in QUESTIONS.items():
            if question not in left_out and (question in OF_ONE_CASE or not self.options.case):
                yield question, partial(self._ask, ask, _EVERY[question])

    @cached_property
    def finite(self) -> list[Case]:
        """Those of them without NaN and infinities."""
        return [case for case in self.cases if case.is_finite]

    def _judge_outputs(self) -> Explanation:
        """Judge a few of the finite cases first; all of them if these are right."""
        simple = [*observe_all(self.implementation, self.finite[::_SIMPLEST]), *self.offer.refused]
        some = explain(simple or observe_all(self.implementation, self.cases))
        if not self.finite or not (some.parity or self.hooks.excuses):
            return some
        self.hooks.once_right()
        seen = observe_all(self.implementation, self.finite, after=self.progress.advance)
        return explain([*seen, *self.offer.refused])

    def _judge_non_finite(self) -> Explanation | None:
        others = [case for case in self.cases if not case.is_finite]
        if not others:
            return None
        return _as_explanation(judge_all(observe_all(self.implementation, others, after=self.progress.advance)))

    def _ask(self, ask: Ask, every: int) -> Explanation | None:
        return _as_explanation(ask(self.implementation, self.finite, every)) if self.finite else None

    def _ask_alone(self, ask: Callable[[Implementation, Case], list[Verdict]]) -> Explanation | None:
        return _as_explanation(ask(self.implementation, self.cases[0]))


def _prove(
    implementation: Implementation, plans: Mapping[str, _Plan], rows: Sequence[Row], progress: Progress
) -> Proof:
    """Find which known mistakes the same plans would have found."""
    offered = {
        dtype: (plan.offer, plan.cases, expected_arithmetic(implementation, plan.cases[0].setting))
        for dtype, plan in plans.items()
        if plan.cases
    }
    return prove(offered, questions={row.question for row in rows}, progress=progress.say)


def _as_explanation(verdicts: Sequence[Verdict]) -> Explanation | None:
    """Return verdicts that no other arithmetic is sought for; None if all are refused."""
    if all(verdict.outcome is Outcome.REFUSED for verdict in verdicts):
        return None
    expected = verdicts[0].arithmetic
    agrees = not any(verdict.outcome.is_wrong for verdict in verdicts)
    return Explanation(expected, expected if agrees else None, tuple(verdicts))
