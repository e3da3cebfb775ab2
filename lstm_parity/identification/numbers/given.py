"""What computes numbers that are given, where nothing can be run: a search among equations and connections.

Single changes first, then pairs; a model counts if it returns every number that is given within its noise. Several may:
then the numbers do not distinguish them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from typing import Any

import numpy as np

from lstm_parity.identification.across import grid_steps
from lstm_parity.identification.connections.change import Change
from lstm_parity.identification.connections.wired import Wired
from lstm_parity.identification.equations import Equations, run_instead, usual_equations
from lstm_parity.identification.model import Identification
from lstm_parity.identification.numbers.dropout import LastLayer, identify_dropout
from lstm_parity.identification.numbers.ends import STEPS, LayerEnd
from lstm_parity.identification.numbers.functions import find_functions
from lstm_parity.identification.numbers.grids import decimal_changes, grid_changes
from lstm_parity.identification.numbers.quantised import quantised_changes
from lstm_parity.identification.numbers.returned import find_rounded
from lstm_parity.identification.search.fitted import fit_equations
from lstm_parity.identification.search.levels import LEVELS, Candidates
from lstm_parity.identification.sums import Read, Sums, compute_sums
from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.reference.noise.model import Array, Noisy
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.halves import can_fork, select_items
from lstm_parity.running.views import Seen, see

_MOST = 3  # models that are named, where the numbers do not distinguish them
_WIDTH = 10.0  # noises
_SINGLE = 2  # levels of single changes
_LARGE = 2**26  # weights that are multiplied
SECONDS = 12.5  # of processor time of each of two processes
_LARGE_SECONDS = 2.0  # for a case of which a model takes a large part of a second
_TOGETHER = 4096  # models that are shared out to two processes


@dataclass(frozen=True, eq=False)
class Given:
    """A call and what came of it.

    weights: with biases. x (T, B, I), h_0 and c_0 (L*D, B, H). results: output (T, B, D*H), h_n and c_n as far as they
    are known. noise: how far two correct LSTMs may differ there, of the same shapes. seen: if given, the results are
    what was seen of the three in these views.
    """

    weights: LSTMWeights
    x: Array
    h_0: Array
    c_0: Array
    results: Mapping[str, Array]
    noise: Mapping[str, Array]
    seen: tuple[Seen, ...] = ()
    first_sums: dict[tuple[Read, ...], Array] = field(default_factory=dict, repr=False)

    @property
    def cost(self) -> int:
        """Return how many steps a model of it computes."""
        return len(self.x) * len(self.h_0)

    def compute(self, model: Wired) -> Mapping[str, Array] | None:
        """Return what a model returns; None if it has a change that this size has no place for."""
        try:
            with np.errstate(all="ignore"):
                got = dict(zip(("output", "h_n", "c_n"), model(self.weights, self.x, self.h_0, self.c_0), strict=True))
                whole = {name: Noisy(value) for name, value in got.items()}
                return (
                    got if not self.seen else {n: s.value for n, s in see(NATIVE["float64"], self.seen, whole).items()}
                )
        except (ValueError, IndexError):
            return None

    def is_returned_by(self, model: Wired) -> bool:
        """Whether a model returns every number that is given."""
        got = self.compute(model)
        return got is not None and all(self._is_near(name, got[name], ...) for name in self.results)

    @property
    def is_usual(self) -> bool:
        """Whether an LSTM as it should be returns every number that is given."""
        one = self.last_layer if self._may_be_split else self
        return one is not None and one.is_returned_by(Wired(usual_equations()))

    def may_be_returned_by(self, equations: Equations) -> bool:
        """Whether equations give its first numbers: two steps of one layer, or the last states of the first layer."""
        if self.seen:
            return True
        cell, h, c = self.weights.cells[0][0], self.h_0[0], self.c_0[0]
        size, by_step = h.shape[1], self.weights.num_layers == 1 and "output" in self.results
        try:
            with np.errstate(all="ignore"):
                if not by_step and self.end is not None and not self.end.may_come_of(equations):
                    return False
                for t, x in enumerate(self.x[:2] if by_step else self.x):
                    h, c = equations.compute(self._sum_up(equations.sums, cell, x, equations.pick(h, c), t), c, h)
                    if by_step and not self._is_near("output", h, (t, slice(None), slice(0, size))):
                        return False
        except ValueError:  # a layout that is for square matrices
            return False
        ends = zip(("h_n", "c_n"), (h, c), strict=True)
        return by_step or all(self._is_near(name, s, 0) for name, s in ends if name in self.results)

    @property
    def is_large(self) -> bool:
        """Whether a model takes a large part of a second."""
        return self.cost * int(self.weights.cells[0][0].w_hh.size) >= _LARGE

    @cached_property
    def end(self) -> LayerEnd | None:
        """The last steps of the first layer, if it is large and its last states are known."""
        known = [name for name in ("h_n", "c_n") if name in self.results]
        if self.seen or not known or not self.is_large or len(self.x) < 2 * STEPS:
            return None
        states, noise = ({name: one[name][0] for name in known} for one in (self.results, self.noise))
        return LayerEnd.of(self.weights.cells[0][0], self.x, states, noise)

    @cached_property
    def beginning(self) -> Given | None:
        """The first two steps by themselves, if they are known: of one layer and direction."""
        if self.seen or "output" not in self.results or len(self.h_0) > 1:
            return None
        results, noise = (
            {"output": np.broadcast_to(one["output"], self.results["output"].shape)[:2]}
            for one in (self.results, self.noise)
        )
        return Given(self.weights, self.x[:2], self.h_0, self.c_0, results, noise)

    @property
    def as_layer(self) -> LastLayer:
        """Return this case, of one layer, as what dropout is found in."""
        output, c_n = (self.results[name] for name in ("output", "c_n"))
        noise = self.noise["output"], self.noise["c_n"]
        return LastLayer(self.weights, self.x, self.h_0, self.c_0, output, c_n, *noise)

    @cached_property
    def last_layer(self) -> Given | None:
        """The last layer of a stack by itself, if the layers below it return what they should."""
        n, d = self.weights.num_layers, self.weights.num_directions
        if not self._may_be_split:
            return None
        below, k = LSTMWeights(self.weights.cells[:-1]), (n - 1) * d
        x, *states = Wired(usual_equations())(below, self.x, self.h_0[:k], self.c_0[:k])
        if not all(self._is_near(name, s, slice(0, k)) for name, s in zip(("h_n", "c_n"), states, strict=True)):
            return None
        results, noise = (
            {name: value if name == "output" else value[k:] for name, value in some.items()}
            for some in (self.results, self.noise)
        )
        return Given(LSTMWeights(self.weights.cells[-1:]), x, self.h_0[k:], self.c_0[k:], results, noise)

    @property
    def _may_be_split(self) -> bool:
        """Whether the layers below the last one can be judged by themselves."""
        return not self.seen and self.weights.num_layers > 1 and len(self.results) == len(("output", "h_n", "c_n"))

    def _sum_up(self, sums: Sums, cell: CellWeights, x: Array, h: Array, step: int) -> Array:
        """Return the gate sums; of the first step once for all equations that read the weights in the same way."""
        if step:
            return compute_sums(sums, cell, x, h)
        key = tuple(sums.values())
        if key not in self.first_sums:
            self.first_sums[key] = compute_sums(sums, cell, x, h)
        return self.first_sums[key]

    def _is_near(self, name: str, got: Array, part: Any) -> bool:
        return bool(self.find_near(name, got, part).all())

    def find_near(self, name: str, got: Array, part: Any = ..., more: Any = 0.0) -> Array:
        """Return which elements of a result, or of a part of it, are those that are given; False for another shape.

        more: by how much they may differ beside noise.
        """
        wanted, noise = self.results[name], np.broadcast_to(self.noise[name], self.results[name].shape)
        if part is ... and got.shape != wanted.shape:
            return np.array(False)
        wanted, noise = wanted[part], noise[part]
        scale = np.maximum(1.0, np.abs(wanted))
        return np.asarray(np.abs(got - wanted) <= _WIDTH * noise * scale + more)


@dataclass(frozen=True, eq=False)
class Explanations:
    """The models that return the numbers that are given; is_complete: whether all that are known were tried."""

    models: tuple[Identification, ...]
    is_complete: bool = True

    @property
    def text(self) -> str:
        """Say what they compute."""
        return "; or ".join(f"an LSTM in which {model.summary}" for model in self.models if model.differing)


def search_given(cases: Sequence[Given], seconds: float = SECONDS) -> Explanations:
    """Search for what computes the numbers of all cases, at most so many seconds of processor time in each process.

    Nothing is returned if an LSTM as it should be computes them.

    What the whole LSTM computes otherwise, else the last layer alone; of large ones the other way round.
    """
    if all(case.is_usual for case in cases):
        return Explanations(())
    is_large = cases[0].is_large
    seconds = min(seconds, _LARGE_SECONDS) if is_large else seconds
    end = time.thread_time() + (seconds if can_fork() else 2.0 * seconds)
    for find in (find_rounded, identify_dropout):
        if (model := find(cases)) is not None:
            return Explanations((model,))
    models = (_search_last_layer, _search_whole) if is_large else (_search_whole, _search_last_layer)
    for search in (_search_grids, *models):
        found = search(cases, end)
        if found.models:
            break
    return found


def _search_grids(cases: Sequence[Given], end: float) -> Explanations:
    """Search for states that are kept on a grid, which shows in the results, and for parameters that are rounded."""
    usual = usual_equations()
    first = cases[0].beginning or cases[0]
    rounded = () if first.is_large else chain(decimal_changes(), quantised_changes())
    steps = grid_steps(*(cases[0].results.get(name, np.zeros(0)) for name in ("h_n", "c_n")))
    models = chain(
        (Identification(usual, (change,)) for change in grid_changes(cases[0].results)),
        (Identification(run_instead(step)) for step in steps),
        (Identification(usual, (change,)) for change in rounded),
    )
    for model in models:
        if time.thread_time() > end:
            return Explanations((), is_complete=False)
        wired = Wired(model.equations or usual, model.changes)
        if all(case.is_returned_by(wired) for case in (first, *cases)):
            return Explanations((model,))
    return Explanations(())


def _search_last_layer(cases: Sequence[Given], end: float) -> Explanations:
    """Search for what the last layer computes otherwise, if the layers below it return what they should."""
    parts = list[Given]()
    for case in cases:
        if (part := case.last_layer) is None:
            return Explanations(())
        parts.append(part)
    found = _search_whole(parts, end)
    words = f"in layer {cases[0].weights.num_layers - 1} alone"
    changes = [Change(f"{model.summary}, {words}", "parts", lambda parts, place, n, d: parts) for model in found.models]
    return Explanations(tuple(Identification(usual_equations(), (one,)) for one in changes), found.is_complete)


def _search_whole(cases: Sequence[Given], end: float) -> Explanations:
    """Search for the simplest models; if one function alone can be wrong, for its name, else by its values."""
    first = min(cases, key=lambda case: case.cost)
    functions = find_functions(cases)
    for level in LEVELS[:_SINGLE] if functions else LEVELS:
        found = _search_level(level(cases[0].weights), first, cases, end)
        if found.models or not found.is_complete:
            return found
    fitted = () if first.seen or first.is_large else tuple(_fit(first, cases))
    return Explanations(fitted or tuple(functions))


def _search_level(candidates: Candidates, first: Given, cases: Sequence[Given], end: float) -> Explanations:
    """Search among some models, the first that are right; for large cases in two processes."""

    def holds(candidate: tuple[Wired, Identification]) -> bool:
        model, words = candidate
        may_be = bool(model.changes) or first.may_be_returned_by(model.equations)
        return may_be and bool(words.differing) and all(case.is_returned_by(model) for case in (first, *cases))

    models, is_complete = list[Identification](), True
    while is_complete and len(models) < _MOST and (some := list(islice(candidates, _TOGETHER))):
        left = end - time.thread_time()
        found = select_items(some, holds, most=_MOST - len(models), seconds=left)
        models += [some[place][1] for place in found.places]
        is_complete = found.is_complete
    return Explanations(tuple(_distinct(models)), is_complete)


def _fit(first: Given, cases: Sequence[Given]) -> list[Identification]:
    """Return models with a fitted number; nothing if none is right."""
    fitted = fit_equations((first.weights, first.x, first.h_0, first.c_0), first.results)
    return _distinct([words for model, words in fitted if all(case.is_returned_by(model) for case in cases)])[:_MOST]


def _distinct(found: Sequence[Identification]) -> list[Identification]:
    return list({model.summary: model for model in found}.values())
