"""Probes: a fixed list of small cases on which the known mistakes differ from one another, and from a right LSTM.

Whatever fails anywhere is run on them too, so that its mistake can be named: a failing example alone often fits many.
Chosen by `python -m experiments.diagnosis`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from parity.cases import Case, case
from parity.implementations.protocol import LSTM, Implementation
from parity.judge import Verdict, judge_all
from parity.observing import LATE, TWICE, WHOLE, Observation, observe
from parity.settings import Setting
from reference.weights import LSTMWeights

PROBES: tuple[tuple[str, str], ...] = ((WHOLE, "I3-H4-T3-B2-float32-normal-1"),)


@dataclass(frozen=True)
class CalledTwice:
    """An implementation called twice with the very same tensors: what the second call returns, or the first, late.

    A state that is kept shows in the second call, and so do arguments that were written into. What the first returned
    is read when the second is over: it must not have changed.
    """

    implementation: Implementation
    late: bool

    @property
    def name(self) -> str:
        """The implementation's own."""
        return self.implementation.name

    def refuses(self, setting: Setting) -> str | None:
        """What the implementation refuses."""
        return self.implementation.refuses(setting)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """A call that is two calls."""
        lstm = self.implementation.load(setting, weights)

        def twice(input: Any, hx: Any) -> Any:
            first = lstm(input, hx)
            second = lstm(input, hx)
            return first if self.late else second

        return twice


WAYS: dict[str, Callable[[Implementation], Implementation]] = {
    WHOLE: lambda implementation: implementation,
    TWICE: lambda implementation: CalledTwice(implementation, late=False),
    LATE: lambda implementation: CalledTwice(implementation, late=True),
}


def observe_in(way: str, implementation: Implementation, case: Case) -> Observation:
    """The whole call, observed in one of the ways: at once, the second of two, or the first of two, read late."""
    seen = observe(WAYS[way](implementation), case, chain=False)
    return replace(seen, evidence=tuple(replace(evidence, way=way) for evidence in seen.evidence))


def probe_cases(dtype: str = "float32") -> list[tuple[str, Case]]:
    """Each probe's way and case; those in float32, which are most, are drawn in another dtype where one is given."""
    return [(way, case(name.replace("-float32-", f"-{dtype}-"))) for way, name in PROBES]


def probe(implementation: Implementation, dtype: str = "float32") -> list[Verdict]:
    """The verdicts of an implementation on all probes, which `diagnose` can tell known mistakes apart by.

    dtype: one that the implementation supports; in float32 and float64 mistakes are told apart best.
    """
    return judge_all([observe_in(way, implementation, probed) for way, probed in probe_cases(dtype)])
