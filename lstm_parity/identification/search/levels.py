"""The models that are tried, the simplest first: single changes of equations or connections, then several."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

from lstm_parity.identification.across import across_steps
from lstm_parity.identification.connections.changes import known_changes
from lstm_parity.identification.connections.wired import Wired
from lstm_parity.identification.equations import resetting_equations, run_instead, usual_equations
from lstm_parity.identification.model import Identification
from lstm_parity.identification.variants import Variant, apply_variants, list_variants
from lstm_parity.reference.weights import LSTMWeights

Candidates = Iterator[tuple[Wired, Identification]]


def _from_variants(choices: Iterator[tuple[Variant, ...]]) -> Candidates:
    for variants in choices:
        equations = apply_variants(variants)
        yield Wired(equations), Identification(equations)


def _single_equations(weights: LSTMWeights) -> Candidates:
    yield from _from_variants((variant,) for variant in list_variants())


def _single_connections(weights: LSTMWeights) -> Candidates:
    usual = usual_equations()
    for change in known_changes(weights.num_layers, weights.num_directions):
        yield Wired(usual, (change,)), Identification(usual, (change,))


def _across_units(weights: LSTMWeights) -> Candidates:
    for across in across_steps():
        equations = run_instead(across)
        yield Wired(equations), Identification(equations)


def _resets(weights: LSTMWeights) -> Candidates:
    for equations in resetting_equations(usual_equations()):
        yield Wired(equations), Identification(equations)


def _pairs_of_equations(weights: LSTMWeights) -> Candidates:
    common = [variant for variant in list_variants() if variant.is_common]
    pairs = (pair for pair in combinations(common, 2) if pair[0].thing != pair[1].thing)
    yield from _from_variants(pairs)


def _layouts_of_files(weights: LSTMWeights) -> Candidates:
    """Yield what converters get wrong at once: order, forget bias, biases and layout."""
    common = [variant for variant in list_variants() if variant.is_common]
    things = [[v for v in common if v.thing == thing] for thing in ("order", "forget bias", "biases", "layout")]
    for count in (3, 4):
        for chosen in combinations(things, count):
            yield from _from_variants(product(*chosen))


def _equations_and_connections(weights: LSTMWeights) -> Candidates:
    some = [v for v in list_variants() if v.thing in ("order", "forget bias", "biases")]
    changes = known_changes(weights.num_layers, weights.num_directions)
    common = [change for change in changes if change.is_common]
    for variant, change in product(some, common):
        equations = apply_variants((variant,))
        yield Wired(equations, (change,)), Identification(equations, (change,))


LEVELS = (
    _single_equations,
    _single_connections,
    _across_units,
    _resets,
    _pairs_of_equations,
    _layouts_of_files,
    _equations_and_connections,
)
