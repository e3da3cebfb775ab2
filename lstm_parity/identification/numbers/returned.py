"""Results that are rounded once, when they are returned: each step is exact, but what is seen of it is narrower.

They are numbers of a narrower type, each the nearest one to what a right LSTM computes. An arithmetic in which states
are kept errs more from step to step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from lstm_parity.identification.connections.change import Change
from lstm_parity.identification.connections.wired import Wired
from lstm_parity.identification.equations import usual_equations
from lstm_parity.identification.model import Identification
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.evidence import TENSORS

if TYPE_CHECKING:
    from lstm_parity.identification.numbers.given import Given

_TYPES = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float8 e4m3": torch.float8_e4m3fn,
    "float8 e5m2": torch.float8_e5m2,
}
_FEWEST = 12  # numbers, and as many different ones


def find_rounded(cases: Sequence[Given]) -> Identification | None:
    """Find which results are rounded when they are returned, in all cases alike; None if that is not what they show.

    If all of them are and no case has two steps, states that are kept so would look the same.
    """
    for words, dtype in _TYPES.items():
        names = set.intersection(*({n for n, one in case.results.items() if _is_of(one, dtype)} for case in cases))
        is_said = any(len(case.x) > 1 or set(case.results) > names for case in cases)
        if names and is_said and all(_is_nearest(case, names, dtype) for case in cases):
            *first, last = (name for name in TENSORS if name in names)
            said = f"{', '.join(first)} and {last} are" if first else f"{last} is"
            text = f"{said} rounded to {words} when {'they are' if first else 'it is'} returned"
            return Identification(usual_equations(), (Change(text, "parts", lambda parts, place, n, d: parts),))
    return None


def _is_of(numbers: Array, dtype: torch.dtype) -> bool:
    """Whether enough different numbers are all of a type."""
    kept = torch.from_numpy(np.ascontiguousarray(numbers, np.float64)).to(dtype).to(torch.float64).numpy()
    return bool((kept == numbers).all()) and len(np.unique(numbers)) >= min(_FEWEST, numbers.size) > 1


def _is_nearest(case: Given, names: set[str], dtype: torch.dtype) -> bool:
    """Whether results of these names are as near to those of a right LSTM as numbers of a type can be, others equal."""
    found, info = case.compute(Wired(usual_equations())), torch.finfo(dtype)
    if found is None:
        return False
    for name, wanted in case.results.items():
        size = np.maximum(np.maximum(np.abs(wanted), np.abs(found[name])), info.smallest_normal)
        half = 0.5 * info.eps * np.exp2(np.floor(np.log2(size)))
        if not case.find_near(name, found[name], more=half if name in names else 0.0).all():
            return False
    return True
