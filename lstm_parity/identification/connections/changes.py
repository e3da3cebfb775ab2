"""The connections of an LSTM that people make otherwise, each with a name in words.

n and d are the numbers of layers and directions of an LSTM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from lstm_parity.identification.connections.blends import blended_changes
from lstm_parity.identification.connections.change import (
    SCOPES,
    WHEN,
    WHICH,
    Change,
    Holds,
    Place,
    States,
    change_between,
)
from lstm_parity.identification.connections.steps import step_changes
from lstm_parity.identification.sums import PARAMETERS
from lstm_parity.identification.transforms import EVERY_SEQUENCE, EVERY_STATE, Transform
from lstm_parity.reference.noise.model import Array

_OTHER_PLACES: Mapping[str, Callable[[Place, int, int], Place]] = {
    "of layer 0": lambda p, n, d: (0, p[1]),
    "of the last layer": lambda p, n, d: (n - 1, p[1]),
    "of the forward direction": lambda p, n, d: (p[0], 0),
    "of the other direction": lambda p, n, d: (p[0], d - 1 - p[1]),
    "of layer 0, forward": lambda p, n, d: (0, 0),
    "in the order of directions before layers": lambda p, n, d: divmod(p[1] * n + p[0], d),
    "of the layers exchanged, the last first": lambda p, n, d: (n - 1 - p[0], p[1]),
    "of the layer below": lambda p, n, d: (max(p[0] - 1, 0), p[1]),
    "of the layer above": lambda p, n, d: (min(p[0] + 1, n - 1), p[1]),
}
_ORDERS = ("ifog", "igfo", "iofg", "figo", "gfio")  # of those that converters take one for another
_Fed = Callable[[Sequence[Array], int], Array]  # of the halves, in a direction
_FED: Mapping[str, _Fed] = {
    "reads the two halves of the layer below exchanged": lambda halves, d: np.concatenate(halves[::-1], -1),
    "reads the forward half twice": lambda halves, d: np.concatenate([halves[0]] * len(halves), -1),
    "reads the reverse half twice": lambda halves, d: np.concatenate([halves[-1]] * len(halves), -1),
    "reads the mean of both halves twice": lambda halves, d: np.concatenate([np.mean(halves, 0)] * len(halves), -1),
    "reads the sum of both halves twice": lambda halves, d: np.concatenate([np.sum(halves, 0)] * len(halves), -1),
    "reads the halves interleaved": lambda halves, d: np.stack(halves, -1).reshape(*halves[0].shape[:-1], -1),
    "reads its own direction's half twice": lambda halves, d: np.concatenate([halves[d]] * len(halves), -1),
}


def known_changes(layers: int, directions: int) -> Iterator[Change]:
    """Yield every change of one connection that shows in such an LSTM, the most common first."""
    yield from _of_weights(layers, directions)
    yield from _of_inputs_and_outputs(layers, directions)
    yield from _of_results(layers, directions)
    yield from _of_states(layers, directions)
    yield from step_changes(layers)
    yield from blended_changes(layers, directions)


def _scopes(layers: int, directions: int) -> Iterator[tuple[str, Holds]]:
    """Yield those that hold at some places, each of those that are the same up to this size once."""
    sizes = [(n, d) for n in range(1, layers + 1) for d in range(1, directions + 1)]
    places = [(place, n, d) for n, d in sizes for place in product(range(n), range(d))]
    here = [number for number, (_, n, d) in enumerate(places) if (n, d) == (layers, directions)]
    seen = set()
    for words, holds in SCOPES.items():
        truth = tuple(holds(*place) for place in places)
        if truth not in seen and any(truth[number] for number in here):
            seen.add(truth)
            yield words, holds


def _of_weights(layers: int, directions: int) -> Iterator[Change]:
    for name in ("weights", *PARAMETERS, "h_0 and c_0", "h_0", "c_0"):
        verb = "are those" if name in ("weights", "h_0 and c_0") else "is that"
        for words, other in _OTHER_PLACES.items():
            for scope, holds in _scopes(layers, directions):
                yield Change(f"{name} {verb} {words}{scope}", name, _within(other, holds))
    for scope, holds in _scopes(layers, directions):
        if scope:  # in all of it, it is one of the equations
            yield from _of_some_weights(scope, holds)


def _of_some_weights(scope: str, holds: Holds) -> Iterator[Change]:
    """Yield what is done to the weights at some places alone: left out, doubled, or with gates in another order."""
    names: Mapping[str, Sequence[str]] = {**{name: (name,) for name in PARAMETERS}, "each bias": ("b_ih", "b_hh")}
    for words, some in names.items():
        yield Change(f"{words} is left out{scope}", "parts", _at_parts(some, lambda w: 0.0 * w, holds))
    yield Change(f"each bias is added twice{scope}", "parts", _at_parts(("b_ih", "b_hh"), lambda w: 2.0 * w, holds))
    for order in _ORDERS:
        said = ", ".join(order)
        text = f"the rows of the weights are in the order {said}{scope}"
        yield Change(text, "parts", _at_parts(PARAMETERS, partial(_reorder, order), holds))


def _at_parts(names: Sequence[str], change: Callable[[Array], Array], holds: Holds) -> Callable[..., Any]:
    """Return a function that changes some of the weights where it holds."""

    def apply(parts: dict[str, Array], place: Place, n: int, d: int) -> dict[str, Array]:
        changed = {name: change(w) if name in names and w is not None else w for name, w in parts.items()}
        return changed if holds(place, n, d) else parts

    return apply


def _reorder(order: str, w: Array) -> Array:
    """Read rows that are taken for another order: those that nn.LSTM has as i, f, g, o."""
    blocks = dict(zip(order, np.split(w, 4), strict=True))
    return np.concatenate([blocks[gate] for gate in "ifgo"])


def _of_inputs_and_outputs(layers: int, directions: int) -> Iterator[Change]:
    for scope, holds in _scopes(layers, directions):
        yield Change(f"steps run in the other order{scope}", "backwards", _negated(holds))
    for words, fed in _FED.items():
        for scope, number in (("", None), ("the forward direction ", 0), ("the reverse direction ", 1)):
            yield Change(f"a layer {words}" if number is None else f"{scope}{words}", "fed", _fed(fed, number))
    for name, seam in (("the output of a layer", "outputs"), ("the input of a layer", "input")):
        for words, transform in EVERY_SEQUENCE.items():
            for scope, holds in _scopes(layers, directions):
                yield Change(f"{name} is {words}{scope}", seam, _at(transform, holds))
    yield Change("a layer's input is added to its output", "added", _added(1.0))
    yield Change("a layer's output is the mean of it and its input", "added", _added(0.5))
    yield Change("a layer's output is its input", "added", lambda halves, below, place: below if place[0] else halves)


def _of_results(layers: int, directions: int) -> Iterator[Change]:
    yield Change("output is that of the first layer", "result", lambda layers: np.concatenate(layers[1], -1))
    yield Change("output is that of the layer below", "result", lambda layers: np.concatenate(layers[-2], -1))
    for words, order in _FED.items():
        if "twice" not in words or "mean" in words:
            said = words.replace("reads", "output has").replace(" of the layer below", "")
            yield Change(said, "result", lambda layers, order=order: order(layers[-1], 0))
    for words, t in (("the last time, in both directions", -1), ("the first time", 0)):
        yield Change(f"h_n is the output at {words}", "h_n of", lambda h, outputs, place, t=t: outputs[t])
    for name in ("h_n and c_n", "h_n", "c_n"):
        for words, ordered in _orders().items():
            yield Change(f"{name} {words if ' and ' not in name else words.replace('has', 'have')}", name, ordered)
        for words, transform in EVERY_STATE.items():
            verb = "are" if " and " in name else "is"
            yield Change(f"{name} {verb} {words}", name, lambda s, n, d, transform=transform: transform(s))
    yield Change("h_n and c_n are exchanged", "returned", lambda h, c: (c, h))
    yield Change("c_n is h_n", "returned", lambda h, c: (h, h))
    yield Change("h_n is c_n", "returned", lambda h, c: (c, c))


def _of_states(layers: int, directions: int) -> Iterator[Change]:
    for which, (of_h, of_c) in WHICH.items():
        verb = "are" if of_h and of_c else "is"
        for words, transform in EVERY_STATE.items():
            said = words.replace("that of", "those of") if of_h and of_c else words
            started = which.replace("h", "h_0").replace("c", "c_0")
            for scope, holds in _scopes(layers, directions):
                yield Change(f"{started} {verb} {said}{scope}", "start", _start(transform, of_h, of_c, holds))
            for when, at in WHEN.items():
                yield Change(f"{which} {verb} {said} {when}", "between", change_between(transform, of_h, of_c, at))
    for scope, holds in _scopes(layers, directions):
        yield Change(f"h_0 and c_0 are exchanged{scope}", "start", _exchange(holds))
    for when, at in WHEN.items():
        yield Change(
            f"h and c are exchanged {when}", "between", lambda h, c, k, n, at=at: (c, h) if at(k, n) else (h, c)
        )


def scaled_changes(layers: int, directions: int) -> Iterator[Callable[[float], Change]]:
    """Yield changes that multiply something by a number, as functions of it."""

    def scale_sequence(name: str, seam: str, scope: str, holds: Holds) -> Callable[[float], Change]:
        return lambda k: Change(f"{name} is multiplied by {k:g}{scope}", seam, _at(lambda s: k * s, holds))

    def scale_state(which: str, when: str, at: Callable[[int, int], bool]) -> Callable[[float], Change]:
        verb, (of_h, of_c) = "are" if which == "h and c" else "is", WHICH[which]
        return lambda k: Change(
            f"{which} {verb} multiplied by {k:g} {when}", "between", change_between(lambda s: k * s, of_h, of_c, at)
        )

    for scope, holds in _scopes(layers, directions):
        yield scale_sequence("the output of a layer", "outputs", scope, holds)
        yield scale_sequence("the input of a layer", "input", scope, holds)
    for which in WHICH:
        for when, at in WHEN.items():
            yield scale_state(which, when, at)


def _orders() -> dict[str, Callable[[Array, int, int], Array]]:
    def by_direction(s: Array, n: int, d: int) -> Array:
        return np.asarray(s.reshape(n, d, *s.shape[1:]).swapaxes(0, 1).reshape(s.shape))

    def of(pick: Callable[[Array], Array]) -> Callable[[Array, int, int], Array]:
        return lambda s, n, d: 0.0 * s + pick(s.reshape(n, d, *s.shape[1:])).reshape(s.shape)

    return {
        "has directions before layers": by_direction,
        "viewed as (batch, layers) in the place of being transposed": lambda s, n, d: s.swapaxes(0, 1).reshape(s.shape),
        "has the layers in the other order": of(lambda s: s[::-1]),
        "has the directions exchanged": of(lambda s: s[:, ::-1]),
        "has the forward state in both directions": of(lambda s: s[:, [0] * s.shape[1]]),
        "has the reverse state in both directions": of(lambda s: s[:, [-1] * s.shape[1]]),
        "has the state of the last layer in every layer": of(lambda s: s[[-1] * len(s)]),
        "has the state of the first layer in every layer": of(lambda s: s[[0] * len(s)]),
        "has the directions of the last layer exchanged": of(lambda s: np.concatenate([s[:-1], s[-1:, ::-1]])),
        "has the directions of the first layer exchanged": of(lambda s: np.concatenate([s[:1, ::-1], s[1:]])),
    }


def _within(other: Callable[..., Any], holds: Holds) -> Callable[..., Any]:
    return lambda place, n, d: other(place, n, d) if holds(place, n, d) else place


def _negated(holds: Holds) -> Callable[..., bool]:
    return lambda place, n, d: (place[1] == 1) != holds(place, n, d)


def _at(transform: Transform, holds: Holds) -> Callable[..., Array]:
    return lambda s, place, n, d: transform(s) if holds(place, n, d) else s


def _start(transform: Transform, of_h: bool, of_c: bool, holds: Holds) -> Callable[..., States]:
    def start(h: Array, c: Array, place: Place, n: int, d: int) -> States:
        here = holds(place, n, d)
        return transform(h) if of_h and here else h, transform(c) if of_c and here else c

    return start


def _exchange(holds: Holds) -> Callable[..., States]:
    return lambda h, c, place, n, d: (c, h) if holds(place, n, d) else (h, c)


def _fed(fed: _Fed, number: int | None) -> Callable[..., Array]:
    return lambda halves, place: fed(halves, place[1]) if number in (None, place[1]) else np.concatenate(halves, -1)


def _added(weight: float) -> Callable[[Sequence[Array], Sequence[Array], Place], list[Array]]:
    return lambda halves, below, place: (
        [weight * (a + b) for a, b in zip(halves, below, strict=True)] if place[0] else list(halves)
    )
