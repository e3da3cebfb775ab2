"""Connections that mix several states, halves or steps, or take them at rarer steps, as families of what is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from lstm_parity.identification.connections.change import RARE_WHEN, WHICH, Change, Place, States, change_between
from lstm_parity.identification.transforms import RARE_TIME, TIME, VALUES, Transform
from lstm_parity.reference.noise.model import Array

_OVER: Mapping[str, tuple[int, ...]] = {  # of states (layers, directions, B, H)
    "both directions of a layer": (1,),
    "all layers": (0,),
    "all layers and directions": (0, 1),
}
_MIXED: Mapping[str, Callable[..., Array]] = {"mean": np.mean, "sum": np.sum}
_ENDS: Mapping[str, Transform] = {  # of the states before, between and after the steps (T + 1, B, H)
    "as it was one step earlier": lambda s: s[-2],
    "as it was after the first step": lambda s: s[1],
    "the mean over all steps": lambda s: s[1:].mean(0),
    "the sum over all steps": lambda s: s[1:].sum(0),
    "the largest of all steps": lambda s: s[1:].max(0),
}


def blended_changes(layers: int, directions: int) -> Iterator[Change]:
    """Yield those that show in such an LSTM, and those of steps in all of them."""
    yield from _of_starts(layers, directions)
    yield from _of_ends()
    for words, transform in RARE_TIME.items():
        for name, seam in (("the output of a layer", "outputs"), ("the input of a layer", "input")):
            yield Change(f"{name} is {words}", seam, lambda s, place, n, d, transform=transform: transform(s))
    for which, (of_h, of_c) in WHICH.items():
        for words, transform in VALUES.items():
            for when, at in RARE_WHEN.items():
                verb = "are" if of_h and of_c else "is"
                yield Change(f"{which} {verb} {words} {when}", "between", change_between(transform, of_h, of_c, at))
    if layers > 1 and directions > 1:
        for number, half in enumerate(("forward", "reverse")):
            for words, transform in {**TIME, **RARE_TIME, **VALUES}.items():
                text = f"a layer reads the {half} half of the layer below, {words}"
                yield Change(text, "fed", _feed(number, transform))


def _of_starts(layers: int, directions: int) -> Iterator[Change]:
    for which, (of_h, of_c) in WHICH.items():
        name = which.replace("h", "h_0", 1).replace("c", "c_0", 1)
        for over, axes in _OVER.items():
            if all((layers, directions)[axis] > 1 for axis in axes):
                for words, mix in _MIXED.items():
                    verb = "are" if of_h and of_c else "is"
                    text = f"{name} {verb} the {words} of those of {over}"
                    yield Change(text, "blended", _blend(mix, axes, of_h, of_c))


def _of_ends() -> Iterator[Change]:
    for which, (of_h, of_c) in WHICH.items():
        name = which.replace("h", "h_n", 1).replace("c", "c_n", 1)
        for words, transform in _ENDS.items():
            said = words.replace("it was", "they were") if of_h and of_c else words
            yield Change(f"{name} {'are' if of_h and of_c else 'is'} {said}", "ended", _end(transform, of_h, of_c))


def _blend(mix: Callable[..., Array], axes: tuple[int, ...], of_h: bool, of_c: bool) -> Callable[..., Array]:
    def blend(states: Array, is_h: bool, n: int, d: int) -> Array:
        if not (of_h if is_h else of_c):
            return states
        apart = states.reshape(n, d, *states.shape[1:])
        return np.broadcast_to(mix(apart, axis=axes, keepdims=True), apart.shape).reshape(states.shape)

    return blend


def _end(transform: Transform, of_h: bool, of_c: bool) -> Callable[..., States]:
    def end(hs: Sequence[Array], cs: Sequence[Array]) -> States:
        h, c = hs[-1], cs[-1]
        if len(hs) < 3:  # of one step there is nothing else to take
            return h, c
        return transform(np.stack(hs)) if of_h else h, transform(np.stack(cs)) if of_c else c

    return end


def _feed(number: int, transform: Transform) -> Callable[..., Array]:
    def feed(halves: Sequence[Array], place: Place) -> Array:
        return np.concatenate([transform(half) if k == number else half for k, half in enumerate(halves)], -1)

    return feed
