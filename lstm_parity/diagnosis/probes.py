"""Probes: a fixed list of small cases on which the known mistakes differ from one another, and from a right LSTM.

Any failing implementation runs them too, so that its mistake can be named: one failing example often fits many.
Chosen by `python -m experiments.probes`: any two that differ anywhere differ on two of these, where two cases show it.
"""

from __future__ import annotations

from collections.abc import Callable

from lstm_parity.cases.case import Case, on_device, parse_case
from lstm_parity.implementations.lives import CalledOften, CalledTwice, FromExpandedStates, InTrainMode, Reloaded
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import Verdict
from lstm_parity.running.evidence import EXPANDED, LATE, OFTEN, RELOADED, TRAINING, TWICE, WHOLE, Observation
from lstm_parity.running.observe import observe_whole
from lstm_parity.running.protocol import Implementation

PROBES: tuple[tuple[str, str], ...] = (
    (WHOLE, "I3-H4-T1-B2-float32-normal-1"),
    (WHOLE, "I3-H4-T1-B2-nostates-float32-normal-1"),
    (WHOLE, "I3-H4-T3-unbatched-float32-normal-1"),
    (WHOLE, "I1-H6-L2-bi-P4-T2-B4-packed1.2.2.2-float32-inference-native-threads2-deterministic-trained-1"),
    (WHOLE, "I3-H130-T3-B2-float32-normal-1"),
    (WHOLE, "I3-H4-T3-B2-float32-native-normal-1"),
    (WHOLE, "I3-H4-T3-B2-float32-normal-1"),
    (TWICE, "I3-H4-T3-B2-float32-normal-1"),
    (LATE, "I3-H4-T3-B2-float32-normal-1"),
    (WHOLE, "I3-H4-T3-B2-float64-normal-1"),
    (TWICE, "I3-H4-T3-B2-nostates-float32-normal-1"),
    (WHOLE, "I3-H5-bi-P3-T3-B2-float32-normal-1"),
    (WHOLE, "I5-H5-bi-bf-T5-unbatched-nostates-strided-float32-grad-native-threads2-non_finite-1"),
    (WHOLE, "I3-H4-bf-T3-B3-float32-normal-1"),
    (WHOLE, "I1-H3-L2-bi-nobias-bf-T4-B4-float64-grad-native-threads1-deterministic-trained-1"),
    (WHOLE, "I3-H4-T4-B3-packed2.4.1-float32-normal-1"),
    (WHOLE, "I4-H4-L3-T3-B2-float32-normal-1"),
    (WHOLE, "I4-H6-L2-bi-bf-T3-B4-strided-bfloat16-native-threads1-non_finite-1"),
    (WHOLE, "I3-H4-T18-B2-float32-normal-1"),
    (WHOLE, "I3-H4-T18-B2-float64-normal-1"),
    (WHOLE, "I3-H3-L2-bi-P1-bf-T6-B4-packed5.3.3.6-strided-float32-grad-threads1-deterministic-one_hot-1"),
    (WHOLE, "I5-H3-L3-nobias-bf-T4-B3-strided-float32-threads1-deterministic-normal-1"),
    (WHOLE, "I32-H32-T3-B2-float64-normal-1"),
    (WHOLE, "I6-H6-L2-T5-B5-nostates-strided-float32-inference-threads1-deterministic-non_finite-1"),
    (WHOLE, "I128-H128-T3-B2-bfloat16-native-normal-2"),
)


_WAYS: dict[str, Callable[[Implementation], Implementation]] = {
    WHOLE: lambda implementation: implementation,
    TWICE: lambda implementation: CalledTwice(implementation, late=False),
    LATE: lambda implementation: CalledTwice(implementation, late=True),
    OFTEN: CalledOften,
    TRAINING: InTrainMode,
    RELOADED: Reloaded,
    EXPANDED: FromExpandedStates,
}


def observe_in(way: str, implementation: Implementation, case: Case) -> Observation:
    """Observe a whole call in one of the ways: at once, again, read late, in train mode, with changed weights ..."""
    return observe_whole(_WAYS[way](implementation), case, way)


def _probe_cases(dtype: str = "float32", device: str = "cpu") -> list[tuple[str, Case]]:
    """Return each probe's way and case; float32 cases, which are most, are drawn in another dtype if one is given."""
    return [(way, on_device(parse_case(name.replace("-float32-", f"-{dtype}-")), device)) for way, name in PROBES]


def run_probes(implementation: Implementation, dtype: str = "float32", device: str = "cpu") -> list[Verdict]:
    """Judge an implementation on all probes, by which `diagnose` distinguishes known mistakes.

    dtype: one that the implementation supports; float32 and float64 distinguish mistakes best.
    """
    return judge_all([observe_in(way, implementation, probed) for way, probed in _probe_cases(dtype, device)])
