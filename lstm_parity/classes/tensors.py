"""The parameters of an instance: of a module, or arrays that are attributes or in dicts of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import nn

_BESIDE = re.compile(r"^(grads?|gradients?|deltas?|d|m|v)[._]?|[._]?(grads?|gradients?)$")  # of what it is beside
_STATE_NAMES = ("h", "c", "h_t", "c_t", "hidden", "state", "states", "cell")


def own_tensors(made: Any) -> dict[str, Any]:
    """Return the parameters of an instance by name: of a module, or arrays that are attributes or in dicts of them."""
    if isinstance(made, nn.Module):
        return dict(made.named_parameters())
    found = dict[str, Any]()
    for name, value in vars(made).items():
        parts = {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
        for own, part in parts.items():
            if isinstance(part, np.ndarray) and part.dtype.kind == "f" and part.size and own not in _STATE_NAMES:
                found[own] = part
    return {name: value for name, value in found.items() if not _is_beside(name, value, found)}


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
    for name, value in tensors.items():
        owner, _, key = name.partition(".")
        if key:
            getattr(made, owner)[key] = value
        else:
            setattr(made, owner, value)
