"""The connections of an LSTM that people make otherwise, each with a name in words.

n and d are the numbers of layers and directions of an LSTM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_parity.identification.sums import PARAMETERS
from lstm_parity.reference.noise.model import Array

Place = tuple[int, int]  # a layer and a direction, 0 forward and 1 reverse


@dataclass(frozen=True)
class Change:
    """One connection that is not nn.LSTM's: in words, and the function that replaces it."""

    text: str
    seam: str
    function: Callable[..., Any]


def _other_places() -> list[tuple[str, Callable[[Place, int, int], Place]]]:
    return [
        ("of layer 0", lambda p, n, d: (0, p[1])),
        ("of the last layer", lambda p, n, d: (n - 1, p[1])),
        ("of the forward direction", lambda p, n, d: (p[0], 0)),
        ("of the other direction", lambda p, n, d: (p[0], d - 1 - p[1])),
        ("of layer 0, forward", lambda p, n, d: (0, 0)),
        ("in the order of directions before layers", lambda p, n, d: divmod(p[1] * n + p[0], d)),
        ("of the layer counted from the top", lambda p, n, d: (n - 1 - p[0], p[1])),
    ]


def _scopes() -> list[tuple[str, Callable[[Place, int, int], bool]]]:
    return [
        ("", lambda p, n, d: True),
        (" in the reverse direction", lambda p, n, d: p[1] == 1),
        (" in the forward direction", lambda p, n, d: p[1] == 0),
        (" in layers after the first", lambda p, n, d: p[0] > 0),
        (" in the last layer", lambda p, n, d: p[0] == n - 1),
        (" in the first layer", lambda p, n, d: p[0] == 0),
        (" in reverse in the last layer", lambda p, n, d: p == (n - 1, 1)),
        (" in reverse in the first layer", lambda p, n, d: p == (0, 1)),
        (" in reverse after the first layer", lambda p, n, d: p[0] > 0 and p[1] == 1),
    ]


_FED: Mapping[str, Callable[[Sequence[Array]], Array]] = {
    "reads the two halves of the layer below exchanged": lambda halves: np.concatenate(halves[::-1], -1),
    "reads the forward half twice": lambda halves: np.concatenate([halves[0]] * len(halves), -1),
    "reads the reverse half twice": lambda halves: np.concatenate([halves[-1]] * len(halves), -1),
    "reads the mean of both halves twice": lambda halves: np.concatenate([np.mean(halves, 0)] * len(halves), -1),
    "reads the sum of both halves twice": lambda halves: np.concatenate([np.sum(halves, 0)] * len(halves), -1),
    "reads the halves interleaved": lambda halves: np.stack(halves, -1).reshape(*halves[0].shape[:-1], -1),
}
_BETWEEN: Mapping[str, Callable[[Array, Array, int, int], tuple[Array, Array]]] = {
    "h is zero before every step after the first": lambda h, c, k, n: (h * (k == 0), c),
    "c is zero before every step after the first": lambda h, c, k, n: (h, c * (k == 0)),
    "h and c are zero before every step after the first": lambda h, c, k, n: (h * (k == 0), c * (k == 0)),
    "h and c are set to zero halfway": lambda h, c, k, n: (h, c) if k != n // 2 or not k else (0 * h, 0 * c),
    "h is set to zero halfway": lambda h, c, k, n: (h, c) if k != n // 2 or not k else (0 * h, c),
    "c is set to zero halfway": lambda h, c, k, n: (h, c) if k != n // 2 or not k else (h, 0 * c),
}


def known_changes() -> Iterator[Change]:
    """Yield every change of one connection that is tried, the most common first."""
    yield from _of_weights()
    yield from _of_states()
    yield from _of_inputs_and_time()
    yield from _of_results()


def _of_weights() -> Iterator[Change]:
    for name in ("weights", *PARAMETERS):
        for words, other in _other_places():
            for scope, holds in _scopes()[:4]:
                yield Change(
                    f"{name} {'are those' if name == 'weights' else 'is that'} {words}{scope}",
                    name,
                    _within(other, holds),
                )


def _of_states() -> Iterator[Change]:
    for name in ("h_0", "c_0"):
        for words, other in _other_places():
            for scope, holds in _scopes()[:5]:
                yield Change(f"{name} is that {words}{scope}", name, _within(other, holds))
        for scope, holds in _scopes():
            yield Change(f"{name} is taken as zero{scope}", name, _within(lambda p, n, d: None, holds))


def _of_inputs_and_time() -> Iterator[Change]:
    for words, fed in _FED.items():
        for scope, number in (("", None), ("the forward direction ", 0), ("the reverse direction ", 1)):
            yield Change(f"a layer {words}" if number is None else f"{scope}{words}", "fed", _fed(fed, number))
    for scope, holds in _scopes():
        yield Change(f"steps run in the other order{scope}", "backwards", _negated(holds))
        yield Change(f"outputs lie in the other order of time{scope}", "turned", holds)
    for words, between in _BETWEEN.items():
        yield Change(words, "between", between)
    for words, layer in (("every layer", None), ("the first layer", 0), ("the layers after the first", 1)):
        for first in ("zeros", "itself"):
            yield Change(f"{words} reads its input one step late, {first} at first", "read", _delayed(layer, first))


def _of_results() -> Iterator[Change]:
    yield Change("rows of the batch start from states in the other order", "first rows", lambda state: state[:, ::-1])
    yield Change("all rows start from the states of row 0", "first rows", lambda state: 0 * state + state[:, :1])
    yield Change("a layer's input is added to its output", "added", _added)
    yield Change("output is that of the first layer", "result", lambda layers: np.concatenate(layers[1], -1))
    yield Change(
        "output has the two directions exchanged", "result", lambda layers: np.concatenate(layers[-1][::-1], -1)
    )
    yield Change(
        "output has the two directions interleaved",
        "result",
        lambda layers: _FED["reads the halves interleaved"](layers[-1]),
    )
    yield Change(
        "h_n is the output at the last time, in both directions", "h_n of", lambda h, outputs, place: outputs[-1]
    )
    yield Change("h_n is the output at the first time", "h_n of", lambda h, outputs, place: outputs[0])
    for name in ("h_n", "c_n"):
        for words, order in _orders().items():
            yield Change(f"{name} {words}", name, order)


def _orders() -> dict[str, Callable[[Array, int, int], Array]]:
    def by_direction(s: Array, n: int, d: int) -> Array:
        return np.asarray(s.reshape(n, d, *s.shape[1:]).swapaxes(0, 1).reshape(s.shape))

    return {
        "has directions before layers": by_direction,
        "has the layers in the other order": lambda s, n, d: s.reshape(n, d, *s.shape[1:])[::-1].reshape(s.shape),
        "has the directions exchanged": lambda s, n, d: s.reshape(n, d, *s.shape[1:])[:, ::-1].reshape(s.shape),
        "has the forward state in both directions": lambda s, n, d: s.reshape(n, d, *s.shape[1:])[:, [0] * d].reshape(
            s.shape
        ),
        "has the state of the last layer in every layer": lambda s, n, d: np.concatenate([s[-d:]] * n),
        "has the directions of the last layer exchanged": lambda s, n, d: np.concatenate([s[:-d], s[-d:][::-1]]),
    }


def _within(other: Callable[..., Any], holds: Callable[..., bool]) -> Callable[..., Any]:
    return lambda place, n, d: other(place, n, d) if holds(place, n, d) else place


def _negated(holds: Callable[..., bool]) -> Callable[..., bool]:
    return lambda place, n, d: (place[1] == 1) != holds(place, n, d)


def _fed(fed: Callable[[Sequence[Array]], Array], number: int | None) -> Callable[..., Array]:
    return lambda halves, place: fed(halves) if number in (None, place[1]) else np.concatenate(halves, -1)


def _delayed(layer: int | None, first: str) -> Callable[..., Array]:
    def read(x: Array, t: int, place: Place) -> Array:
        if layer is not None and (place[0] > 0) != bool(layer):
            return np.asarray(x[t])
        return np.asarray(x[t - 1] if t else x[0] if first == "itself" else 0.0 * x[0])

    return read


def _added(halves: Sequence[Array], below: Sequence[Array], place: Place) -> list[Array]:
    return [a + b for a, b in zip(halves, below, strict=True)] if place[0] else list(halves)
