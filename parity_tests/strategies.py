"""Hypothesis strategies: settings and cases, small by default and shrinking to the smallest.

Every axis may be frozen to a value or given a strategy of its own: `cases(num_layers=2, dtype=st.sampled_from(...))`.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from parity.cases import Case, draw
from parity.implementations.protocol import Implementation
from parity.judge import Outcome, judge
from parity.message import demand_parity
from parity.observing import observe
from parity.profiles import PROFILES
from parity.settings import DTYPES, GRAD_MODES, Architecture, Call, Runtime, Setting

AXES: dict[str, st.SearchStrategy[Any]] = {
    "input_size": st.integers(1, 9),
    "hidden_size": st.integers(1, 9),
    "num_layers": st.integers(1, 3),
    "bias": st.booleans(),
    "batch_first": st.booleans(),
    "bidirectional": st.booleans(),
    "projected": st.booleans(),
    "time": st.integers(1, 6),
    "batch": st.none() | st.integers(1, 5),
    "packed": st.booleans(),
    "states": st.booleans(),
    "dtype": st.sampled_from(DTYPES),
    "grad_mode": st.sampled_from(GRAD_MODES),
    "mkldnn": st.booleans(),
    "profile": st.sampled_from(tuple(PROFILES)),
    "seed": st.integers(0, 2**32 - 1),
}


@st.composite
def cases(draw_: st.DrawFn, **axes: Any) -> Case:
    """A case; axes that are named have the value, or are drawn from the strategy, that is given for them."""
    if unknown := axes.keys() - AXES.keys():
        raise TypeError(f"unknown axes {sorted(unknown)}: there are {', '.join(AXES)}")

    def value(name: str) -> Any:
        axis = axes.get(name, AXES[name])
        return draw_(axis) if isinstance(axis, st.SearchStrategy) else axis

    hidden_size, projected = value("hidden_size"), value("projected")
    proj_size = draw_(st.integers(1, hidden_size - 1)) if projected and hidden_size > 1 else 0
    architecture = Architecture(
        value("input_size"), hidden_size, value("num_layers"), value("bias"), value("batch_first"),
        value("bidirectional"), proj_size,
    )  # fmt: skip
    time, batch = value("time"), value("batch")
    lengths = draw_(lengths_of(time, batch)) if batch is not None and value("packed") else None
    call = Call(time, batch, lengths, states=value("states"))
    setting = Setting(architecture, call, Runtime(value("dtype"), "cpu", value("grad_mode"), value("mkldnn")))
    return draw(setting, value("profile"), value("seed"))


@st.composite
def lengths_of(draw_: st.DrawFn, time: int, batch: int) -> tuple[int, ...]:
    """Lengths of a packed batch in any order, the longest equal to `time`."""
    lengths = draw_(st.lists(st.integers(1, time), min_size=batch, max_size=batch))
    lengths[draw_(st.integers(0, batch - 1))] = time
    return tuple(lengths)


def agrees(implementation: Implementation, case: Case) -> bool:
    """True, or NoParityError raised with the whole story; a case that the implementation refuses is drawn again."""
    verdict = judge(observe(implementation, case))
    if verdict.outcome is Outcome.REFUSED:
        raise UnsatisfiedAssumption(verdict.reason)
    demand_parity(verdict)
    return True
