"""What was computed of the same numbers before: the last few results of one large layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from lstm_parity.reference.noise.model import Noisy

_KEPT = 8  # calls of one layer
_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Memory:
    """Keeps the last few results, each with the numbers that it is of."""

    known: list[tuple[tuple[Any, ...], Any]] = field(default_factory=list, repr=False)

    def recall(self, question: tuple[Any, ...], compute: Callable[[], _T]) -> _T:
        """Return what was computed of the same numbers, if it is among the last few; else compute it, and keep it."""
        for asked, result in tuple(self.known):
            if all(map(_is_same, asked, question)):
                return result  # type: ignore[no-any-return]
        result = compute()
        self.known.append((question, result))
        del self.known[:-_KEPT]
        return result


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, Noisy):
        return _is_same(one.value, other.value) and _is_same(one.noise, other.noise)
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return bool(one == other)
