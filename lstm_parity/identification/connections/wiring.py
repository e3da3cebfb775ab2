"""What each layer and direction reads and where its results go, found by changing one thing after another.

Small LSTMs come first, one layer and one direction, so that what is found there is known in the larger ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from lstm_parity.identification.cell import UnknownEquationError
from lstm_parity.identification.connections.change import Change
from lstm_parity.identification.connections.changes import known_changes, scaled_changes
from lstm_parity.identification.connections.wired import Results, Wired
from lstm_parity.identification.equations import Equations
from lstm_parity.identification.probe import Probe, ProbeError
from lstm_parity.identification.sums import PARAMETERS
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.halves import select_items

_EXACT = 1e-8
_MOST_PAIRS = 800
_MOST_PARTS, _MOST_PARTNERS = 5, 800
_SIZES = {
    (1, 1): "several steps",
    (1, 2): "both directions",
    (2, 1): "2 layers",
    (2, 2): "2 layers and both directions",
}


@dataclass(frozen=True, eq=False)
class _Question:
    """Inputs of one size, and what the implementation returns for them."""

    weights: LSTMWeights
    x: Array
    h_0: Array
    c_0: Array
    wanted: Results

    def answer(self, model: Wired) -> Results | None:
        """Return what a model returns; None if it has a change that this size has no place for."""
        try:
            return model(self.weights, self.x, self.h_0, self.c_0)
        except (ValueError, IndexError):
            return None

    def count_answered(self, model: Wired) -> int:
        """Count the numbers that a model returns right."""
        if (got := self.answer(model)) is None:
            return 0
        return sum(
            int((np.abs(one - other) <= _EXACT).sum())
            for one, other in zip(got, self.wanted, strict=True)
            if one.shape == other.shape
        )

    def is_answered_by(self, model: Wired) -> bool:
        """Whether a model returns the same."""
        return self.count_answered(model) == sum(one.size for one in self.wanted)


def _ask(probe: Probe, layers: int, directions: int, seed: int, steps: int) -> _Question:
    rng, size, rows = np.random.default_rng(seed), 3, 4
    widths = [3] + [size * directions] * (layers - 1)

    def cell(width: int) -> CellWeights:
        drawn = [0.8 * rng.standard_normal(s) for s in ((4 * size, width), (4 * size, size), (4 * size,), (4 * size,))]
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


def recover_wiring(
    probe: Probe, equations: Equations, first: Equations | None = None, *, is_usual: bool = False
) -> Wiring:
    """Recover what is connected otherwise than in nn.LSTM; first: the equations of the first step, if they are others.

    is_usual: whether nothing else may be connected otherwise. Raises UnknownEquationError.
    """
    changes, answered, untested = tuple[Change, ...](), list[_Question](), list[str]()
    for (layers, directions), words in _SIZES.items():
        try:
            questions = [_ask(probe, layers, directions, seed, steps) for seed, steps in ((1, 5), (2, 4), (5, 9))]
        except ProbeError as error:
            untested.append(f"{words}: {error}")
            continue
        model, singles = Wired(equations, changes, first), list(known_changes(layers, directions))
        if is_usual:
            found = changes if all(one.is_answered_by(model) for one in questions) else None
        else:
            found = _explain(model, singles, questions, answered)
        if found is None and not is_usual and directions == 1 and _is_chain(probe, questions[0]):
            questions = [_ask(probe, layers, directions, seed, 1) for seed in (3, 4)]
            found = _explain(model, singles, questions, [one for one in answered if len(one.x) == 1])
            found = None if found is None else tuple(replace(c, text=f"{c.text}, at every step") for c in found)
        if found is None:
            raise UnknownEquationError(f"with {words} it is wired in a way that is not known")
        changes = found
        answered += questions[:2]
    return Wiring(changes, tuple(untested))


def _explain(
    model: Wired, singles: Sequence[Change], questions: Sequence[_Question], answered: Sequence[_Question]
) -> tuple[Change, ...] | None:
    """Return changes that answer all questions but the second; None if they do not answer that one too."""
    found = _search(model, singles, [questions[0], *questions[2:], *answered])
    return found if found is not None and questions[1].is_answered_by(replace(model, changes=found)) else None


def _is_chain(probe: Probe, question: _Question) -> bool:
    """Whether a call is one of its own steps after another, so that a change may be made after every step."""
    h, c = question.h_0, question.c_0
    for t in range(len(question.x)):
        output, h, c = probe.call(question.weights, question.x[t : t + 1], h, c)
        if np.abs(output[0] - question.wanted[0][t]).max() > _EXACT:
            return False
    return all(np.abs(one - other).max() <= _EXACT for one, other in zip((h, c), question.wanted[1:], strict=True))


def _search(model: Wired, singles: Sequence[Change], questions: Sequence[_Question]) -> tuple[Change, ...] | None:
    """Return the changes of a model, with as few more as answer all questions."""

    def answers(more: tuple[Change, ...]) -> bool:
        changed = replace(model, changes=_replace(model.changes, more))
        return all(question.is_answered_by(changed) for question in questions)

    if answers(()):
        return model.changes
    sources = (
        [(change,) for change in singles],
        ((scaled,) for scaled in _fit_factors(model, questions[0])),
        _list_pairs(model, singles, questions[0]),
    )
    for source in sources:
        tried = list(source)
        if places := select_items(tried, answers, most=1).places:
            return _replace(model.changes, tried[places[0]])
    return None


def _fit_factors(model: Wired, question: _Question) -> Iterator[Change]:
    """Yield numbers that something may be multiplied by, by Newton's method."""
    sizes = question.weights.num_layers, question.weights.num_directions
    wanted = np.concatenate([one.ravel() for one in question.wanted])

    def results(change: Change) -> Array:
        found = question.answer(replace(model, changes=_replace(model.changes, (change,))))
        return np.full_like(wanted, np.nan) if found is None else np.concatenate([one.ravel() for one in found])

    for scaled in scaled_changes(*sizes):
        factor = 1.0
        for _ in range(8):
            at = results(scaled(factor))
            slope = (results(scaled(factor + 1e-6)) - at) / 1e-6
            if not slope @ slope > 0.0 or abs(factor) > 100.0:
                break
            factor -= float(slope @ (at - wanted) / (slope @ slope))
        if np.abs(results(scaled(factor)) - wanted).max() < 1e-6:
            yield scaled(float(f"{factor:.6g}"))


def _list_pairs(model: Wired, singles: Sequence[Change], question: _Question) -> Iterator[tuple[Change, Change]]:
    """Yield pairs: with a variant of what is known; with one that answers a part; with the same done to two things."""
    common = [change for change in singles if change.is_common]
    stems = {change.stem for change in model.changes}
    varied = [change for change in singles if change.stem in stems]
    last = ("weights", *PARAMETERS, "h_0 and c_0", "h_0", "c_0")
    partners = sorted(common, key=lambda change: change.seam in last)[:_MOST_PARTNERS]
    yield from ((one, other) for other in partners for one in varied if one.seam != other.seam)
    parts = [question.count_answered(replace(model, changes=_replace(model.changes, (c,)))) for c in singles]
    for k in np.argsort(parts, kind="stable")[::-1][:_MOST_PARTS]:
        if parts[k] > question.count_answered(model):
            yield from ((singles[k], other) for other in partners if other.seam != singles[k].seam)
    pairs = [pair for pair in combinations(common, 2) if pair[0].seam != pair[1].seam]
    yield from sorted(pairs, key=lambda pair: pair[0].kind != pair[1].kind)[:_MOST_PAIRS]


def _replace(changes: tuple[Change, ...], more: tuple[Change, ...]) -> tuple[Change, ...]:
    """Add changes, in the place of those of the same connection."""
    seams = {change.seam for change in more}
    return (*(change for change in changes if change.seam not in seams), *more)
