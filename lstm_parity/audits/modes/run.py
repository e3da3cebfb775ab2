"""Trials run in child processes and judged: what became of each, and whether `expected_failures.py` says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from lstm_parity.audits.modes.conditions import ExpectedFailure
from lstm_parity.audits.modes.expected_failures import find_expected_failure
from lstm_parity.audits.modes.trials import Trial
from lstm_parity.audits.named import LOADERS
from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.dropout import replay_masks
from lstm_parity.implementations.modes import find_mode
from lstm_parity.implementations.modes.mode import DROPOUT, SEED, Mode
from lstm_parity.implementations.remote.client import RemoteImplementation
from lstm_parity.implementations.target import Target
from lstm_parity.implementations.wrapped import Wrapped
from lstm_parity.judging.failure import find_failure
from lstm_parity.judging.forward import judge
from lstm_parity.judging.gradients import deviating_gradients, judge_all_gradients
from lstm_parity.judging.verdict import GRADIENT, Outcome, Verdict
from lstm_parity.reports.failure import describe_failure
from lstm_parity.running.autograd import adjoints
from lstm_parity.running.calls import call_arguments, runtime_flags, weight_tensors
from lstm_parity.running.child_process import ProcessServer
from lstm_parity.running.evidence import Masks
from lstm_parity.running.observe import describe_exception, observe
from lstm_parity.running.protocol import expected_arithmetic

_TIME_LIMIT, _MEMORY_LIMIT = 300.0, 64.0
BAD = (Outcome.DEVIATES, Outcome.FAILED, Outcome.REFUSED)
_SEVERITY = (Outcome.NOT_JUDGED, Outcome.PARITY, Outcome.DEVIATES, Outcome.REFUSED, Outcome.FAILED)


@dataclass(frozen=True)
class _Distance:
    """The largest distances of one verdict, in noises of an arithmetic; rms is 0 where no mean is one."""

    worst: float
    rms: float
    arithmetic: str


@dataclass(frozen=True)
class TrialResult:
    """What became of a trial: words say what was wrong; answers and gradients are None if there were none."""

    trial: Trial
    outcome: Outcome
    words: str
    answers: _Distance | None = None
    gradients: _Distance | None = None

    @property
    def lack(self) -> ExpectedFailure | None:
        """Return the failure that was expected, if any."""
        return find_expected_failure(self.trial)

    @property
    def surprise(self) -> str | None:
        """Why this is not what `expected_failures.py` says; None if it is."""
        if self.lack is None:
            return f"{self.outcome.value}, and nothing said so: {self.words}" if self.outcome in BAD else None
        if self.outcome not in BAD:
            return f"{self.outcome.value}, though listed: {self.lack.reason}"
        if not self.lack.fits(self.outcome is Outcome.DEVIATES, self.words):
            return f"{self.outcome.value}, but not as listed ({self.lack.reason}): {self.words}"
        return None

    @property
    def fields(self) -> dict[str, Any]:
        """As JSON holds it; the trial by its name."""
        return asdict(self) | {"trial": self.trial.name, "outcome": self.outcome.value}

    @classmethod
    def of(cls, trial: Trial, fields: dict[str, Any]) -> TrialResult:
        """Return what `fields` said of a trial."""
        distances = (fields[name] and _Distance(**fields[name]) for name in ("answers", "gradients"))
        return cls(trial, Outcome(fields["outcome"]), fields["words"], *distances)


@dataclass(frozen=True)
class AlwaysRuns(Wrapped):
    """A mode in a child process that is run on every setting, even those it would decline."""

    evidence: None = None  # it would decline them there

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return None: what the mode does not support, its call must say."""
        return None


def run_trials(trials: list[Trial], progress: Callable[[str], None] = lambda _: None) -> Iterator[TrialResult]:
    """Run all trials of one mode, in eval or train mode, in one process as long as it lives."""
    with ProcessServer(
        "torch", "lstm_parity.implementations.remote.worker", "lstm_parity.implementations.modes"
    ) as server:
        for target in dict.fromkeys(trial.target for trial in trials):
            home = RemoteImplementation(
                Target("mode", "", target, loader=LOADERS["mode"]), _TIME_LIMIT, _MEMORY_LIMIT, server
            )
            try:
                for trial in trials:
                    if trial.target == target:
                        progress(f"{trial.mode}: {trial.name}")
                        yield _run_trial(AlwaysRuns(home), trial)
            finally:  # after an interruption too, or the server would wait for the process, and that for us
                home.leave()


def _run_trial(asked: AlwaysRuns, trial: Trial) -> TrialResult:
    """Run and judge one trial."""
    if trial.empty:
        return TrialResult(trial, *_run_without_rows(asked, trial.case))
    mode, case = find_mode(trial.target), trial.case
    masks = replay_masks(case, DROPOUT, SEED) if trial.training else ()
    seen = observe(asked, case, chain=False)
    seen = replace(seen, evidence=tuple(replace(evidence, masks=masks) for evidence in seen.evidence))
    verdicts = [judge(seen, expected_arithmetic(mode, case.setting))]
    if trial.gradients and mode.gradients and verdicts[0].outcome in (Outcome.PARITY, Outcome.NOT_JUDGED):
        verdicts.append(_judge_gradients(asked, mode, case, masks))
    worst = max(verdicts, key=lambda verdict: _SEVERITY.index(verdict.outcome))
    return TrialResult(trial, worst.outcome, _first_line(worst), *map(_distance, verdicts))


def _judge_gradients(asked: AlwaysRuns, mode: Mode, case: Case, masks: Masks) -> Verdict:
    """Return the judge's verdict on all gradients, or on those that a mode finds in its own way, which may be some."""
    d = adjoints(case)
    verdict = judge_all_gradients(asked, [case], [d], [masks])[0]
    if mode.found is None or verdict.outcome is not Outcome.DEVIATES:
        return verdict
    outcome = Outcome.DEVIATES if any(m.deviates for m in verdict.measured) else Outcome.PARITY
    return replace(verdict, outcome=outcome, faults=())


def _distance(verdict: Verdict) -> _Distance | None:
    rms = max((m.rms for m in verdict.measured if m.rms_is_meaningful), default=0.0)
    return _Distance(verdict.worst, rms, verdict.arithmetic.name) if verdict.measured else None


def _first_line(verdict: Verdict) -> str:
    """Return the first line of what was raised, or of what deviates."""
    if verdict.outcome in (Outcome.FAILED, Outcome.REFUSED):
        return _last_error_line(verdict.reason)
    if verdict.outcome is not Outcome.DEVIATES:
        return verdict.reason
    if verdict.faults:
        return verdict.faults[0]
    gradient = verdict.measured[0].way == GRADIENT
    return (
        deviating_gradients(verdict.measured)[0]
        if gradient
        else describe_failure(find_failure(verdict)).splitlines()[0]
    )


def _last_error_line(reason: str) -> str:
    """Return the last line of a traceback that names an exception, or the first line if none does."""
    lines = [line for line in reason.strip().splitlines() if line.strip() and not line.startswith(" ")]
    named = [line for line in lines if line.partition(": ")[0].replace(".", "").isidentifier() and ": " in line]
    return (named[-1] if named else lines[0] if lines else "")[:300]


def _run_without_rows(asked: AlwaysRuns, case: Case) -> tuple[Outcome, str]:
    """Call with an empty batch: the shapes and dtypes of what comes back are all there is to judge."""
    given = call_arguments(case.setting, *(array[:, :0] for array in (case.input, case.h_0, case.c_0)))
    with runtime_flags(case.setting.runtime):
        try:
            output, (h_n, c_n) = asked.load(case.setting, weight_tensors(case))(*given)
        except NotImplementedError as error:
            return Outcome.REFUSED, _last_error_line(str(error))
        except Exception as error:  # any exception of a mode is a verdict
            return Outcome.FAILED, _last_error_line(describe_exception(error))
    forms = [(tuple(t.shape), str(t.dtype).removeprefix("torch.")) for t in (output, h_n, c_n)]
    needed = [(shape, case.setting.runtime.dtype) for shape in _shapes_of_no_rows(case.setting)]
    return (Outcome.PARITY, "") if forms == needed else (Outcome.DEVIATES, f"got {forms}, needed {needed}")


def _shapes_of_no_rows(setting: Setting) -> list[tuple[int, ...]]:
    a, time = setting.architecture, setting.call.time
    states = a.num_layers * a.num_directions
    output = (0, time) if a.batch_first else (time, 0)
    return [(*output, a.num_directions * a.output_size), (states, 0, a.output_size), (states, 0, a.hidden_size)]
