"""What a class drops in train mode, found by small calls: which of its arguments is nn.LSTM's dropout."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from lstm_parity.classes.calling import Convention
from lstm_parity.classes.constructors.constructor import Constructor, UnknownClassError, build
from lstm_parity.classes.dropping.chance import Dropping, name_holding
from lstm_parity.classes.dropping.mode import find_attribute, set_mode
from lstm_parity.classes.found import Found
from lstm_parity.classes.trials.calls import draw_inputs
from lstm_parity.running.generators import seed_generators

_P = 0.5


def find_dropping(found: Found) -> Dropping:
    """Find how it is set what a class drops, and whether that is known at all."""
    arguments = found.constructor.chances
    is_told = isinstance(build(found.constructor), nn.Module) or found.convention.mode is not None
    stacked, layers = _build_stacked(found.constructor)
    layers = layers or found.layers
    known = Dropping("", name_holding(stacked), (), is_told or find_attribute(stacked) is not None)
    if arguments:
        chosen = arguments[0] if len(arguments) == 1 else found.constructor.dropping or _choose(found, known, layers)
        known = replace(known, argument=chosen, others=tuple(name for name in arguments if name != chosen))
    one, other = (_call(found, known, layers, 0.0, training=True, seed=seed) for seed in (1, 2))
    return replace(known, draws=_differ(one, other))


def _build_stacked(constructor: Constructor) -> tuple[Any, int]:
    """Return an instance of two layers, and how many it has; of as many as it always has, and 0."""
    if constructor.has("num_layers"):
        try:
            return build(constructor, num_layers=2), 2
        except UnknownClassError:
            pass
    return build(constructor), 0


def _choose(found: Found, known: Dropping, layers: int) -> str:
    """Return the argument that changes what two layers compute in train mode, and not what one does; else the first."""
    for name in found.constructor.chances:
        one = replace(known, argument=name)
        changes = [
            _differ(*(_call(found, one, number, _P, training=training, seed=1) for training in (True, False)))
            for number in (layers, 1)
        ]
        if changes == [True, False]:
            return name
    return found.constructor.chances[0]


def _call(
    found: Found, known: Dropping, layers: int, p: float, *, training: bool, seed: int
) -> dict[str, Tensor] | None:
    """Return what a small call of an instance with so many layers returns; None if it raises."""
    constructor = replace(found.constructor, dropping=known.argument)
    more = {"num_layers": layers} if constructor.has("num_layers") else {}
    convention: Convention = replace(found.convention, slots=layers * found.directions, is_training=training)
    x, h, c = draw_inputs(8, convention.slots, found.sizes)
    try:
        made = build(constructor, dropout=p, **more)
        known.prepare(made, p)
        set_mode(made, training=training)
        with torch.no_grad(), seed_generators(seed):
            return convention.call(copy.deepcopy(made), x, (h, c) if convention.states else None)
    except Exception:  # the user's class
        return None


def _differ(one: dict[str, Tensor] | None, other: dict[str, Tensor] | None) -> bool:
    if one is None or other is None:
        return False
    return any(not torch.equal(one[name], other[name]) for name in one)
