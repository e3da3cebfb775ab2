"""Functions of one number by how they are written: plain ones, and powers, products and compositions of these.

The argument is written {}, and [{}] where a compound one needs parentheses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from lstm_parity.reference.noise.model import Array

Function = Callable[[Array], Array]
_erf = np.vectorize(math.erf, otypes=[float])


def sigmoid(z: Array) -> Array:
    """Return the logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.maximum(z, -700.0))))


PLAIN: Mapping[str, Function] = {
    "1": np.ones_like,
    "{}": lambda z: z,
    "sigmoid({})": sigmoid,
    "tanh({})": np.tanh,
    "clip({}, -1, 1)": lambda z: np.clip(z, -1.0, 1.0),
    "relu({})": lambda z: np.maximum(z, 0.0),
    "softsign({})": lambda z: z / (1.0 + np.abs(z)),
    "arctan({})": np.arctan,
    "erf({})": _erf,
    "sin({})": np.sin,
    "elu({})": lambda z: np.where(z > 0.0, z, np.expm1(np.minimum(z, 0.0))),
    "softplus({})": lambda z: np.logaddexp(0.0, z),
    "gelu({})": lambda z: z * 0.5 * (1.0 + _erf(z / math.sqrt(2.0))),
    "silu({})": lambda z: z * sigmoid(z),
    "exp({})": lambda z: np.exp(np.minimum(z, 50.0)),
    "gaussian({})": lambda z: np.exp(-z * z),
    "|{}|": np.abs,
    "step({})": lambda z: np.where(z > 0.0, 1.0, 0.0),
    "[{}] / sqrt(1 + [{}]^2)": lambda z: z / np.sqrt(1.0 + z * z),
}
ODD = ("tanh({})", "clip({}, -1, 1)", "softsign({})", "arctan({})", "erf({})", "sin({})", "[{}] / sqrt(1 + [{}]^2)")


def _power(function: Function, power: float) -> Function:
    return lambda z: function(z) ** power


def _root(function: Function) -> Function:
    return lambda z: np.sqrt(np.abs(function(z)))


def _complement(function: Function) -> Function:
    return lambda z: np.sqrt(1.0 - function(z) ** 2)


def _product(one: Function, other: Function) -> Function:
    return lambda z: one(z) * other(z)


def _composition(outer: Function, inner: Function) -> Function:
    return lambda z: outer(inner(z))


def _negative(function: Function) -> Function:
    return lambda z: -function(z)


def _write_power(text: str, power: int) -> str:
    return f"[{text}]^{power}" if text[0] == "{" else f"{text}^{power}"


def _list_powers() -> dict[str, Function]:
    bases = {text: function for text, function in PLAIN.items() if text not in ("1", "|{}|", "exp({})", "step({})")}
    found = {_write_power(text, n): _power(function, n) for n in (2, 3) for text, function in bases.items()}
    return found | {f"sqrt(1 - {text}^2)": _complement(PLAIN[text]) for text in _SQUASHING}


def _list_compounds() -> dict[str, Function]:
    some = {text: function for text, function in PLAIN.items() if text not in ("1", "{}", "step({})")}
    found = {f"sqrt(|{text}|)": _root(function) for text, function in PLAIN.items() if text not in ("1", "|{}|")}
    found |= {f"[{{}}] * {text}": _product(PLAIN["{}"], function) for text, function in some.items()}
    found |= {
        outer.replace("{}", inner): _composition(some[outer], some[inner])
        for inner in some
        for outer in some
        if "sqrt" not in outer
    }
    found |= {
        f"[{{}}] * {outer.replace('{}', inner)}": _product(PLAIN["{}"], _composition(some[outer], some[inner]))
        for inner in some
        for outer in _SQUASHING
    }
    found |= {
        outer.replace("{}", f"-{inner}"): _composition(some[outer], _negative(some[inner]))
        for inner in some
        for outer in ("exp({})", "sigmoid({})", "softplus({})")
    }
    pairs = [(one, other) for one in some for other in some if one < other]
    return found | {f"{one} * {other}": _product(some[one], some[other]) for one, other in pairs}


_SQUASHING = ("sigmoid({})", "tanh({})")
POWERS: Mapping[str, Function] = _list_powers()
BASES: Mapping[str, Function] = {**PLAIN, **POWERS, **_list_compounds()}
