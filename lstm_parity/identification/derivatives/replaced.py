"""What stands in the place of a derivative by mistake: other slopes, other values, a part of the rows or steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import combinations

import torch
from torch import Tensor

from lstm_parity.running.autograd import send_back

Function = Callable[[Tensor], Tensor]
Named = Mapping[str, Tensor]  # values of a step, by name
_Slope = Callable[[Function, Tensor, Tensor, Named], Tensor]


def _differentiate(function: Function, z: Tensor) -> Tensor:
    """Return the right slope of sigmoid or tanh at z."""
    return _of_value(function, function(z))


def _of_value(function: Function, a: Tensor) -> Tensor:
    """Return the slope of sigmoid or tanh from their value."""
    return a * (1.0 - a) if function is torch.sigmoid else 1.0 - a * a


def _slope_at(name: str, function: Function, z: Tensor, a: Tensor, v: Named) -> Tensor:
    return _differentiate(function, v.get(name, z).detach())


def _complement_of(name: str, function: Function, z: Tensor, a: Tensor, v: Named) -> Tensor:
    square: Tensor = v.get(name, a).detach() ** 2
    return 1.0 - square


SLOPES: Mapping[str, _Slope] = {  # from a function, sigmoid or tanh, its argument z, its value a, and a step's values
    "is taken at the value, not at its argument": lambda function, z, a, v: _differentiate(function, a),
    "is that of its value, taken at its argument": lambda function, z, a, v: _of_value(function, z),
    "is 1": lambda function, z, a, v: torch.ones_like(z),
    "is 1/2": lambda function, z, a, v: torch.full_like(z, 0.5),
    "is 1/4": lambda function, z, a, v: torch.full_like(z, 0.25),
    "is 1 - a": lambda function, z, a, v: 1.0 - a,
    "is a": lambda function, z, a, v: a,
    "is a^2": lambda function, z, a, v: a * a,
    "is 1 + a": lambda function, z, a, v: 1.0 + a,
    "is a * (1 - a), as of a sigmoid": lambda function, z, a, v: a * (1.0 - a),
    "is 1 - a^2, as of tanh": lambda function, z, a, v: 1.0 - a * a,
    "is that of sigmoid": lambda function, z, a, v: _differentiate(torch.sigmoid, z),
    "is that of tanh": lambda function, z, a, v: _differentiate(torch.tanh, z),
    "is that of a hard function": lambda function, z, a, v: ((a.abs() < 1.0) & (z.abs() < 1.0)).to(z.dtype),
    "is that of a relu": lambda function, z, a, v: (z > 0.0).to(z.dtype),
    **{f"is taken at {name}": partial(_slope_at, name) for name in ("c", "h", "h'", "g")},
    **{f"is 1 - {name}^2": partial(_complement_of, name) for name in ("c", "h", "h'", "g")},
}

_NAMES = ("i", "f", "g", "o", "c", "h", "c'", "tanh(c')", "h'")


def _power(name: str, power: int, v: Named) -> Tensor:
    found: Tensor = v[name] ** power
    return found


def _complement(name: str, v: Named) -> Tensor:
    return 1.0 - v[name]


def _product(one: str, other: str, v: Named) -> Tensor:
    return v[one] * v[other]


VALUES: Mapping[str, Callable[[Named], Tensor]] = {  # of the values of a step
    **{f"is {name}": partial(_power, name, 1) for name in _NAMES},
    **{f"is {name}^2": partial(_power, name, 2) for name in _NAMES},
    **{f"is 1 - {name}": partial(_complement, name) for name in _NAMES},
    **{f"is {one} * {other}": partial(_product, one, other) for one, other in combinations(_NAMES, 2)},
    "is 1": lambda v: torch.ones_like(v["c"]),
}
READ: Mapping[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {  # from h and c before a step, and h after it
    "is h after the step, not h before it": lambda h, c, new: new,
    "is c, not h": lambda h, c, new: c,
}


def _at_row(row: int) -> Callable[[Tensor, int, int], Tensor]:
    def share(x: Tensor, t: int, steps: int) -> Tensor:
        kept = torch.zeros(len(x), 1, dtype=x.dtype)
        kept[row] = 1.0
        return kept

    return share


SHARES: Mapping[str, Callable[[Tensor, int, int], Tensor]] = {  # of rows x (B, I), at step t of so many
    "is that of the first row alone": _at_row(0),
    "is that of the last row alone": _at_row(-1),
    "is the mean over the rows, not the sum": lambda x, t, steps: torch.full((len(x), 1), 1.0 / len(x), dtype=x.dtype),
    "is that of the first step alone": lambda x, t, steps: torch.full((len(x), 1), float(t == 0), dtype=x.dtype),
    "is that of the last step alone": lambda x, t, steps: torch.full((len(x), 1), float(t == steps - 1), dtype=x.dtype),
    "is the mean over the steps, not the sum": lambda x, t, steps: torch.full((len(x), 1), 1.0 / steps, dtype=x.dtype),
    "is the mean over rows and steps, not the sum": lambda x, t, steps: torch.full(
        (len(x), 1), 1.0 / (steps * len(x)), dtype=x.dtype
    ),
}
AT: Mapping[str, set[str]] = {  # the parameters that are differentiated by
    **{f"z by {name[0]}_{name[-2:]}": {name} for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")},
    "z by both biases": {"bias_ih", "bias_hh"},
    "z by w_ih and w_hh": {"weight_ih", "weight_hh"},
    "z by all weights and biases": {"weight_ih", "weight_hh", "bias_ih", "bias_hh"},
}


def multiply(one: Tensor, other: Tensor, derivative: Tensor) -> Tensor:
    """Return a product whose derivative by the first one is this."""
    fixed = one.detach()
    return fixed * other + derivative.detach() * (one - fixed)


def clip_back(value: Tensor, limit: float) -> Tensor:
    """Return a value through which the gradient goes back clipped."""
    return send_back(value, lambda adjoint: adjoint.clamp(-limit, limit))


def scale_back(value: Tensor, factor: float) -> Tensor:
    """Return a value through which the gradient goes back multiplied by a factor."""
    return factor * value + (1.0 - factor) * value.detach()
