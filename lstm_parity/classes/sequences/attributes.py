"""States that are attributes of a module, to be set before a call, as by `model.hidden = model.init_hidden()`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

from torch import nn

_MAKES = r"^(init|reset|clear|zero|new|make|detach|repackage)_?\w*(hidden|state|memory|carry)"  # methods
_STATES = (
    r"^(last_|prev_)?(h|c|hx|cx|hc|h_t|c_t|hidden|hiddens|states?|carry|memory|hidden_states?|cell_state|(h|c)_prev)$"
)


def find_state_attributes(made: Any) -> list[str]:
    """Return the names of attributes that hold states, of a module that leaves it to its caller to set them.

    It has a method that makes states, which none of its others calls but the constructor.
    """
    if not isinstance(made, nn.Module):
        return []
    methods = dict(_list_methods(type(made)))
    makers = [name for name in methods if re.search(_MAKES, name)]
    used = [n for name, f in methods.items() if name not in ("__init__", *makers) for n in _list_names(f.__code__)]
    if not makers or set(makers) & set(used):
        return []
    return [n for n in dict.fromkeys(used) if re.search(_STATES, n) and not hasattr(type(made), n)]


def _list_methods(kind: type) -> Iterator[tuple[str, FunctionType]]:
    for one in reversed([k for k in kind.__mro__ if k.__module__.partition(".")[0] not in ("builtins", "torch")]):
        yield from ((name, value) for name, value in vars(one).items() if isinstance(value, FunctionType))


def _list_names(code: CodeType) -> tuple[str, ...]:
    inner = [name for part in code.co_consts if isinstance(part, CodeType) for name in _list_names(part)]
    return (*code.co_names, *inner)


def call_with_attributes(made: Any, values: Mapping[str, Any], call: Callable[[], Any]) -> Any:
    """Set attributes of a module, call it, and return what it returns, with the attributes that it set anew behind."""
    before = {name: vars(made)[name] for name in values if name in vars(made)}
    for name, value in values.items():
        setattr(made, name, value)
    try:
        returned = call()
        after = {name: getattr(made, name) for name, value in values.items() if getattr(made, name) is not value}
    finally:
        for name in values:
            if name in before:
                setattr(made, name, before[name])
            elif name in vars(made):
                delattr(made, name)
    if not after:
        return returned
    return (returned, after) if len(after) > 1 else (returned, *after.values())
