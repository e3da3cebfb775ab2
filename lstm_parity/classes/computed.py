"""Parameters of a module that are computed from others at every use: by a parametrization, or by weight norm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList
from torch.nn.utils.weight_norm import WeightNorm


def name_computed(made: nn.Module, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Return tensors with those that are computed in the place of those that are stored."""
    found = dict(tensors)
    for owner, name, computing in _find_computed(made):
        stored = _list_stored(owner, name, computing)
        if set(stored) <= set(found):
            places = list(found)
            value = getattr(made.get_submodule(owner), name)
            value = computing.compute_weight(made.get_submodule(owner)) if isinstance(computing, WeightNorm) else value
            found[_join(owner, name)] = value
            places[places.index(stored[0])] = _join(owner, name)
            found = {one: found[one] for one in places if one not in stored}
    return found


def store_computed(made: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors with those that are stored in the place of those that are computed; differentiable."""
    found = dict(tensors)
    for owner, name, computing in _find_computed(made):
        if (own := _join(owner, name)) in found:
            values = _invert(computing, found.pop(own))
            found |= dict(zip(_list_stored(owner, name, computing), values, strict=True))
    return found


def has_computed(made: Any) -> bool:
    """Whether parameters of an instance are computed from others."""
    return isinstance(made, nn.Module) and next(_find_computed(made), None) is not None


def detach_computed(made: nn.Module) -> None:
    """Let what weight norm has computed be no part of a graph, so that the module can be copied."""
    for owner, name, computing in _find_computed(made):
        if isinstance(computing, WeightNorm):
            module = made.get_submodule(owner)
            setattr(module, name, getattr(module, name).detach())


def _find_computed(made: nn.Module) -> Iterator[tuple[str, str, ParametrizationList | WeightNorm]]:
    """Yield the names of a submodule and of a parameter, and what computes it."""
    for owner, module in made.named_modules():
        every: Any = getattr(module, "parametrizations", {})
        if isinstance(every, nn.ModuleDict):
            yield from ((owner, name, one) for name, one in every.items() if isinstance(one, ParametrizationList))
        hooks: Mapping[int, Any] = getattr(module, "_forward_pre_hooks", {})
        yield from ((owner, hook.name, hook) for hook in hooks.values() if isinstance(hook, WeightNorm))


def _list_stored(owner: str, name: str, computing: ParametrizationList | WeightNorm) -> list[str]:
    if isinstance(computing, WeightNorm):
        return [_join(owner, f"{name}{end}") for end in ("_g", "_v")]
    names = ["original"] if computing.is_tensor else [f"original{k}" for k in range(computing.ntensors)]
    return [_join(owner, f"parametrizations.{name}.{one}") for one in names]


def _join(owner: str, name: str) -> str:
    return f"{owner}.{name}" if owner else name


def _invert(computing: ParametrizationList | WeightNorm, value: Tensor) -> list[Tensor]:
    """Return what has to be stored, so that a value is computed. Raises NotImplementedError if that is not known."""
    if isinstance(computing, WeightNorm):
        return [torch.norm_except_dim(value, 2, computing.dim), value]
    stored: Any = value
    parametrizations: list[Any] = list(computing)
    for one in reversed(parametrizations):
        if not hasattr(one, "right_inverse"):
            raise NotImplementedError(f"{type(one).__name__} has no right_inverse, by which weights could be written")
        stored = one.right_inverse(stored)
    kept = [stored] if isinstance(stored, Tensor) else list(stored)
    again: Any = kept
    for one in parametrizations:
        again = [one(*again)]
    if not torch.allclose(again[0], value, rtol=1e-2, atol=1e-6, equal_nan=True):
        raise NotImplementedError(
            "these weights cannot be written: its parametrization returns others, as of a row of zeros"
        )
    return kept
