"""What a function reads of its `**kwargs`, which its signature does not say: found in its source."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from inspect import Parameter
from typing import Any


def read_keywords(function: Callable[..., Any]) -> list[Parameter]:
    """Return what is read as `kwargs["name"]`, `kwargs.get("name", 1)` or `kwargs.pop("name")`, in order."""
    names = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.VAR_KEYWORD]
    if not names:
        return []
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # there is no source
        return []
    found = dict[str, Parameter]()
    nodes = sorted((n for n in ast.walk(tree) if isinstance(n, ast.Subscript | ast.Call)), key=_place_of)
    for name, default in (pair for node in nodes for pair in _read_node(node, names[0])):
        found.setdefault(name, Parameter(name, Parameter.KEYWORD_ONLY, default=default))
    return list(found.values())


def _place_of(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _read_node(node: ast.expr, kwargs: str) -> Iterator[tuple[str, Any]]:
    """Yield the name that is read, and its default."""
    read = node.func if isinstance(node, ast.Call) else node
    if not isinstance(read, ast.Subscript | ast.Attribute) or not _is_named(read.value, kwargs):
        return
    if isinstance(read, ast.Subscript):
        name = read.slice
    elif isinstance(node, ast.Call) and read.attr in ("get", "pop") and node.args:
        name = node.args[0]
    else:
        return
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        yield name.value, _read_default(node) if isinstance(node, ast.Call) else Parameter.empty


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _read_default(node: ast.Call) -> Any:
    """Return the default of `get` or `pop`, as far as it is written out."""
    if len(node.args) > 1:
        with suppress(ValueError):
            return ast.literal_eval(node.args[1])
        return None
    return None if isinstance(node.func, ast.Attribute) and node.func.attr == "get" else Parameter.empty
