"""An instance called with tensors in the place of its parameters, so that it can be differentiated by them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.func import functional_call

from lstm_parity.classes.calling import Convention, Rows
from lstm_parity.classes.computed import store_computed
from lstm_parity.classes.gradients.backward import Backward, find_kept
from lstm_parity.classes.gradients.places import CELL, HIDDEN, INPUT
from lstm_parity.classes.tensors import put_tensors

_States = tuple[Tensor, Tensor] | None


def call_filled(
    made: Any, tensors: dict[str, Tensor], convention: Convention, x: Tensor, states: _States, rows: Rows
) -> dict[str, Tensor]:
    """Call an instance with these parameters; return what there is of output, h and c."""
    if isinstance(made, HoldsWeights):
        return convention.call(made.fill(tensors), x, states, rows)
    if isinstance(made, torch.jit.ScriptModule):
        _put_scripted(made, tensors)
        return convention.call(made, x, states, rows)
    if isinstance(made, nn.Module):
        return convention.call(Functional(made, tensors), x, states, rows)
    put_tensors(made, {name: value.detach().numpy().copy() for name, value in tensors.items()})
    return convention.call(made, x, states, rows)


class HoldsWeights(nn.Module):
    """A module that only holds the arguments of a function, so that it need not be called itself."""

    def fill(self, tensors: dict[str, Tensor]) -> Any:
        """Return what is called in its place, with these tensors in the place of its parameters."""
        raise NotImplementedError


def _put_scripted(made: Any, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors into a scripted module, with their graphs: torch's stateless calls refuse these."""
    for name, value in tensors.items():
        *owners, key = name.split(".")
        reduce(getattr, owners, made)._c.setattr(key, value)


class Functional:
    """A module called with tensors in the place of its parameters."""

    def __init__(self, module: nn.Module, tensors: dict[str, Tensor]) -> None:
        self.module, self.tensors = module, store_computed(module, tensors)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return functional_call(self.module, self.tensors, arguments, named)


def needs_backward(values: Sequence[Tensor]) -> bool:
    """Whether a call has to be differentiated by any of these."""
    return torch.is_grad_enabled() and any(value.requires_grad for value in values)


def call_derived(
    made: Any, tensors: dict[str, Tensor], backward: Backward, x: Tensor, states: _States
) -> dict[str, Tensor]:
    """Call an instance with these parameters; what is returned is differentiated by its own backward pass.

    Raises NotImplementedError for states that have to be differentiated by, and of which it returns no gradient.
    """
    if backward.convention.is_cell and len(x) > 1:
        return _derive_steps(made, tensors, backward, x, states)
    given = dict(zip((HIDDEN, CELL), states or (), strict=False))
    for name, state in given.items():
        if state.requires_grad and name not in backward.places:
            raise NotImplementedError(f"{backward.method} of {type(made).__name__} gives no gradient of {name}")
    run = _Run(made, backward, (INPUT, *given, *tensors), len(given))
    found = _Derived.apply(run, x, *given.values(), *tensors.values())  # type: ignore[no-untyped-call]
    named = dict(zip(backward.results, found, strict=True))
    return named | {"output": named["h"]} if backward.convention.is_cell else named


def _derive_steps(
    made: Any, tensors: dict[str, Tensor], backward: Backward, x: Tensor, states: _States
) -> dict[str, Tensor]:
    """Call a cell step by step, each step with its own backward pass."""
    outputs, found = [], dict[str, Tensor]()
    for frame in x:
        found = call_derived(made, tensors, backward, frame[None], states)
        states = found["h"], found["c"]
        outputs.append(found["h"][-1])
    return found | {"output": torch.stack(outputs)}


@dataclass(eq=False)
class _Run:
    """A call that is differentiated; states: how many it is given. kept: what a cell returned for its backward pass."""

    made: Any
    backward: Backward
    names: tuple[str, ...]
    states: int
    kept: Any = None

    def run(self, x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        """Call it; what it keeps for its backward pass is kept here."""
        states: Any = rest[: self.states] or None
        tensors = dict(zip(self.names[1 + self.states :], rest[self.states :], strict=True))
        self.made = copy.deepcopy(self.made)
        convention = self.backward.convention
        if self.backward.cache and convention.recipe is not None:
            put_tensors(self.made, {name: value.detach().numpy().copy() for name, value in tensors.items()})
            returned = convention.raw(self.made, x, states)
            self.kept, found = find_kept(returned), convention.read(convention.recipe, returned, x[0])
        else:
            found = call_filled(self.made, tensors, convention, x, states, None)
        return tuple(found[name] for name in self.backward.results)


class _Derived(torch.autograd.Function):
    """A call whose derivatives are those of the class's own backward pass."""

    @staticmethod
    def forward(ctx: Any, run: _Run, *values: Tensor) -> tuple[Tensor, ...]:
        ctx.run, ctx.shapes = run, [(value.shape, value.dtype) for value in values]
        found = run.run(*values)
        ctx.other = values[0].new_zeros(run.backward.convention.slots, values[0].shape[1], found[0].shape[-1])
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *derivatives: Tensor) -> Any:
        run = ctx.run
        made = copy.deepcopy(run.made)  # it may be called twice, and may add to what it finds
        is_cell = run.backward.convention.is_cell
        given = [ctx.other] * is_cell + [*derivatives, *[ctx.other] * (3 - len(derivatives))]
        returned = run.backward.run(made, given[0], given[1], given[2], run.kept)
        shapes = dict(zip(run.names, (shape for shape, _ in ctx.shapes), strict=True))
        found = run.backward.collect(returned, made, shapes)
        kept = [found.get(name) for name in run.names]
        cast = [g if g is None else g.to(kind) for g, (_, kind) in zip(kept, ctx.shapes, strict=True)]
        return (None, *cast)
