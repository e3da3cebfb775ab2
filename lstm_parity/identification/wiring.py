"""What each layer and direction reads and where its results go, found by changing one thing after another.

The model is an LSTM whose every connection can be replaced. Small LSTMs come first, one layer and one direction, so
that what is found there is known in the larger ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from lstm_parity.identification.cell import UnknownEquationError
from lstm_parity.identification.changes import Change, Place, known_changes
from lstm_parity.identification.equations import Equations
from lstm_parity.identification.probe import Probe, ProbeError
from lstm_parity.identification.sums import PARAMETERS
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights

Results = tuple[Array, Array, Array]
_EXACT = 1e-8
_MOST_PAIRS = 2500
_SIZES = {
    (1, 1): "several steps",
    (1, 2): "both directions",
    (2, 1): "2 layers",
    (2, 2): "2 layers and both directions",
}


# what connects nn.LSTM, by name; n and d are the numbers of layers and directions
_USUAL: Mapping[str, Callable[..., Any]] = {
    "weights": lambda place, n, d: place,
    "w_ih": lambda place, n, d: place,
    "w_hh": lambda place, n, d: place,
    "b_ih": lambda place, n, d: place,
    "b_hh": lambda place, n, d: place,
    "h_0": lambda place, n, d: place,
    "c_0": lambda place, n, d: place,
    "first rows": lambda state: state,
    "fed": lambda halves, place: np.concatenate(halves, -1),
    "backwards": lambda place, n, d: place[1] == 1,
    "turned": lambda place, n, d: False,
    "read": lambda x, t, place: x[t],
    "between": lambda h, c, number, steps: (h, c),
    "added": lambda halves, below, place: halves,
    "result": lambda layers: np.concatenate(layers[-1], -1),
    "h_n of": lambda h, outputs, place: h,
    "h_n": lambda states, n, d: states,
    "c_n": lambda states, n, d: states,
}


@dataclass(frozen=True, eq=False)
class Wired:
    """An LSTM of these equations, with these changes."""

    equations: Equations
    changes: tuple[Change, ...] = ()

    def __call__(self, weights: LSTMWeights, x: Array, h_0: Array, c_0: Array) -> Results:
        """Return output (T, B, D*H), h_n and c_n (L*D, B, H) for x (T, B, I), h_0 and c_0 (L*D, B, H)."""
        seams = {**_USUAL, **{change.seam: change.function for change in self.changes}}
        sizes = weights.num_layers, weights.num_directions
        h_0, c_0 = (seams["first rows"](state) for state in (h_0, c_0))
        layers, last = [[x]], list[tuple[Array, Array]]()
        for layer in range(sizes[0]):
            halves = list[Array]()
            for direction in range(sizes[1]):
                place = (layer, direction)
                fed = seams["fed"](layers[-1], place) if layer else x
                output, h, c = self._run(seams, weights, fed, h_0, c_0, place)
                halves.append(output)
                last.append((h, c))
            layers.append(seams["added"](halves, layers[-1], (layer, 0)))
        h_n, c_n = (seams[name](np.stack([one[k] for one in last]), *sizes) for k, name in enumerate(("h_n", "c_n")))
        return seams["result"](layers), h_n, c_n

    def _run(
        self,
        seams: Mapping[str, Callable[..., Any]],
        weights: LSTMWeights,
        x: Array,
        h_0: Array,
        c_0: Array,
        place: Place,
    ) -> Results:
        sizes = weights.num_layers, weights.num_directions
        parts = {}
        for name in PARAMETERS:
            layer, direction = seams[name](seams["weights"](place, *sizes), *sizes)
            parts[name] = getattr(weights.cells[layer][direction], name)
        states = []
        for name, state in (("h_0", h_0), ("c_0", c_0)):
            where = seams[name](place, *sizes)
            states.append(np.zeros_like(state[0]) if where is None else state[where[0] * sizes[1] + where[1]])
        (h, c), cell = states, CellWeights(**parts)
        order = range(len(x))
        outputs: dict[int, Array] = {}
        for number, t in enumerate(reversed(order) if seams["backwards"](place, *sizes) else order):
            h, c = seams["between"](h, c, number, len(x))
            h, c = self.equations(cell, seams["read"](x, t, place), h, c)
            outputs[t] = h
        stacked = np.stack([outputs[t] for t in order])
        stacked = stacked[::-1] if seams["turned"](place, *sizes) else stacked
        return stacked, seams["h_n of"](h, stacked, place), c


@dataclass(frozen=True, eq=False)
class _Question:
    """Inputs of one size, and what the implementation returns for them."""

    weights: LSTMWeights
    x: Array
    h_0: Array
    c_0: Array
    wanted: Results

    def is_answered_by(self, model: Wired, tolerance: float) -> bool:
        """Whether a model returns the same."""
        try:
            got = model(self.weights, self.x, self.h_0, self.c_0)
        except (ValueError, IndexError):  # a change that this size has no place for
            return False
        return all(
            one.shape == other.shape and np.abs(one - other).max() <= tolerance
            for one, other in zip(got, self.wanted, strict=True)
        )


def _ask(probe: Probe, layers: int, directions: int, seed: int, steps: int, scale: float) -> _Question:
    rng, size, rows = np.random.default_rng(seed), 3, 4
    widths = [3] + [size * directions] * (layers - 1)

    def cell(width: int) -> CellWeights:
        drawn = [
            scale * rng.standard_normal(s) for s in ((4 * size, width), (4 * size, size), (4 * size,), (4 * size,))
        ]
        return CellWeights(*(drawn if probe.bias else drawn[:2]))

    weights = LSTMWeights(tuple(tuple(cell(width) for _ in range(directions)) for width in widths))
    x = rng.standard_normal((steps, rows, 3))
    h_0, c_0 = (rng.standard_normal((layers * directions, rows, size)) for _ in range(2))
    return _Question(weights, x, h_0, c_0, probe.call(weights, x, h_0, c_0))


@dataclass(frozen=True, eq=False)
class Wiring:
    """What is connected otherwise than in nn.LSTM; untested: which LSTMs could not be called, and why."""

    changes: tuple[Change, ...]
    untested: tuple[str, ...]


def recover_wiring(probe: Probe, equations: Equations, tolerance: float = _EXACT) -> Wiring:
    """Recover what is connected otherwise than in nn.LSTM. Raises UnknownEquationError."""
    changes, answered, untested = tuple[Change, ...](), list[_Question](), list[str]()
    scale = 0.8 if equations.is_known else 0.3  # a function without a name is known where it was measured
    for (layers, directions), words in _SIZES.items():
        try:
            questions = [_ask(probe, layers, directions, seed, steps, scale) for seed, steps in ((1, 5), (2, 4))]
        except ProbeError as error:
            untested.append(f"{words}: {error}")
            continue
        found = _search(equations, changes, [questions[0], *answered], tolerance)
        if found is None or not questions[1].is_answered_by(Wired(equations, found), tolerance):
            raise UnknownEquationError(f"with {words} it is wired in a way that is not known")
        changes = found
        answered += questions
    return Wiring(changes, tuple(untested))


def _search(
    equations: Equations, changes: tuple[Change, ...], questions: Sequence[_Question], tolerance: float
) -> tuple[Change, ...] | None:
    """The changes, with as few more as answer all questions."""

    def answers(more: tuple[Change, ...]) -> bool:
        model = Wired(equations, _replace(changes, more))
        return all(question.is_answered_by(model, tolerance) for question in questions)

    if answers(()):
        return changes
    singles = list(known_changes())
    for change in singles:
        if answers((change,)):
            return _replace(changes, (change,))
    pairs = [pair for pair in combinations(singles, 2) if pair[0].seam != pair[1].seam]
    known = {change.seam for change in changes}

    def is_unlikely(pair: tuple[Change, Change]) -> tuple[bool, bool]:
        """What varies what is known already comes first, then what is the same of two, as h_0 and c_0."""
        one, other = (change.text.partition(" ")[2] for change in pair)
        return not known & {change.seam for change in pair}, one != other

    pairs.sort(key=is_unlikely)
    return next((_replace(changes, pair) for pair in pairs[:_MOST_PAIRS] if answers(pair)), None)


def _replace(changes: tuple[Change, ...], more: tuple[Change, ...]) -> tuple[Change, ...]:
    """Add changes, in the place of those of the same connection."""
    seams = {change.seam for change in more}
    return (*(change for change in changes if change.seam not in seams), *more)
