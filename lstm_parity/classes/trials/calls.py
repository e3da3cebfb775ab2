"""Small calls: whether a way of calling an instance returns what may be an LSTM's."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from lstm_parity.classes.calling import Convention
from lstm_parity.classes.declared import Declaration
from lstm_parity.classes.results import find_recipe
from lstm_parity.classes.trials.conventions import list_conventions
from lstm_parity.reference.noise.model import Array

Sizes = tuple[int, int, int]  # the width of what a layer reads, and the sizes of its c and h
STEPS, ROWS = 6, 2  # no two sizes are alike: INPUT, HIDDEN and PROJECTED are others


def try_conventions(
    made: Any, sizes: Sizes, slots: int, directions: int, stacks: bool, declared: Declaration, reasons: list[str]
) -> Iterator[tuple[Convention, dict[str, Array]]]:
    """Yield the ways of calling that return what may be an LSTM's, each with what that is.

    reasons: what was raised by those that did not is added to it.
    """
    with_states = False
    for convention in list_conventions(made, slots, directions, stacks=stacks):
        if convention.states is None and with_states:  # how states are given is known: they are never left out
            continue
        if not declared.allows_call(convention):
            continue
        try:
            tried = _try_convention(convention, made, sizes, declared)
        except Exception as error:  # the user's class, called wrongly
            if not convention.is_packed:
                reasons.append(f"called on x with axes {convention.axes}, it raised {type(error).__name__}: {error}")
            continue
        if tried is not None:
            with_states = with_states or convention.states is not None
            yield tried


def _try_convention(
    convention: Convention, made: Any, sizes: Sizes, declared: Declaration
) -> tuple[Convention, dict[str, Array]] | None:
    """Call a copy of an instance; None if what it returns is not an LSTM's, or depends on other rows of the batch."""
    x, h, c = draw_inputs(4, convention.slots, sizes)
    if convention.states and convention.states.form == "h":
        c = torch.zeros_like(c)
    states = (h, c) if convention.states else None
    other = x.clone()
    other[:, 0] += 1.0
    with torch.no_grad():
        returned = convention.raw(copy.deepcopy(made), x, states)
        recipe = declared.declare_results(find_recipe(returned, convention, STEPS, ROWS, sizes[1:]))
        if recipe is None:
            return None
        if convention.is_packed and convention.axes == "tbi" and "output" not in recipe.paths:
            return None  # it may be padded the other way
        complete = replace(convention, recipe=recipe)
        results, moved = (complete.call(copy.deepcopy(made), one, states) for one in (x, other))
        if not _moves_row_alone(results, moved, 0) or not _reads_states(complete, made, x, states, results):
            return None
        if not complete.is_cell and not _remembers(complete, made, x, states, results):
            return None
    inputs = {"x": x, **({"h_0": h, "c_0": c} if states else {})}
    return complete, {name: value.numpy() for name, value in {**inputs, **results}.items()}


def draw_inputs(seed: int, slots: int, sizes: Sizes, steps: int = STEPS) -> tuple[torch.Tensor, ...]:
    """Draw x (T, B, I), h_0 and c_0 (slots, B, .), small enough that most of what is clipped is not."""
    rng, (width, hidden, recurrent) = np.random.default_rng(seed), sizes
    shapes = (steps, ROWS, width), (slots, ROWS, recurrent), (slots, ROWS, hidden)
    return tuple(torch.from_numpy(0.5 * rng.standard_normal(shape)) for shape in shapes)


def _moves_row_alone(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor], row: int) -> bool:
    """Whether two results differ in a row of the batch, and in no other."""
    moved = torch.stack([(one[name] - other[name]).abs().amax((0, 2)) for name in one]).amax(0) != 0.0
    return bool(moved[row]) and int(moved.sum()) == 1


def _remembers(
    convention: Convention, made: Any, x: torch.Tensor, states: Any, results: Mapping[str, torch.Tensor]
) -> bool:
    """Whether a step changes the output of another."""
    if "output" not in results:
        return True
    for step, others in ((0, slice(1, None)), (-1, slice(-1))):
        other = x.clone()
        other[step] += 1.0
        if not torch.equal(
            convention.call(copy.deepcopy(made), other, states)["output"][others], results["output"][others]
        ):
            return True
    return False


def _reads_states(
    convention: Convention, made: Any, x: torch.Tensor, states: Any, results: Mapping[str, torch.Tensor]
) -> bool:
    """Whether the states of a row change its results, and no other row's."""
    if states is None:
        return True
    given = tuple(state.clone() for state in states)
    for state in given:
        state[:, -1] += 1.0
    other = convention.call(copy.deepcopy(made), x, given)
    return _moves_row_alone(results, other, ROWS - 1)
