"""The parameters of an instance: of a module, or arrays in its attributes, dicts, lists and other objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
from torch import nn

from lstm_parity.classes.computed import name_computed

_BESIDE = re.compile(r"^(grads?|gradients?|deltas?|d|m|v)[._]?|[._]?(grads?|gradients?)$")  # of what it is beside
_STATE_NAMES = ("h", "c", "h_t", "c_t", "hidden", "state", "states", "cell")
_BUILT_IN = ("builtins", "numpy", "torch")
_DEEPEST = 4


def own_tensors(made: Any) -> dict[str, Any]:
    """Return the parameters of an instance by name: of a module, or arrays that it holds that are no states.

    Of what is computed by a parametrization, that, by its own name; an embedding's weights are no parameters here.
    """
    if isinstance(made, nn.Module):
        others = {name for name, _ in find_embeddings(made)}
        found = {name: value for name, value in made.named_parameters() if name not in others}
        return name_computed(made, found)
    found = dict[str, Any]()
    for name, (owner, key) in list_places(made).items():
        value = owner[key]
        is_state = key in _STATE_NAMES and isinstance(owner, _Attributes)
        if value.dtype.kind == "f" and value.size and not is_state:
            found[name] = value
    return {name: value for name, value in found.items() if not _is_beside(name, value, found)}


def find_embeddings(made: nn.Module) -> list[tuple[str, nn.Embedding]]:
    """Return the embeddings in a module, with the names of their weights."""
    every = made.named_modules()
    return [(f"{name}.weight".lstrip("."), one) for name, one in every if isinstance(one, nn.Embedding)]


class _Attributes(dict[str, Any]):
    """The attributes of an object, which are set as they are set in this."""

    def __init__(self, owner: Any) -> None:
        super().__init__(vars(owner))
        self.owner = owner

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self.owner, key, value)


def list_places(made: Any) -> dict[str, tuple[MutableMapping[Any, Any] | list[Any], Any]]:
    """Return where the arrays of an instance are, by name: what holds each, and under which key."""
    return {name: (owner, key) for name, owner, key in _walk(_Attributes(made), "", 0)}


def _walk(owner: Any, prefix: str, depth: int) -> Iterator[tuple[str, Any, Any]]:
    for key, value in list(owner.items() if isinstance(owner, Mapping) else enumerate(owner)):
        name = f"{prefix}{key}"
        if isinstance(value, np.ndarray):
            yield name, owner, key
        elif depth == _DEEPEST:
            continue
        elif isinstance(value, dict | list):
            yield from _walk(value, f"{name}.", depth + 1)
        elif isinstance(value, tuple):  # its own arrays cannot be set, those of objects in it can
            for place, one in enumerate(value):
                yield from _walk_object(one, f"{name}.{place}.", depth + 1)
        else:
            yield from _walk_object(value, f"{name}.", depth)


def is_own_object(value: Any) -> bool:
    """Whether a value is an object with attributes, of a class that neither Python, NumPy nor torch has."""
    is_object = hasattr(value, "__dict__") and not isinstance(value, type | FunctionType | ModuleType)
    return is_object and type(value).__module__.partition(".")[0] not in _BUILT_IN


def _walk_object(value: Any, prefix: str, depth: int) -> Iterator[tuple[str, Any, Any]]:
    if is_own_object(value):
        yield from _walk(_Attributes(value), prefix, depth + 1)


def held_tensors(made: Any) -> dict[str, Any]:
    """Return the parameters of an instance, and matrices of a module that are none: fixed ones, perhaps."""
    if not isinstance(made, nn.Module):
        return own_tensors(made)
    fixed = {name: value for name, value in made.named_buffers() if value.dim() == 2 and value.is_floating_point()}
    return own_tensors(made) | fixed


def _is_beside(name: str, value: Any, tensors: Mapping[str, Any]) -> bool:
    """Whether a tensor is the gradient of another one, or what an optimizer keeps of that, by its name and shape."""
    others = {other.rpartition(".")[2] for other, one in tensors.items() if one.shape == value.shape and other != name}
    last = name.rpartition(".")[2]
    return last != _BESIDE.sub("", last, 1) in others or (last in others and _BESIDE.match(name) is not None)


def put_tensors(made: Any, tensors: Mapping[str, Any]) -> None:
    """Write values into the arrays of an instance."""
    places = list_places(made)
    for name, value in tensors.items():
        owner, key = places[name]
        owner[key] = value
