"""Which of nn.LSTM's arguments an argument of a class is, by its name and its default."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

# what a parameter is, by its name; the first that fits
_ROLES: Mapping[str, str] = {
    "dropout": r"drop|zoneout",
    "input_size": r"(^|_)(in|inp|input|inputs|emb|embed|embedding|feat|feature|features|x|vocab|i)(_|$)"
    r"|input|embed|feature|^ninp?$|^idim$|^insize$|^nin$|^d_x$",
    "num_layers": r"layer|depth|^stack",
    "bidirectional": r"^bi$|bidir|both_dir|^direction",
    "batch_first": r"^batch_first$|^batch_major$",
    "time_first": r"^time_major$|^time_first$|^seq_first$",
    "bias": r"^(use_|with_|has_)?bias(es)?$",
    "return_sequences": r"return_seq",
    "proj_size": r"^recurrent|^n_?rec",
    "hidden_size": r"hid|unit|state|memory|rnn|lstm|cell|out|proj|^hdim$|^nh$|channels$|(^|_)(h|a)(_|$)",
}
SIZES = ("input_size", "hidden_size")
_CHANCE = r"^(p|rate)$"  # of the probability of dropout, if the default is a number
_KEPT = r"(^|_)(keep|retain|kept)(_|$)"  # of that to be kept
_TOKENS = r"vocab|num_embed|^n_?(tokens?|chars?|words)$"  # of an embedding, if its width has a name beside it
_HEAD = r"out|class|label|target|tags?(_|$)|(^|_)y(_|$)"  # of what a layer behind the LSTM returns
_PROJECTED = r"proj|recurrent"  # of a hidden state that has another size beside it


def find_role(name: str) -> str | None:
    """Return which of nn.LSTM's arguments a name means; None if it means none."""
    return next((role for role, pattern in _ROLES.items() if re.search(pattern, name.lower())), None)


def is_of_dropout(name: str, default: Any) -> bool:
    """Whether an argument is about dropout, by its name and its default."""
    may_be = _is_number(default) and bool(re.search(rf"{_CHANCE}|{_KEPT}", name.lower()))
    return may_be or find_role(name) == "dropout"


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def list_chances(names: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the arguments that may be a probability of dropout: that have a number as a default, or none."""
    of_it = {name: default for name, default in names.items() if is_of_dropout(name, default)}
    empty = inspect.Parameter.empty
    return tuple(name for name, default in of_it.items() if default is empty or _is_number(default))


def turn_chance(name: str, p: float) -> float:
    """Return the value of an argument with which numbers are dropped with probability p."""
    return 1.0 - p if re.search(_KEPT, name.lower()) else p


def assign_roles(names: Mapping[str, Any]) -> dict[str, str]:
    """Return which of nn.LSTM's arguments each name means; of two that mean the same, the first."""
    found = dict[str, str]()
    others = [n for n in names if find_role(n) == "hidden_size" and not re.search(_PROJECTED, n.lower())]
    first = [n for n in others if not re.search(_HEAD, n.lower())]
    widths = [n for n in names if find_role(n) == "input_size" and not re.search(_TOKENS, n.lower())]
    tokens = [n for n in names if widths and re.search(_TOKENS, n.lower())]
    for name, default in names.items():
        if is_of_dropout(name, default):
            continue
        role = "num_embeddings" if name in tokens else find_role(name)
        is_head = bool(first) and role in ("hidden_size", None) and bool(re.search(_HEAD, name.lower()))
        role = "head_size" if is_head and name not in first else role
        role = "proj_size" if role == "hidden_size" and others and re.search(_PROJECTED, name.lower()) else role
        if role in (*SIZES, "head_size") and (isinstance(default, bool | str | float) or default is None):
            role = None
        if role == "num_layers" and isinstance(default, bool):  # layer_norm, say
            role = None
        if role in ("bias", "batch_first", "time_first") and not isinstance(default, bool | type(inspect._empty)):
            role = None
        if role is not None:
            found.setdefault(role, name)
    sizes = [n for n, default in names.items() if default is inspect.Parameter.empty and n not in found.values()]
    sizes = [n for n in sizes if not is_of_dropout(n, names[n])]
    for role in SIZES:  # two sizes of which one is known, or neither
        if role not in found and len(sizes) == sum(r not in found for r in SIZES):
            found[role] = sizes.pop(0)
    return found
