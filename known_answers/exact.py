"""The LSTM of reference/README.md in 50 digits, one sequence at a time, written from the equations and nothing else."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from typing import Any

import mpmath
from mpmath import mp

from lstm_parity.known_answers.vector import Arrays, Vector

DIGITS = 50
Numbers = list[Any]  # mpf or float


def answers(vector: Vector, arrays: Arrays, digits: int = DIGITS) -> dict[str, Any]:
    """output (T, B, D*P), h_n (L*D, B, P) and c_n (L*D, B, H) as nested lists of the nearest float64 numbers."""
    with mpmath.workdps(digits):
        rows = [nearest(list(_row(vector, arrays, b))) for b in range(vector.batch or 1)]
    output, h_n, c_n = ([list(column) for column in zip(*part, strict=True)] for part in zip(*rows, strict=True))
    return {"output": output, "h_n": h_n, "c_n": c_n}


def _row(vector: Vector, arrays: Arrays, b: int) -> tuple[list[Numbers], list[Numbers], list[Numbers]]:
    """One row as if it stood alone, its output filled up with zeros."""
    length = vector.lengths[b] if vector.lengths else vector.time
    x, h_n, c_n = arrays["input"][:length, b].tolist(), [], []
    for layer in range(vector.num_layers):
        ways = []
        for suffix in [suffix for suffix in vector.suffixes if suffix.startswith(f"_l{layer}")]:
            steps, h, c = _one_way(x, _state(vector, arrays, len(h_n), b), _weights(arrays, suffix), suffix)
            ways.append(steps)
            h_n.append(h)
            c_n.append(c)
        x = [list(chain(*parts)) for parts in zip(*ways, strict=True)]
    return x + [[0.0] * len(x[0])] * (vector.time - length), h_n, c_n


def _state(vector: Vector, arrays: Arrays, k: int, b: int) -> tuple[Numbers, Numbers]:
    if not vector.states:
        return [0.0] * (vector.proj_size or vector.hidden_size), [0.0] * vector.hidden_size
    return arrays["h_0"][k, b].tolist(), arrays["c_0"][k, b].tolist()


def _weights(arrays: Arrays, suffix: str) -> dict[str, Any]:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    return {name: arrays[name + suffix].tolist() for name in names if name + suffix in arrays}


def _one_way(
    x: list[Numbers], state: tuple[Numbers, Numbers], weights: dict[str, Any], suffix: str
) -> tuple[list[Numbers], Numbers, Numbers]:
    """One layer in one direction: its output at every step, and the last h and c."""
    (h, c), steps = state, list(x)
    for t in reversed(range(len(x))) if suffix.endswith("_reverse") else range(len(x)):
        h, c = _cell(x[t], h, c, weights)
        steps[t] = h
    return steps, h, c


def _cell(x: Numbers, h: Numbers, c: Numbers, w: dict[str, Any]) -> tuple[Numbers, Numbers]:
    sums = [mp.fdot(row, x) + mp.fdot(hidden, h) for row, hidden in zip(w["weight_ih"], w["weight_hh"], strict=True)]
    if "bias_ih" in w:
        sums = [z + b_ih + b_hh for z, b_ih, b_hh in zip(sums, w["bias_ih"], w["bias_hh"], strict=True)]
    new_h, new_c = [], []
    for k in range(len(c)):
        z_i, z_f, z_g, z_o = sums[k :: len(c)]
        new_c.append(_sigmoid(z_f) * c[k] + _sigmoid(z_i) * mp.tanh(z_g))
        new_h.append(_sigmoid(z_o) * mp.tanh(new_c[k]))
    if "weight_hr" in w:
        new_h = [mp.fdot(row, new_h) for row in w["weight_hr"]]
    return new_h, new_c


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + mp.exp(-z))


def nearest(value: Any) -> Any:
    """The float64 number nearest to one of the working precision, ties to even, in nested lists of any depth."""
    if isinstance(value, list):
        return [nearest(part) for part in value]
    value = mp.mpf(value)
    magnitude = Fraction(int(value.man)) * Fraction(2) ** int(value.exp)  # true division of integers rounds correctly
    return float(-magnitude if value < 0 else magnitude)
