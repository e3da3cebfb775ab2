"""Frameworks judged, each in a process of its own, and whether what was found is what is stated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from lstm_parity.audits.frameworks.cases import framework_cases
from lstm_parity.audits.frameworks.expected_failures import DISAGREEMENTS, KnownDisagreement, find_disagreement
from lstm_parity.audits.named import LOADERS
from lstm_parity.implementations.frameworks.registry import FRAMEWORKS, Framework, install_hint
from lstm_parity.implementations.remote import make_worker_server
from lstm_parity.implementations.remote.client import RemoteImplementation
from lstm_parity.implementations.target import Target, TargetError
from lstm_parity.judging.arithmetic import Explanation, explain
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reference.noise.arithmetics import NATIVE, ladder
from lstm_parity.reports.certificate import Row, make_row
from lstm_parity.reports.provenance import collect_provenance
from lstm_parity.running.child_process import ProcessServer
from lstm_parity.running.evidence import Observation
from lstm_parity.running.observe import observe_all

_DTYPES = ("float32", "float64")
_TIME_LIMIT, _MEMORY_LIMIT = (
    120.0,
    64.0,
)  # seconds for a call, compilation included; GiB of addresses, of which most is never used


@dataclass(frozen=True)
class FrameworkRow:
    """What was found in one dtype, in the cases of which one statement speaks, or none.

    wrong: what is not as expected, in words; empty if all is.
    """

    row: Row
    statement: KnownDisagreement | None
    wrong: str


@dataclass(frozen=True)
class FrameworkResult:
    """What became of one framework. missing: why it was not judged at all, else empty."""

    framework: Framework
    versions: str
    judged: tuple[FrameworkRow, ...] = ()
    missing: str = ""

    @property
    def wrong(self) -> list[str]:
        """What is not as expected."""
        seen = {judged.statement for judged in self.judged}
        stated = (s for s in DISAGREEMENTS if self.framework.name in s.frameworks and s not in seen)
        told = f"{self.framework.title}: it ran no case of the known disagreement that it"
        unseen = [f"{told} {s.what}" for s in stated] if self.judged else []
        return unseen + [judged.wrong for judged in self.judged if judged.wrong]


@dataclass(frozen=True)
class FrameworksReport:
    """What became of all of them. demanded: groups that are wrong to be missing."""

    provenance: dict[str, str]
    results: tuple[FrameworkResult, ...]
    demanded: tuple[str, ...] = ()

    @property
    def wrong(self) -> list[str]:
        """Everything that is not as expected, and what is missing though it was demanded."""
        missing = [
            f"{one.framework.title} was not judged: {one.missing}"
            for one in self.results
            if one.missing and one.framework.group in self.demanded
        ]
        return missing + [words for one in self.results for words in one.wrong]


def judge_frameworks(
    demanded: Iterable[str] = (),
    only: Sequence[Framework] = FRAMEWORKS,
    progress: Callable[[str], None] = lambda _: None,
) -> FrameworksReport:
    """Judge every framework that is installed, two at a time: one computes while the other is judged."""

    def result(one: Framework) -> FrameworkResult:
        progress(one.title)
        with make_worker_server() as server, np.errstate(over="ignore"):  # distances from what is plainly wrong
            return _result(one, server)

    with ThreadPoolExecutor(2) as pool:
        return FrameworksReport(collect_provenance(), tuple(pool.map(result, only)), tuple(demanded))


def _read_versions(one: Framework) -> str:
    """Read the versions of its packages. Raises PackageNotFoundError if one is not installed."""
    return ", ".join(f"{package} {version(package)}" for package in one.packages)


def _result(one: Framework, server: ProcessServer) -> FrameworkResult:
    try:
        told = _read_versions(one)
    except PackageNotFoundError as error:
        return FrameworkResult(one, "", missing=f"{error.name} is not installed: {install_hint(one)}")
    target = Target("framework", "", one.name, loader=LOADERS["framework"])
    with RemoteImplementation(target, _TIME_LIMIT, _MEMORY_LIMIT, server) as implementation:
        try:
            implementation.start()
        except TargetError as error:
            return FrameworkResult(one, told, (_make_failed(one, str(error)),))
        dtypes = [dtype for dtype in _DTYPES if dtype not in one.lacks]
        return FrameworkResult(
            one, told, tuple(j for dtype in dtypes for j in _judge_dtypes(one, implementation, dtype))
        )


def _make_failed(one: Framework, words: str) -> FrameworkRow:
    counts = {outcome.value: 0 for outcome in Outcome}
    nothing = Row(one.title, "", Outcome.FAILED, "", None, counts, 0.0, 0.0, {}, {}, (words,), ())
    return FrameworkRow(nothing, None, f"{one.title} is installed, but could not be started: {words}")


def _judge_dtypes(one: Framework, implementation: RemoteImplementation, dtype: str) -> list[FrameworkRow]:
    """Return the verdicts on one dtype, those together of which one statement speaks."""
    groups: dict[KnownDisagreement | None, list[Observation]] = defaultdict(list)
    for observation in observe_all(implementation, framework_cases(one, dtype)):
        groups[find_disagreement(one.name, observation.case)].append(observation)
    return [judge_dtype(one, dtype, stated, observations) for stated, observations in groups.items()]


def judge_dtype(
    one: Framework, dtype: str, stated: KnownDisagreement | None, observations: Sequence[Observation]
) -> FrameworkRow:
    """Cases of which one statement speaks, or none."""
    where, command = f"{one.title}, {dtype}", f"lstm-parity verify --impl framework:{one.name} --strict"
    make = partial(make_row, one.title, dtype, command=command)
    if stated is None:
        found = make(explain(observations))
        return FrameworkRow(found, None, "" if found.outcome is Outcome.PARITY else f"{where}: {_format_reason(found)}")
    native = tuple(judge_all(observations))
    if Explanation(NATIVE[dtype], None, native).parity:
        vanished = f"{where}: the known disagreement that it {stated.what} no longer occurs"
        return FrameworkRow(make(explain(observations)), stated, vanished)
    if stated.arithmetic is None:
        return FrameworkRow(make(Explanation(NATIVE[dtype], None, native)), stated, "")
    expected = next(a for a in ladder(dtype) if a.name == stated.arithmetic)
    found = make(explain(observations, expected))
    unlike = f"{where}: not even in {stated.arithmetic} arithmetic, a known disagreement: {_format_reason(found)}"
    return FrameworkRow(found, stated, "" if found.outcome is Outcome.PARITY else unlike)


def _format_reason(found: Row) -> str:
    return f"{found.outcome.value}, worst {found.worst:.3g} x noise\n" + "\n".join(found.failures)
