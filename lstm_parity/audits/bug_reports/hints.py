"""What may be the cause of a deviation that has no name: nothing that was found, but what to look at first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lstm_parity.judging.forward import judge_trajectory
from lstm_parity.judging.verdict import WORST_LIMIT, Outcome, TensorComparison, Verdict
from lstm_parity.running.evidence import TENSORS


def suggest_causes(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield sentences on what fits the place of the deviations."""
    wrong = [verdict for verdict in verdicts if verdict.outcome is Outcome.DEVIATES]
    measured = [{one.tensor: one for one in judge_trajectory(verdict)} for verdict in wrong]
    if wrong and all(_begins_between_layers(v, found) for v, found in zip(wrong, measured, strict=True)):
        yield (
            "perhaps: layer 0 agrees and the layers above it do not, as if dropout were on between the layers: "
            "compare in eval mode, or with dropout=0"
        )


def _begins_between_layers(verdict: Verdict, measured: dict[str, TensorComparison]) -> bool:
    """Whether the first layer's last states agree, and those of every layer above deviate."""
    a = verdict.case.setting.architecture
    if a.num_layers < 2 or not any(name in measured for name in TENSORS[1:]):
        return False
    states = [measured[name].ratio for name in TENSORS[1:] if name in measured]
    if any(len(ratio) != a.num_layers * a.num_directions for ratio in states):
        return False
    beyond = [np.max(ratio.reshape(a.num_layers, -1), 1) > WORST_LIMIT for ratio in states]
    return all(not one[0] and bool(one[1:].all()) for one in beyond)
