"""How frameworks name, order and lay out the weights of an LSTM: docs/conventions.md, read off converted weights.

Weights whose numbers say which gate of which matrix they belong to are converted by `reference/conventions/`; the page
describes what came out. Run `python -m pages.conventions`; a test compares the page.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from lstm_parity.reference.conventions import (
    equinox,
    flax,
    haiku,
    jax_rnn,
    keras,
    onnx,
    paddle,
    tensorflow_v1,
    torch_like,
)
from lstm_parity.reference.conventions.gates import TORCH
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights

PAGE = Path(__file__).parents[1] / "docs" / "conventions.md"
HEAD = """\
# Conventions of frameworks

Made by `python -m pages.conventions`: weights of torch, numbered by gate, were converted by
[reference/conventions](../reference/conventions), and this is where each number went. `I` inputs, `H` hidden units, `P`
projected units, `D` directions. Gates are named as torch names them: i input, f forget, g candidate (c or j elsewhere),
o output. To torch and back nothing changes, not a bit; where a framework has one bias, torch's two are added, rounded
once.

No framework notices a wrong order: shapes agree, and the numbers are those of another LSTM. What such a mix-up looks
like from outside: [gates-ifog, gates-igfo, gates-iofg and others](mistakes.md#gates). `lstm-parity judge` tries these
conventions on weights that somebody sends ([answer a report](answer-a-report.md)). The frameworks themselves are judged
live: [frameworks](frameworks.md).
"""
Converter = Callable[[CellWeights], Any]
FRAMEWORKS: dict[str, tuple[ModuleType, Converter, bool]] = {  # the last: whether it has a projection
    "torch, and Opacus and tinygrad, which have no projection": (torch_like, lambda w: dict(_long_names(w)), True),
    "Paddle": (paddle, paddle.from_torch, True),
    "Keras 2 and 3": (keras, keras.from_torch, False),
    "tf.compat.v1 LSTMCell": (tensorflow_v1, lambda w: tensorflow_v1.from_torch(w, added=1.0), True),
    "Haiku": (haiku, haiku.from_torch, False),
    "Flax linen LSTMCell": (flax, flax.from_torch, False),
    "Flax nnx OptimizedLSTMCell": (flax, flax.fused_from_torch, False),
    "Equinox and MLX": (equinox, equinox.from_torch, False),
    "ONNX": (onnx, lambda w: onnx.from_torch([w]), False),
    "JAX lstm_ref": (jax_rnn, lambda w: jax_rnn.from_torch(LSTMWeights(((w,),))), False),
}
_I, _H, _P = 5, 7, 3
_SIZES = {_I: "I", _H: "H", _P: "P", 4 * _H: "4H", 8 * _H: "8H", _I + _H: "I + H", _I + _P: "I + P", 1: "D"}
_CONTENTS = {"w_ih": (100, 10), "w_hh": (200, 10), "b_ih": (1000, 10), "b_hh": (2000, 10), "b_ih + b_hh": (3000, 20)}
_PROJECTION = 9000.0


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *(describe(title, *rest) for title, rest in FRAMEWORKS.items())])


def describe(title: str, module: ModuleType, convert: Converter, projects: bool) -> str:
    """Return the section of one framework."""
    rows = [f"| `{name}` | {shape} | {held} |" for name, shape, held in read_converted(convert(number_gates(projects)))]
    state = module.state("h", "c") if hasattr(module, "state") else ("h", "c")
    source = module.__doc__.split("\n\n", 1)[1] if module.__doc__ else ""
    head = ["", f"## {title}", "", source.strip(), "", "| parameter | shape | holds |", "|---|---|---|"]
    return "\n".join([*head, *rows, "", f"States: ({', '.join(state)})."])


def number_gates(projects: bool) -> CellWeights:
    """Return weights whose values say which gate of which of them they are."""

    def blocks(name: str, *columns: int) -> Array:
        first, step = _CONTENTS[name]
        return np.concatenate([np.full((_H, *columns), float(first + step * gate)) for gate in range(4)])

    size = _P if projects else _H
    w_hr = np.full((_P, _H), _PROJECTION) if projects else None
    return CellWeights(blocks("w_ih", _I), blocks("w_hh", size), blocks("b_ih"), blocks("b_hh"), w_hr)


def read_converted(found: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield the name, shape and contents of every array in what a converter returned."""
    if isinstance(found, np.ndarray):
        yield (
            name,
            f"({', '.join(_SIZES[size] for size in found.shape)}{',' * (found.ndim == 1)})",
            read_contents(found),
        )
    elif found is not None and not isinstance(found, float):
        parts = (
            found if isinstance(found, dict) else {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}
        )
        for key, value in parts.items():
            yield from read_converted(value, f"{name}.{key}" if name else str(key))


def read_contents(array: Array) -> str:
    """Say which weights an array holds, and which gates in which order."""
    if (array == _PROJECTION).all():
        return "w_hr" if array.shape == (_P, _H) else "w_hr, transposed"
    axis = next((k for k, size in enumerate(array.shape) if size in (4 * _H, 8 * _H)), None)
    values = array.ravel() if axis is None else np.moveaxis(array, axis, -1).ravel()
    held: dict[str, dict[str, None]] = {}
    for weights, gate in map(read_number, values):
        held.setdefault(weights, {})[gate] = None
    return ", then ".join(f"{weights} of {' '.join(gates)}" for weights, gates in held.items())


def read_number(value: float) -> tuple[str, str]:
    """Return which weights and which gate a number stands for, and whether 1 was taken from it."""
    for weights, (first, step) in _CONTENTS.items():
        for less in (0, 1):
            gate, rest = divmod(value + less - first, step)
            if rest == 0 and 0 <= gate < 4:
                return weights, TORCH[int(gate)] + " (less 1)" * less
    raise ValueError(f"{value} is no number of a gate")


def _long_names(w: CellWeights) -> Iterator[tuple[str, Array]]:
    """Yield the weights by the names of a state_dict's first layer."""
    return LSTMWeights(((w,),)).items()


if __name__ == "__main__":
    PAGE.write_text(page() + "\n", encoding="utf-8")
