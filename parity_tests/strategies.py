"""Hypothesis strategies: settings and cases, small by default and shrinking to the smallest.

Every axis may be given a value or a strategy of its own: `cases(num_layers=2, dtype=st.sampled_from(...))`. The axis
`sizes` makes two sizes coincide on purpose, or one of them large, where the test leaves that size open.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.profiles import PROFILES
from lstm_parity.cases.setting import DTYPES, GRAD_MODES, Architecture, Call, Runtime, Setting
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.reports.failure import require_parity
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation

# The simplest value of an axis stands first; what stands more than once is drawn more often.
CHOICES: dict[str, tuple[Any, ...]] = {
    "num_layers": (1, 2, 3),
    "bias": (True, False),
    "batch_first": (False, True),
    "bidirectional": (False, True),
    "projected": (False, True),
    "batch": (1, 2, 3, 4, 5, None),
    "sizes": ("any", "any", "any", "any", "I=H", "B=T", "B=H", "B=L*D", "wide", "long"),
    "packed": (False, True),
    "states": (True, False),
    "strided": (False, True),
    "dtype": DTYPES,
    "grad_mode": GRAD_MODES,
    "mkldnn": (True, False),
    "threads": (1, 1, 1, 1, 1, 1, 1, 2),  # two wait for one another where others want the cores
    "deterministic": (False, True),
    "profile": tuple(PROFILES),
}
AXES: dict[str, st.SearchStrategy[Any]] = {
    "input_size": st.integers(1, 9),
    "hidden_size": st.integers(1, 9),
    "time": st.integers(1, 6),
    "seed": st.integers(0, 2**32 - 1),
    **{name: st.sampled_from(choices) for name, choices in CHOICES.items()},
}
_FROZEN: dict[str, Any] = {}
_DEVICE = {"device": "cpu"}


def compute_on(device: str) -> None:
    """From here on cases are drawn for this device, in all tests but those that ask for one themselves."""
    _DEVICE["device"] = device


@contextmanager
def frozen(**axes: Any) -> Iterator[None]:
    """All cases with these values, whatever a test asks for: how the meta-tests find out whether an axis is live."""
    _FROZEN.update(axes)
    try:
        yield
    finally:
        _FROZEN.clear()


@st.composite
def cases(draw_: st.DrawFn, **axes: Any) -> Case:
    """A case; axes that are named have the value, or are drawn from the strategy, that is given for them."""
    if unknown := axes.keys() - AXES.keys() - _DEVICE.keys():
        raise TypeError(f"unknown axes {sorted(unknown)}: there are {', '.join(AXES)}")
    chosen = {**_DEVICE, **AXES, **axes, **_FROZEN}
    values = {name: draw_(v) if isinstance(v, st.SearchStrategy) else v for name, v in chosen.items()}
    fixed = axes.keys() | _FROZEN.keys() | _DEVICE.keys()
    _spread(values, fixed)
    _coincide(values, fixed, draw_)
    values["proj_size"] = 0
    if values["projected"] and values["hidden_size"] > 1:
        values["proj_size"] = draw_(st.integers(1, values["hidden_size"] - 1))
    time, batch = values["time"], values["batch"]
    lengths = draw_(lengths_of(time, batch)) if batch is not None and values["packed"] else None
    call = Call(time, batch, lengths, states=values["states"], strided=values["strided"])
    return draw_case(
        Setting(_made(Architecture, values), call, _made(Runtime, values)), values["profile"], values["seed"]
    )


def _spread(values: dict[str, Any], fixed: set[str]) -> None:
    """Move every choice on by what the seed says; seed 0 moves none, so that shrinking ends with the simplest.

    Hypothesis draws the same choices again and again, in bunches, so that others are never drawn; seeds it varies.
    """
    mixed = values["seed"] * 0x9E3779B97F4A7C15 % 2**64
    for name, choices in CHOICES.items():
        mixed, moved = divmod(mixed, len(choices))
        if name not in fixed:
            values[name] = choices[(choices.index(values[name]) + moved) % len(choices)]


def _made(kind: Any, values: dict[str, Any]) -> Any:
    """An architecture or a runtime, from the values that are named like its fields."""
    return kind(**{name: values[name] for name in kind.__dataclass_fields__ if name in values})


def _coincide(values: dict[str, Any], fixed: set[str], draw_: st.DrawFn) -> None:
    """Set one size that is not fixed as the axis `sizes` says."""
    layers = values["num_layers"] * (1 + values["bidirectional"])
    wishes = {
        "I=H": (("input_size", values["hidden_size"]), ("hidden_size", values["input_size"])),
        "B=T": (("batch", values["time"]), ("time", values["batch"])),
        "B=H": (("batch", values["hidden_size"]), ("hidden_size", values["batch"])),
        "B=L*D": (("batch", layers),),
        "wide": (("hidden_size", st.integers(129, 140)),),
        "long": (("time", st.integers(16, 24)),),
    }.get(values["sizes"], ())
    for name, wish in wishes:
        if name not in fixed and wish is not None:
            values[name] = draw_(wish) if isinstance(wish, st.SearchStrategy) else wish
            return


@st.composite
def lengths_of(draw_: st.DrawFn, time: int, batch: int) -> tuple[int, ...]:
    """Lengths of a packed batch in any order, the longest equal to `time`."""
    lengths = draw_(st.lists(st.integers(1, time), min_size=batch, max_size=batch))
    lengths[draw_(st.integers(0, batch - 1))] = time
    return tuple(lengths)


def agrees(implementation: Implementation, case: Case) -> bool:
    """True, or ParityError raised with the whole story; a case that the implementation refuses is drawn again."""
    return holds(judge(observe(implementation, case)))


def holds(verdict: Verdict) -> bool:
    """The same of a verdict that is there already."""
    if verdict.outcome is Outcome.REFUSED:
        raise UnsatisfiedAssumption(verdict.reason)
    require_parity(verdict)
    return True
