"""The sizes of what is constructed without any being given: found in the shapes of its parameters."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import torch
from torch import nn

from lstm_parity.classes.layouts.beside import list_beside
from lstm_parity.classes.layouts.layout import find_layouts
from lstm_parity.classes.tensors import own_tensors

_GATES = 4
_STACKS = ((1, 1), (1, 2), (2, 1), (3, 1), (2, 2), (3, 2))  # layers and directions


def make_copies(made: nn.Module) -> Callable[[], nn.Module]:
    """Return what makes a copy of an object, in the place of its class."""

    def build() -> nn.Module:
        with torch.no_grad():  # a scripted module copies its parameters by torch's own operations
            return copy.deepcopy(made)

    build.__name__ = str(getattr(made, "original_name", type(made).__name__))
    return build


def find_fixed_sizes(make: Callable[[], Any]) -> tuple[int, int] | None:
    """Return the input size and the hidden size of what a call without arguments makes; None if it is no LSTM."""
    try:
        made = make()
    except Exception:  # the user's class
        return None
    shapes = {name: tuple(value.shape) for name, value in own_tensors(made).items()}
    if not shapes:
        return None
    numbers = {n for shape in shapes.values() for n in shape}
    hidden = sorted(numbers | {n // _GATES for n in numbers if n % _GATES == 0})
    every = [(one, pair) for one in (find_layouts, list_beside) for pair in product(sorted(numbers), hidden)]
    return next((pair for one, pair in every if _may_be(shapes, one, *pair)), None)


def _may_be(shapes: Mapping[str, tuple[int, ...]], find: Callable[..., Any], inputs: int, hidden: int) -> bool:
    """Whether tensors, all or some, may be an LSTM's of these sizes, with any number of layers and directions."""
    for layers, directions in _STACKS:
        widths = [inputs] + [directions * hidden] * (layers - 1)
        sizes = [(width, hidden, hidden) for width in widths for _ in range(directions)]
        if next(find(shapes, sizes, directions), None) is not None:
            return True
    return False
