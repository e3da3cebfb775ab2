"""Frameworks judged, each in a process of its own, and whether what was found is what is stated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from lstm_parity.audits.frameworks.cases import design
from lstm_parity.audits.frameworks.expected_failures import STATEMENTS, Statement, statement
from lstm_parity.audits.named import LOADERS
from lstm_parity.implementations.frameworks.registry import FRAMEWORKS, Framework, install
from lstm_parity.implementations.remote import server_of_workers
from lstm_parity.implementations.remote.client import Elsewhere
from lstm_parity.implementations.target import Target, TargetError
from lstm_parity.judging.arithmetic import Explanation, explain
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reference.noise.arithmetics import NATIVE, ladder
from lstm_parity.reports.certificate import Row, row
from lstm_parity.reports.provenance import provenance
from lstm_parity.running.child_process import Isolation
from lstm_parity.running.evidence import Observation
from lstm_parity.running.observe import observe_all

DTYPES = ("float32", "float64")
LIMIT, MEMORY = 120.0, 64.0  # seconds for a call, compilation included; GiB of addresses, of which most is never used


@dataclass(frozen=True)
class Judged:
    """What was found in one dtype, in the cases of which one statement speaks, or none.

    wrong: what is not as it is stated, in words; empty where all is.
    """

    row: Row
    statement: Statement | None
    wrong: str


@dataclass(frozen=True)
class Result:
    """What became of one framework. missing: why it was not judged at all, else empty."""

    framework: Framework
    versions: str
    judged: tuple[Judged, ...] = ()
    missing: str = ""

    @property
    def wrong(self) -> list[str]:
        """What is not as it is stated."""
        seen = {judged.statement for judged in self.judged}
        stated = (s for s in STATEMENTS if self.framework.name in s.frameworks and s not in seen)
        told = f"{self.framework.title}: it was asked no case of which it is stated that it"
        unseen = [f"{told} {s.what}" for s in stated] if self.judged else []
        return unseen + [judged.wrong for judged in self.judged if judged.wrong]


@dataclass(frozen=True)
class Report:
    """What became of all of them. demanded: groups that are wrong to be missing."""

    provenance: dict[str, str]
    results: tuple[Result, ...]
    demanded: tuple[str, ...] = ()

    @property
    def wrong(self) -> list[str]:
        """Everything that is not as it is stated, and what is missing though it was demanded."""
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
) -> Report:
    """Judge every framework that is installed, two at a time: one computes while the other is judged."""

    def result(one: Framework) -> Result:
        progress(one.title)
        with server_of_workers() as server, np.errstate(over="ignore"):  # distances from what is plainly wrong
            return _result(one, server)

    with ThreadPoolExecutor(2) as pool:
        return Report(provenance(), tuple(pool.map(result, only)), tuple(demanded))


def versions(one: Framework) -> str:
    """Its packages with their versions. Raises PackageNotFoundError where one is not installed."""
    return ", ".join(f"{package} {version(package)}" for package in one.packages)


def _result(one: Framework, server: Isolation) -> Result:
    try:
        told = versions(one)
    except PackageNotFoundError as error:
        return Result(one, "", missing=f"{error.name} is not installed: {install(one)}")
    target = Target("framework", "", one.name, loader=LOADERS["framework"])
    with Elsewhere(target, LIMIT, MEMORY, server) as implementation:
        try:
            implementation.start()
        except TargetError as error:
            return Result(one, told, (_failed(one, str(error)),))
        dtypes = [dtype for dtype in DTYPES if dtype not in one.lacks]
        return Result(one, told, tuple(j for dtype in dtypes for j in _judged(one, implementation, dtype)))


def _failed(one: Framework, words: str) -> Judged:
    counts = {outcome.value: 0 for outcome in Outcome}
    nothing = Row(one.title, "", Outcome.FAILED, "", None, counts, 0.0, 0.0, {}, {}, (words,), ())
    return Judged(nothing, None, f"{one.title} is installed, but could not be started: {words}")


def _judged(one: Framework, implementation: Elsewhere, dtype: str) -> list[Judged]:
    """The verdicts on one dtype, those together of which one statement speaks."""
    groups: dict[Statement | None, list[Observation]] = defaultdict(list)
    for observation in observe_all(implementation, design(one, dtype)):
        groups[statement(one.name, observation.case)].append(observation)
    return [judged(one, dtype, stated, observations) for stated, observations in groups.items()]


def judged(one: Framework, dtype: str, stated: Statement | None, observations: Sequence[Observation]) -> Judged:
    """Cases of which one statement speaks, or none."""
    where = f"{one.title}, {dtype}"
    if stated is None:
        found = row(one.title, dtype, explain(observations))
        return Judged(found, None, "" if found.outcome is Outcome.PARITY else f"{where}: {_story(found)}")
    native = tuple(judge_all(observations))
    if Explanation(NATIVE[dtype], None, native).parity:
        vanished = f"{where}: it is stated that it {stated.what}, but nothing of that is seen"
        return Judged(row(one.title, dtype, explain(observations)), stated, vanished)
    if stated.arithmetic is None:
        return Judged(row(one.title, dtype, Explanation(NATIVE[dtype], None, native)), stated, "")
    expected = next(a for a in ladder(dtype) if a.name == stated.arithmetic)
    found = row(one.title, dtype, explain(observations, expected))
    unlike = f"{where}: not even in {stated.arithmetic} arithmetic, as is stated: {_story(found)}"
    return Judged(found, stated, "" if found.outcome is Outcome.PARITY else unlike)


def _story(found: Row) -> str:
    return f"{found.outcome.value}, worst {found.worst:.3g} x noise\n" + "\n".join(found.failures)
