"""Results that are rounded once, when they are returned: each step is exact, but what is seen of it is narrower.

They are numbers of a narrower type or of a grid, as integers with a scale are, each what a right LSTM's number is
rounded to. An arithmetic in which states are kept errs more from step to step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from lstm_parity.identification.connections.change import Change
from lstm_parity.identification.connections.wired import Wired
from lstm_parity.identification.curves.grids import find_step, write_step
from lstm_parity.identification.equations import usual_equations
from lstm_parity.identification.model import Identification
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.evidence import TENSORS

if TYPE_CHECKING:
    from lstm_parity.identification.numbers.given import Given

_TYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float8 e4m3": torch.float8_e4m3fn,
    "float8 e5m2": torch.float8_e5m2,
}
_SHARES = {  # of a step, by which an exact number may have been below and above the one that it is rounded to
    "rounded to": (0.5, 0.5),
    "rounded down to": (0.0, 1.0),
}
_FEWEST = 12  # numbers, and as many different ones
_SLACK = 1.0 + 1e-3  # of a step, which is found in float32 numbers


def find_rounded(cases: Sequence[Given]) -> Identification | None:
    """Find which results are rounded when they are returned, in all cases alike; None if that is not what they show.

    If all of them are and no case has two steps, states that are kept so would look the same.
    """
    found = [case.compute(Wired(usual_equations())) for case in cases]
    for words, find in _list_kinds():
        kinds = [{name: kind for name, one in case.results.items() if (kind := find(one))} for case in cases]
        names = set.intersection(*map(set, kinds))
        is_said = any(len(case.x) > 1 or set(case.results) > names for case in cases)
        triples = list(zip(cases, found, kinds, strict=True))
        if names and is_said and all(_is_rounded(case, right, kind, names) for case, right, kind in triples):
            *first, last = (name for name in TENSORS if name in names)
            said = f"{', '.join(first)} and {last} are" if first else f"{last} is"
            to = " and ".join(dict.fromkeys(kinds[0][name].words for name in TENSORS if name in names))
            text = f"{said} {words} {to} when {'they are' if first else 'it is'} returned"
            return Identification(usual_equations(), (Change(text, "parts", lambda parts, place, n, d: parts),))
    return None


@dataclass(frozen=True, eq=False)
class _Kind:
    """What numbers are rounded to: in words, and how far below and above a number (of any shape) one may have been."""

    words: str
    reach: Callable[[Array], tuple[Array, Array]]


_Find = Callable[[Array], "_Kind | None"]


def _list_kinds() -> Iterator[tuple[str, _Find]]:
    """Yield what numbers may be rounded to, with the verb."""
    for words, dtype in _TYPES.items():
        yield "rounded to", partial(_find_type, words, dtype)
    for verb, shares in _SHARES.items():
        yield verb, partial(_find_grid, shares)


def _find_type(words: str, dtype: torch.dtype, numbers: Array) -> _Kind | None:
    """Return a type, if enough different numbers are all of it."""
    kept = torch.from_numpy(np.ascontiguousarray(numbers, np.float64)).to(dtype).to(torch.float64).numpy()
    if (kept != numbers).any() or not len(np.unique(numbers)) >= min(_FEWEST, numbers.size) > 1:
        return None
    info = torch.finfo(dtype)

    def reach(numbers: Array) -> tuple[Array, Array]:
        half = 0.5 * info.eps * np.exp2(np.floor(np.log2(np.maximum(np.abs(numbers), info.smallest_normal))))
        return half, half

    return _Kind(words, reach)


def _find_grid(shares: tuple[float, float], numbers: Array) -> _Kind | None:
    """Return a grid through 0 or through the smallest number, if all are on it."""
    for origin, beside in ((0.0, ""), (float(numbers.min()), ", counted from the smallest of them,")):
        if (step := find_step(numbers - origin)) is not None:
            below, above = (np.asarray(share * step * _SLACK) for share in shares)
            return _Kind(f"multiples of {write_step(step)}{beside}", partial(_reach_evenly, below, above))
    return None


def _reach_evenly(below: Array, above: Array, numbers: Array) -> tuple[Array, Array]:
    return below, above


def _is_rounded(case: Given, right: Mapping[str, Array] | None, kinds: Mapping[str, _Kind], names: set[str]) -> bool:
    """Whether results of these names are what those of a right LSTM are rounded to, and others the same."""
    if right is None:
        return False
    for name, wanted in case.results.items():
        exact, more = right[name], np.zeros(())
        if name in names and exact.shape == wanted.shape:
            below, above = kinds[name].reach(np.maximum(np.abs(wanted), np.abs(exact)))
            more = np.where(exact < wanted, below, above)
        if not case.find_near(name, exact, more=more).all():
            return False
    return True
