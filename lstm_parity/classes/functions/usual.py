"""Whether a function is called as `layer:` and `cell:` say, and results of another form than they say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from inspect import Parameter
from typing import Any

import torch
from torch import Tensor

from lstm_parity.classes.calling import Convention, StateForm
from lstm_parity.classes.results import find_recipe
from lstm_parity.classes.trials.conventions import is_state

_WEIGHT = (
    r"weight|bias|kernel|matrix|^(w|u|v|b|r)$"
    r"|^[wubr]_?(x|h|i|f|g|c|o|u|a|y|ih|hh|hr|ho|xh|xi|xf|xc|xg|xo|hi|hf|hc|hg)\d?$"
)
_INPUT = r"^(x|xs|x_?t|inp|input|inputs)$"
_USUAL = 6  # input, state, w_ih, w_hh, b_ih, b_hh


def is_weight(parameter: Parameter) -> bool:
    """Whether a parameter is a weight, by its name."""
    return bool(re.search(_WEIGHT, parameter.name.lower()))


def is_usual(function: Callable[..., Any]) -> bool:
    """Whether a function may be called with (input, (h, c), w_ih, w_hh, b_ih, b_hh), and its names say nothing else."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a built-in function
        return True
    parameters = list(signature.parameters.values())
    try:
        signature.bind(*range(_USUAL))
    except TypeError:
        return len(parameters) < 3  # nothing that could be weights
    weights = [p for p in parameters[:_USUAL] if not is_weight(p)]
    others = [p for p in weights if is_state(p) or re.search(_INPUT, p.name.lower())]
    return all(p in parameters[:2] for p in others) and not any(is_weight(p) for p in parameters[:2])


def read_results(returned: Any, x: Tensor, state: tuple[Tensor, Tensor], *, cell: bool) -> Any:
    """Return results of another form as (output, (h, c)), of a cell as (h, c); as they are, if these are not found.

    x: (B, T, I), or (B, I) of a cell.
    """
    if _is_usual_result(returned, cell=cell):
        return returned
    h, c = state
    convention = Convention("", "bi" if cell else "bti", StateForm(("state",), "tuple", 2), 1, 1, False, True)
    try:
        recipe = find_recipe(returned, convention, 0 if cell else x.shape[1], len(x), (c.shape[-1], h.shape[-1]))
        if recipe is None or not {"h", "c"} <= set(recipe.paths) or (not cell and "output" not in recipe.paths):
            return returned
        found = convention.read(recipe, returned, x if cell else x.transpose(0, 1))
    except (TypeError, ValueError, IndexError, RuntimeError):  # of no form at all
        return returned
    last = found["h"][0], found["c"][0]
    return last if cell else (found["output"].transpose(0, 1), last)


def _is_usual_result(returned: Any, *, cell: bool) -> bool:
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        return False
    states = returned if cell else returned[1]
    if not isinstance(states, tuple | list) or len(states) != 2:
        return False
    return all(isinstance(value, torch.Tensor) for value in (*states, *returned[:1]))
