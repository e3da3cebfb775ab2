"""What probes of several frameworks share."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_parity.cases.case import parse_case
from lstm_parity.cases.setting import parse_setting
from lstm_parity.implementations.frameworks.adapting import load_adapter
from lstm_parity.judging.forward import judge
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.observe import observe

PADDED = np.array([5, 2, 3, 1], np.int32)


def outcome(framework: str, name: str) -> list[Any]:
    """What the judge says of a framework's run of a case, and the worst distance in noises."""
    verdict = judge(observe(load_adapter(framework), parse_case(name)))
    return [verdict.outcome.value, verdict.worst]


def built(build: Any, words: str, seed: int = 1) -> Any:
    """A run of a setting, its weights, and what to call it with: x, (h, c)."""
    some = parse_case(f"{words}-normal-{seed}")
    dtype = np.dtype(parse_setting(words).runtime.dtype)
    weights: LSTMWeights = some.weights.map(lambda w: w.astype(dtype))
    return (
        build(some.setting, weights),
        weights,
        some.input.astype(dtype),
        (some.h_0.astype(dtype), some.c_0.astype(dtype)),
    )


def on_padding(build: Any, words: str = "I6-H8-T5-B4-float32") -> float:
    """The largest number in a framework's output at steps that a row does not have."""
    run, _, x, states = built(build, words)
    output = np.asarray(run(x, states, PADDED)[0])
    return float(np.abs(output[np.arange(len(x))[:, None] >= PADDED]).max())
