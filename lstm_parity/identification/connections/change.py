"""One connection of an LSTM that is not nn.LSTM's, and the places and steps at which it may differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from lstm_parity.identification.sums import PARAMETERS
from lstm_parity.identification.transforms import Transform
from lstm_parity.reference.noise.model import Array

Place = tuple[int, int]  # a layer and a direction, 0 forward and 1 reverse
States = tuple[Array, Array]  # h and c
Holds = Callable[[Place, int, int], bool]

SCOPES: Mapping[str, Holds] = {
    "": lambda p, n, d: True,
    " in the reverse direction": lambda p, n, d: p[1] == 1,
    " in the forward direction": lambda p, n, d: p[1] == 0,
    " in layers after the first": lambda p, n, d: p[0] > 0,
    " in the last layer": lambda p, n, d: p[0] == n - 1,
    " in the first layer": lambda p, n, d: p[0] == 0,
    " in reverse in the last layer": lambda p, n, d: p == (n - 1, 1),
    " in reverse in the first layer": lambda p, n, d: p == (0, 1),
    " in reverse after the first layer": lambda p, n, d: p[0] > 0 and p[1] == 1,
    " forward in the last layer": lambda p, n, d: p == (n - 1, 0),
    " forward in the first layer": lambda p, n, d: p == (0, 0),
}
WHEN: Mapping[str, Callable[[int, int], bool]] = {  # k of n steps
    "before every step after the first": lambda k, n: k > 0,
    "before every step": lambda k, n: True,
    "before every second step": lambda k, n: k % 2 == 1,
    "before every second step, from the third on": lambda k, n: k % 2 == 0 and k > 0,
    "halfway": lambda k, n: k == n // 2 and k > 0,
    "before the last step": lambda k, n: k == n - 1 and k > 0,
    "before the second step": lambda k, n: k == 1,
}
WHICH: Mapping[str, tuple[bool, bool]] = {"h": (True, False), "c": (False, True), "h and c": (True, True)}


def _is_at_every(every: int, first: int, k: int, n: int) -> bool:
    return k >= first and (k - first) % every == 0


_NUMBERS = {3: "third", 4: "fourth"}
RARE_WHEN: Mapping[str, Callable[[int, int], bool]] = {
    f"before every {word} step, from step {first + 1} on": partial(_is_at_every, every, first)
    for every, word in _NUMBERS.items()
    for first in range(1, every + 1)
}


def change_between(
    transform: Transform, of_h: bool, of_c: bool, at: Callable[[int, int], bool]
) -> Callable[..., States]:
    """Return what changes h, c or both before some steps: at(k, n), step k of n."""

    def between(h: Array, c: Array, k: int, n: int) -> States:
        return transform(h) if of_h and at(k, n) else h, transform(c) if of_c and at(k, n) else c

    return between


@dataclass(frozen=True)
class Change:
    """One connection that is not nn.LSTM's: in words, and the function that replaces it."""

    text: str
    seam: str
    function: Callable[..., Any]

    @property
    def is_common(self) -> bool:
        """Whether it is one of those of which two are often made at once."""
        words = (
            "other order",
            "exchanged",
            "taken as zero",
            "directions before layers",
            "added",
            "late, zeros",
            "is zero",
        )
        plain = self.seam in ("h_0 and c_0", "h_0", "c_0", "fed", "backwards", "h_n of", "result", *PARAMETERS)
        return plain or any(word in self.text for word in words)

    @cached_property
    def stem(self) -> str:
        """What is changed, without where."""
        return min((self.text.removesuffix(scope) for scope in SCOPES), key=len)

    @cached_property
    def kind(self) -> str:
        """What is done, without to what."""
        return self.stem.partition(" ")[2]
