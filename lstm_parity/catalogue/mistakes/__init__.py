"""Known wrong LSTMs, one fault each, named after the fault: what the tests must be able to see."""

from __future__ import annotations

from lstm_parity.catalogue.mistakes import backward, dropout, gradients
from lstm_parity.catalogue.mistakes.forward import (
    activations,
    arithmetic,
    directions,
    gates,
    layers,
    layout,
    packing,
    projection,
    runtime,
    states,
)
from lstm_parity.catalogue.mistakes.mistake import Mistake, mistakes_in

MODULES = (gates, activations, states, layers, directions, projection, packing, layout, arithmetic, runtime)
MISTAKES: tuple[Mistake, ...] = tuple(mistake for module in MODULES for mistake in mistakes_in(module))
GRADIENT_MISTAKES: tuple[Mistake, ...] = (*mistakes_in(gradients), *mistakes_in(backward))
DROPOUT_MISTAKES: tuple[Mistake, ...] = mistakes_in(dropout)


def find_mistake(name: str) -> Mistake:
    """The mistake of that name. Raises KeyError, with the names that there are."""
    named = {known.name: known for known in (*MISTAKES, *GRADIENT_MISTAKES, *DROPOUT_MISTAKES)}
    if name not in named:
        raise KeyError(f"{name!r} was given, but the known mistakes are {', '.join(named)}")
    return named[name]
