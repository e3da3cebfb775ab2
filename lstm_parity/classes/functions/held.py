"""A function made into a class that holds its weights as parameters, and the shapes that these may have."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from inspect import Parameter
from typing import Any

import torch
from torch import Tensor, nn

from lstm_parity.classes.loaded.filled import HoldsWeights

Shapes = Callable[[int, int], dict[str, tuple[int, ...]]]  # of input_size and hidden_size

_BIAS = r"bias|^b"
_OF_HIDDEN = r"^[ur]|hh|wh|h2h|recurrent|w_?h|_h$"
_ONE_EACH = 4  # gates


def hold_weights(function: Callable[..., Any], weights: Sequence[str], shapes: Shapes) -> type:
    """Return a class of modules, made with input_size and hidden_size, that call a function on their parameters."""
    parameters = list(inspect.signature(function).parameters.values())
    others = [p for p in parameters if p.name not in weights]
    defaults = {p.name: p.default for p in others if p.default is not p.empty}
    by_place = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    by_name = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]

    class Held(HoldsWeights):
        def __init__(self, input_size: int, hidden_size: int) -> None:
            super().__init__()
            for name, shape in shapes(input_size, hidden_size).items():
                self.register_parameter(name, nn.Parameter(torch.zeros(shape)))

        def fill(self, tensors: dict[str, Tensor]) -> Any:
            def call(*arguments: Any, **named: Any) -> Any:
                given = defaults | tensors | dict(zip((p.name for p in others), arguments, strict=False)) | named
                return function(*(given[name] for name in by_place), **{name: given[name] for name in by_name})

            return call

        def forward(self, *arguments: Any, **named: Any) -> Any:
            return self.fill(dict(self.named_parameters()))(*arguments, **named)

    this = Parameter("self", Parameter.POSITIONAL_ONLY)
    free = [p if p.kind is p.KEYWORD_ONLY else p.replace(kind=p.POSITIONAL_OR_KEYWORD) for p in others]
    free.sort(key=lambda p: p.default is not p.empty and p.kind is not p.KEYWORD_ONLY)
    Held.forward.__signature__ = inspect.Signature([this, *free])  # type: ignore[attr-defined]
    Held.__name__ = getattr(function, "__name__", "function")
    return Held


def list_shapes(weights: Sequence[str]) -> Iterator[Shapes]:
    """Yield the shapes that weights of these names may have, nn.LSTM's first."""
    biases = [name for name in weights if re.search(_BIAS, name.lower())]
    matrices = [name for name in weights if name not in biases]
    each = len(weights) > _ONE_EACH + 1 and len(matrices) % _ONE_EACH == 0
    for parts in _list_parts(matrices, 2 * _ONE_EACH if each else 2):
        for is_turned in (False, True):
            for row in (False, True):
                yield _make_shapes(parts, biases, 1 if each else _ONE_EACH, is_turned, row)


def _list_parts(matrices: Sequence[str], count: int) -> Iterator[dict[str, str]]:
    """Yield what the matrices are of: "x", "h", or both, by their names and by their order."""
    if len(matrices) != count:
        yield dict.fromkeys(matrices, "xh")
        return
    named = {name: "h" if re.search(_OF_HIDDEN, name.lower()) else "x" for name in matrices}
    half = len(matrices) // 2
    orders = [named] if list(named.values()).count("h") == half else []
    orders += [
        {name: "xh"[k % 2] for k, name in enumerate(matrices)},
        {name: "xh"[k >= half] for k, name in enumerate(matrices)},
    ]
    orders += [{name: "hx"[k % 2] for k, name in enumerate(matrices)}]
    yield from (dict(one) for one in dict.fromkeys(tuple(order.items()) for order in orders))


def _make_shapes(parts: dict[str, str], biases: Sequence[str], gates: int, is_turned: bool, row: bool) -> Shapes:
    def shapes(input_size: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
        widths = {"x": input_size, "h": hidden_size, "xh": input_size + hidden_size}
        sizes = {name: (gates * hidden_size, widths[part]) for name, part in parts.items()}
        found = {name: size[::-1] if is_turned else size for name, size in sizes.items()}
        one = ((1, gates * hidden_size) if is_turned else (gates * hidden_size, 1)) if row else (gates * hidden_size,)
        return {**found, **dict.fromkeys(biases, one)}

    return shapes
