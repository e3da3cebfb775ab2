"""What a constructor takes: its parameters, those of classes that it inherits from, and a configuration's fields."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from torch import nn

from lstm_parity.classes.constructors.keywords import read_keywords
from lstm_parity.classes.constructors.roles import assign_roles


def list_parameters(made: Any) -> list[inspect.Parameter]:
    """The constructor's parameters; and those of the class that it inherits from, if it passes others on."""
    own = list[inspect.Parameter]()
    if not isinstance(made, type):
        return _list_named(made)
    for one in made.__mro__:
        if "__init__" not in vars(one) or one is nn.Module:
            continue
        found = list(inspect.signature(vars(one)["__init__"]).parameters.values())[1:]
        if one in (nn.RNNBase, nn.LSTM):
            usual = inspect.signature(nn.RNNBase).parameters.values()
            return [*own, *(p for p in usual if p.name != "mode")]
        own += _list_named(vars(one)["__init__"])[1:]
        if len(own) and (
            all(p in own for p in found) or "hidden_size" in assign_roles({p.name: p.default for p in own})
        ):
            return own
    return own


def _list_named(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters that have names, and what is read of those that have none."""
    every = inspect.signature(function).parameters.values()
    return [*(p for p in every if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)), *read_keywords(function)]


def find_config(parameter: inspect.Parameter, made: Any) -> Any:
    """What a parameter is like that may hold all sizes: a dataclass, or a default with fields."""
    if parameter.default not in (None, inspect.Parameter.empty):
        return parameter.default if list_fields(parameter.default) else None
    try:
        every = inspect.getmro(made) if isinstance(made, type) else ()
        function = next((vars(one)["__init__"] for one in every if "__init__" in vars(one)), made)
        hint = typing.get_type_hints(function).get(parameter.name)
    except Exception:  # the user's annotations
        return None
    options = [hint, *typing.get_args(hint)]
    return next((option for option in options if isinstance(option, type) and dataclasses.is_dataclass(option)), None)


def list_fields(like: Any) -> Mapping[str, Any]:
    """The fields of a configuration, with their defaults."""
    if isinstance(like, type) and dataclasses.is_dataclass(like):
        return {f.name: f.default for f in dataclasses.fields(like)}
    if isinstance(like, Mapping):
        return dict(like)
    if isinstance(like, SimpleNamespace) or (hasattr(like, "__dict__") and not callable(like)):
        return dict(vars(like))
    return {}
