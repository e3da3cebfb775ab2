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


def find_once_differentiable(made: Any) -> str:
    """Return what computes parameters of an instance with wrong second derivatives; empty if nothing does.

    What is stored for weights, and computed of that, is these weights: nothing but the identity is differentiated.
    """
    for owner, name, computing in _find_computed(made) if isinstance(made, nn.Module) else ():
        value = getattr(made.get_submodule(owner), name).detach().double().requires_grad_()
        try:
            again = _compute(computing, _invert(computing, value))
            (first,) = torch.autograd.grad(again.square().sum(), value, create_graph=True)
            (second,) = torch.autograd.grad(first.square().sum(), value)
        except (NotImplementedError, RuntimeError):  # it is refused later, or differentiated once alone
            continue
        if torch.allclose(first, 2 * value) and not torch.allclose(second, 8 * value):
            return type(computing if isinstance(computing, WeightNorm) else next(iter(computing))).__name__
    return ""


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
    if not torch.allclose(_compute(computing, kept), value, rtol=1e-2, atol=1e-6, equal_nan=True):
        raise NotImplementedError(
            "these weights cannot be written: its parametrization returns others, as of a row of zeros"
        )
    return kept


def _compute(computing: ParametrizationList | WeightNorm, stored: list[Tensor]) -> Tensor:
    """Return what is computed of what is stored."""
    if isinstance(computing, WeightNorm):
        return torch._weight_norm(stored[1], stored[0], computing.dim)
    again: Any = stored
    parametrizations: list[Any] = list(computing)
    for one in parametrizations:
        again = [one(*again)]
    computed: Tensor = again[0]
    return computed
