"""Where a fault may show: predicates on cases with a description; outside its scope a mistake is a correct LSTM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.cases.features import FEATURES as FEATURE_TABLE
from lstm_parity.cases.setting import Architecture, Call, Runtime


@dataclass(frozen=True)
class Scope:
    """The cases of which `holds` is true: those in which a fault may show, though it need not."""

    description: str
    holds: Callable[[Case], bool]

    def __and__(self, other: Scope) -> Scope:
        """The cases of both."""
        return Scope(f"{self.description}, {other.description}", lambda case: self.holds(case) and other.holds(case))

    def __or__(self, other: Scope) -> Scope:
        """The cases of either."""
        return Scope(f"{self.description} or {other.description}", lambda case: self.holds(case) or other.holds(case))


def _feature(name: str) -> Scope:
    feature = FEATURE_TABLE[name]
    return Scope(feature.noun, lambda case: feature.holds(case.setting))


def _architecture(says: str, holds: Callable[[Architecture], bool]) -> Scope:
    return Scope(says, lambda case: holds(case.setting.architecture))


def _call(says: str, holds: Callable[[Call], bool]) -> Scope:
    return Scope(says, lambda case: holds(case.setting.call))


def _runtime(says: str, holds: Callable[[Runtime], bool]) -> Scope:
    return Scope(says, lambda case: holds(case.setting.runtime))


def _is_chained(case: Case) -> bool:
    """Whether the case is judged step by step too, each step from given states: see `running/observe.py`."""
    return case.setting.architecture.num_layers > 1 and case.setting.call.time > 1


def _descending(call: Call) -> bool:
    return call.lengths is None or all(a > b for a, b in zip(call.lengths, call.lengths[1:], strict=False))


def _finite(case: Case) -> bool:
    arrays = (case.input, case.h_0, case.c_0, *(w for _, w in case.weights.items()))
    return all(bool(np.isfinite(array).all()) for array in arrays)


def _reads_what_it_gives(a: Architecture) -> bool:
    return a.num_layers > 1 or a.input_size == a.num_directions * a.output_size


EVERYWHERE = Scope("anywhere", lambda case: True)
NOWHERE = Scope("in no single call's numbers", lambda case: False)

LAYERS = _feature("layers")
DIRECTIONS = _feature("bidirectional")
BIAS = _feature("bias")
NO_BIAS = _feature("no-bias")
PROJECTION = _feature("projection")
NO_PROJECTION = _feature("no projection")
BATCH_FIRST = _feature("batch_first")
FEATURES = _architecture("several input features", lambda a: a.input_size > 1)
HIDDEN_UNITS = _architecture("several hidden units", lambda a: a.hidden_size > 1)
UNITS = _architecture("several units", lambda a: a.output_size > 1)
WIDE = _architecture("more than 128 units", lambda a: a.output_size > 128)
SEVERAL_STATES = _architecture("several layers or directions", lambda a: a.num_layers * a.num_directions > 1)
SAME_WIDTH = _architecture("a layer as wide as what it reads", _reads_what_it_gives)

STEPS = _feature("steps")
LONG = _feature("many steps")
ROWS = _feature("batches")
UNBATCHED = _feature("unbatched")
_PACKED = _feature("packed")
LENGTHS = _feature("lengths")
UNSORTED = _call("packed rows that are not longest first", lambda c: not _descending(c))
STRIDED = _feature("strided")
NO_STATES = _feature("no-states")
STATES = Scope("initial states", lambda case: case.setting.call.states or _is_chained(case))
FED_BACK = STEPS | STATES

GRAD = _feature("grad")
ONEDNN = _feature("oneDNN")
THREADS = _runtime("several threads", lambda r: r.threads != 1)
DETERMINISTIC = _runtime("deterministic algorithms", lambda r: r.deterministic)

NON_FINITE = Scope("numbers that are not finite", lambda case: not _finite(case))
AS_MANY_STATES_AS_ROWS = Scope(
    "as many rows as layers and directions", lambda case: len(case.h_0) == case.setting.call.rows
)
