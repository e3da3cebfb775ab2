"""The ways in which an instance may be called, by the names of its methods and of their parameters."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from inspect import Parameter
from typing import Any

from torch import nn

from lstm_parity.classes.calling import Convention, StateForm
from lstm_parity.classes.dropping.mode import find_argument
from lstm_parity.classes.sequences.attributes import find_state_attributes
from lstm_parity.classes.sequences.forms import Lengths, find_lengths, list_length_forms
from lstm_parity.classes.sequences.tokens import find_tokens

_METHODS = ("__call__", "forward", "run", "call", "step", "predict", "apply", "step_forward")
_SEQUENCES = ("tbi", "bti", "bit", "ibt", "ti", "it")  # the order of the axes time, batch and input
_CELLS = ("bi", "i")
_PADDED = ("tbi", "bti")  # what a packed sequence is padded to
_STATE = r"state|carry|hidden|init|prev|cell|hx|cx|(^|_)(h|c|hc|a|h0|r0|c0|a0|h_c)\d?(_|$)"
_CELL_STATE = r"^(init|initial|prev|last|old)?_?c|cell"
_BACKWARD = r"back|bptt|grad"


def list_conventions(made: Any, slots: int, directions: int, *, stacks: bool = False) -> Iterator[Convention]:
    """Yield the ways in which an instance may be called; stacks: whether it may have more layers or directions."""
    is_numpy, tokens = not isinstance(made, nn.Module), find_tokens(made)
    for method in _methods(made):
        first, parameters = _find_input(read_parameters(getattr(made, method or "forward")))
        keyword = first.name if first.kind is first.KEYWORD_ONLY else ""
        mode, lengths = find_argument(parameters), list_lengths(parameters, required=True) or [None]
        states = [p for p in parameters if is_state(p) and p is not find_lengths(parameters)]
        required = any(p.default is p.empty for p in states)
        names, kinds = [p.name for p in states], [] if is_numpy else _list_kinds(made)
        held = [] if names else find_state_attributes(made)
        forms: list[StateForm | None] = [*list_forms(names or held, slots, stacks, kinds)]
        forms = [f and dataclasses.replace(f, is_attribute=True) for f in forms] if held else forms
        required, forms = required or bool(held), forms if required or held else [*forms, None]
        packs = [False] if is_numpy or lengths != [None] else [False, True]
        for is_packed in packs:
            for axes in _PADDED if is_packed else (*_SEQUENCES, *_CELLS):
                for form in forms:
                    for length in lengths if axes in _SEQUENCES[:4] else [None]:
                        one = Convention(method, axes, form, slots, directions, is_numpy, required, None, length)
                        yield dataclasses.replace(one, is_packed=is_packed, keyword=keyword, tokens=tokens, mode=mode)
        for axes in ("tbi", "ti", *_CELLS) if is_numpy else ():
            for form in forms:
                one = Convention(method, axes, form, slots, directions, is_numpy, required)
                yield dataclasses.replace(one, keyword=keyword, is_turned=True, mode=mode)


def _find_input(parameters: list[Parameter]) -> tuple[Parameter, list[Parameter]]:
    """Return the parameter that x is given as, and the others; if states go before x, it is given by its name."""
    first, *others = parameters
    after = next((p for p in others if p.default is p.empty and not is_state(p)), None)
    if after is None or not is_state(first) or after.kind is not after.POSITIONAL_OR_KEYWORD:
        return first, others
    return after.replace(kind=Parameter.KEYWORD_ONLY), [p for p in parameters if p is not after]


def is_state(parameter: Parameter) -> bool:
    """Whether a parameter is given initial states, by its name."""
    return bool(re.search(_STATE, parameter.name.lower())) and parameter.kind is not Parameter.VAR_POSITIONAL


def list_lengths(parameters: Sequence[Parameter], *, required: bool) -> list[Lengths | None]:
    """Return the forms of the argument for lengths, if there is one that must be given, or one that may be."""
    found = find_lengths(parameters)
    if found is None or (found.default is found.empty) != required:
        return []
    return [*list_length_forms(found)]


def read_parameters(function: Callable[..., Any]) -> list[Parameter]:
    """Return the parameters of a function, of a method without self; of a scripted one, those of its schema."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        schema = getattr(function, "schema", None)
        if schema is None:
            raise
    return [
        Parameter(
            a.name,
            Parameter.POSITIONAL_OR_KEYWORD,
            default=a.default_value if a.has_default_value() else Parameter.empty,
        )
        for a in schema.arguments[1:]
    ]


def _methods(made: Any) -> list[str]:
    if isinstance(made, nn.Module):
        return [""]
    own = [name for name in _METHODS if any(name in vars(one) for one in type(made).__mro__[:-1])]
    more = [n for n in vars(type(made)) if n[:1] != "_" and callable(getattr(made, n, None)) and n not in own]
    return [name for name in (*own, *more) if _takes_input(getattr(made, name)) and not re.search(_BACKWARD, name)]


def _takes_input(function: Callable[..., Any]) -> bool:
    try:
        return bool(read_parameters(function))
    except (TypeError, ValueError):
        return False


def _list_kinds(made: Any) -> list[tuple[type, str, str]]:
    """The classes beside an instance's own that hold two values, an h and a c, with the names of these."""
    found = []
    for module in dict.fromkeys(one.__module__ for one in type(made).__mro__[:-1]):
        for kind in vars(sys.modules.get(module, sys)).values():
            if not isinstance(kind, type) or kind.__module__.partition(".")[0] == "torch":
                continue
            fields = [f.name for f in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
            fields = fields or [*getattr(kind, "_fields", ())]
            of_c = [name for name in fields if re.search(_CELL_STATE, name.lower())]
            of_h = [name for name in fields if name not in of_c]
            found += [(kind, of_h[0], of_c[0])] if len(of_c) == len(of_h) == 1 else []
    return found


def list_forms(
    names: Sequence[str], slots: int, stacks: bool, kinds: Sequence[tuple[type, str, str]] = ()
) -> Iterator[StateForm]:
    """Yield the forms in which states may be given as parameters of these names; kinds: of objects that hold two."""
    ranks = (3,) if slots > 1 else (3, 2) if stacks else (2, 3)
    if len(names) >= 2:
        order = (
            "ch" if re.search(_CELL_STATE, names[0].lower()) and not re.search(_CELL_STATE, names[1].lower()) else "hc"
        )
        yield from (StateForm(tuple(names[:2]), "two", rank, order) for rank in ranks)
    elif names:
        for rank in ranks:
            for form in ("tuple", "list", "stacked", "dict", "beside"):
                yield from (StateForm((names[0],), form, rank, order) for order in ("hc", "ch")[: 1 + (form != "dict")])
            yield from (StateForm((names[0],), "object", rank, "hc", kind) for kind in kinds)
        yield StateForm((names[0],), "pairs", 2)
        yield from (StateForm((names[0],), "h", rank) for rank in ranks)
