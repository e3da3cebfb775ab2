"""The arithmetic that an implementation works in, measured before it is judged: a style is not a bug.

A loop over columns in bfloat16 rounds every sum, and `1 / (1 + exp(-z))` is accurate absolutely, not relatively: both
are correct LSTMs, though torch's own kernels are more accurate. What is measured on a few calls has to hold in every
other one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, ClassVar

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.covering import AXES, setting_at
from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.wrapped import Wrapped
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic, of_dtype
from lstm_parity.running.evidence import Observation
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation, own_arithmetic

_FIRST_CALLS = {  # tried in turn until one is supported
    "form": ("batched", "unbatched", "packed"),
    "states": (True, False),
    "batch_first": (False, True),
    "num_layers": (1, 2, 3),
    "bias": (True, False),
    "bidirectional": (False, True),
    "projection": (False, True),
    "sizes": ("distinct", "one"),
}
_SAMPLE: tuple[dict[str, Any], ...] = (  # what the first call is changed to: where the arithmetics differ
    *({"profile": profile} for profile in ("normal", "trained", "memory", "tiny", "x10", "saturating", "sparse")),
    {"sizes": "B=T", "profile": "saturating"},
    {"sizes": "wide"},
    {"sizes": "wide", "profile": "trained"},
    {"sizes": "I2-H31-T65-B2", "profile": "trained"},
    {"sizes": "I100-H100-T3-B33"},
    {"sizes": "I6-H512-T3-B4", "profile": "trained"},
    {"num_layers": 3, "states": False},
    *({"sizes": "wide", "states": False, "bias": False, "profile": p} for p in ("normal", "memory", "x10", "sparse")),
    {"sizes": "wide", "num_layers": 3, "states": False, "bias": False},
    *({"num_layers": 3, "states": False, "bias": False, "profile": p} for p in ("x10", "saturating")),
    *({"sizes": "wide", "num_layers": 2, "profile": p} for p in ("x10", "saturating")),
    {"sizes": "wide", "num_layers": 3, "bidirectional": True, "bias": False, "profile": "saturating"},
)
_USUAL = 1.7  # noises: no correct LSTM was ever farther in its own arithmetic, experiments/false_alarms.md


def find_first_call(
    implementation: Implementation, dtype: str, device: str = "cpu"
) -> tuple[dict[str, Any] | None, list[Observation]]:
    """Find the plainest call that is supported, as a point of the lattice, and the calls that were refused before it.

    None if every plain call is refused.
    """
    refused = list[Observation]()
    for values in product(*_FIRST_CALLS.values()):
        point = {name: choices[0] for name, choices in AXES.items()} | {"dtype": dtype, "device": device}
        point |= dict(zip(_FIRST_CALLS, values, strict=True))
        if (found := observe_at(implementation, point)).refused is None:
            return point, refused
        refused.append(found)
    return None, refused


def observe_at(implementation: Implementation, point: dict[str, Any], chain: bool | None = False) -> Observation:
    """Run the whole call of a point of the lattice; the chain too on request, or for None as `observe` does."""
    return observe(implementation, draw_case(setting_at(point), point.get("profile", "normal"), 1), chain=chain)


def measure_arithmetic(implementation: Implementation, dtype: str, device: str = "cpu") -> Arithmetic:
    """Return the tightest arithmetic of the dtype in which an implementation agrees on a few calls.

    The dtype's native one if there is none: all that deviates is a bug, or a narrower arithmetic.
    """
    first, _ = find_first_call(implementation, dtype, device)
    if first is None:
        return NATIVE[dtype]
    seen = [observe_at(implementation, first | {"profile": "normal"} | changes, None) for changes in _SAMPLE]
    seen.append(observe(implementation, _saturate(draw_case(setting_at(first), "normal", 1))))
    run = [observation for observation in seen if observation.evidence]
    agreeing = list[Arithmetic]()
    for arithmetic in of_dtype(dtype) if run else ():
        verdicts = judge_all(run, arithmetic)
        if any(verdict.outcome is Outcome.DEVIATES for verdict in verdicts):
            continue
        if max(verdict.worst for verdict in verdicts) <= _USUAL:
            return arithmetic
        agreeing.append(arithmetic)
    return agreeing[0] if agreeing else NATIVE[dtype]


def _saturate(case: Case) -> Case:
    """Return a case whose gates are far beyond where exp overflows, or where a clamp lies."""
    return replace(case, weights=case.weights.map(lambda w: 1024.0 * w))


@dataclass(frozen=True)
class InOwnArithmetic(Wrapped):
    """An implementation judged in the arithmetic of the dtype that it is measured to work in, once for each dtype.

    One that declares an arithmetic is judged in that.
    """

    is_lenient: ClassVar[bool] = True
    measured: dict[tuple[str, str], Arithmetic] = field(default_factory=dict, repr=False)

    def arithmetic(self, setting: Setting) -> Arithmetic | None:
        """Return the declared arithmetic, or the measured one."""
        if (declared := own_arithmetic(self.implementation, setting)) is not None:
            return declared
        key = setting.runtime.dtype, setting.runtime.device
        if key not in self.measured:
            self.measured[key] = measure_arithmetic(self.implementation, *key)
        return self.measured[key]
