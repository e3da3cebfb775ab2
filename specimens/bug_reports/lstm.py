"""The LSTMs that bug reports are about: with NumPy in an arithmetic of choice, with torch, with a step of one's own."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

Array = npt.NDArray[Any]


Weights = dict[str, Array]


GATES = "ifgo"


class Results(NamedTuple):
    """What an LSTM returns; the arrays are time first."""

    output: Array
    h_n: Array
    c_n: Array


def logistic(z: Array) -> Array:
    """Compute 1 / (1 + exp(-z))."""
    return np.asarray(1 / (1 + np.exp(-z)), z.dtype)


def hard_sigmoid(z: Array) -> Array:
    """Compute the three straight lines that old versions of Keras have in place of the sigmoid."""
    return np.asarray(np.clip(0.2 * z + 0.5, 0, 1), z.dtype)


def drop_bits(values: Array, bits: int) -> Array:
    """Round float32 numbers to the nearest that lack the last `bits` bits, ties to even."""
    whole = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
    whole += (1 << (bits - 1)) - 1 + ((whole >> bits) & 1)
    return ((whole >> bits) << bits).astype(np.uint32).view(np.float32)


def tf32_product(left: Array, right: Array) -> Array:
    """Multiply matrices whose numbers are first rounded to 10 bits of mantissa, as tensor cores do."""
    return np.asarray(drop_bits(left, 13) @ drop_bits(right, 13))


def through_float16(values: Array) -> Array:
    """Round to float16 and back."""
    return values.astype(np.float16).astype(values.dtype)


def unchanged(values: Array) -> Array:
    """Return what is given."""
    return values


@dataclass(frozen=True)
class Arithmetic:
    """How a step is computed: the dtype, the matrix product, the sigmoid, and what happens to the states."""

    dtype: type = np.float32
    product: Callable[[Array, Array], Array] = np.matmul
    sigmoid: Callable[[Array], Array] = logistic
    keep: Callable[[Array], Array] = unchanged


FLOAT32 = Arithmetic()


FLOAT64 = Arithmetic(np.float64)


def run_direction(
    weights: Weights, suffix: str, x: Array, h: Array, c: Array, lengths: Array, how: Arithmetic
) -> tuple[Array, Array, Array]:
    """Run one layer in one direction: the states wait where a row is not running, and the output is zero there."""

    def weight(name: str) -> Array:
        return weights[name + suffix].astype(how.dtype)

    steps = range(len(x))
    outputs: dict[int, Array] = {}
    for t in reversed(steps) if suffix.endswith("_reverse") else steps:
        z = how.product(x[t], weight("weight_ih").T) + how.product(h, weight("weight_hh").T)
        if "bias_ih" + suffix in weights:
            z = z + weight("bias_ih") + weight("bias_hh")
        i, f, g, o = np.split(z, 4, axis=-1)
        new_c = how.keep(how.sigmoid(f) * c + how.sigmoid(i) * np.tanh(g))
        new_h = how.sigmoid(o) * np.tanh(new_c)
        if "weight_hr" + suffix in weights:
            new_h = how.product(new_h, weight("weight_hr").T)
        running = (t < lengths)[:, None]
        h, c = np.where(running, how.keep(new_h), h), np.where(running, new_c, c)
        outputs[t] = np.where(running, h, 0).astype(how.dtype)
    return np.stack([outputs[t] for t in steps]), h, c


def suffixes(weights: Weights) -> list[str]:
    """List `_l0`, `_l0_reverse`, `_l1`, ... as far as there are weights."""
    names = [f"_l{layer}{end}" for layer in range(9) for end in ("", "_reverse")]
    return [name for name in names if "weight_hh" + name in weights]


def run_lstm(
    weights: Weights,
    x: Array,
    h_0: Array | None = None,
    c_0: Array | None = None,
    lengths: Sequence[int] | None = None,
    how: Arithmetic = FLOAT32,
    reverse_reads_padding: bool = False,
) -> Results:
    """Run all layers on x (T, B, I); weights have the names of torch."""
    ends = suffixes(weights)
    directions = 2 if any(end.endswith("_reverse") for end in ends) else 1
    steps, rows = x.shape[:2]
    own = np.full(rows, steps) if lengths is None else np.array(lengths)
    below: Array = x.astype(how.dtype)
    h_n: list[Array] = []
    c_n: list[Array] = []
    side: list[Array] = []
    for number, end in enumerate(ends):
        hidden = weights["weight_hh" + end].shape[0] // 4
        projected = weights["weight_hh" + end].shape[1]
        h = np.zeros((rows, projected), how.dtype) if h_0 is None else h_0[number].astype(how.dtype)
        c = np.zeros((rows, hidden), how.dtype) if c_0 is None else c_0[number].astype(how.dtype)
        seen = np.full(rows, steps) if reverse_reads_padding and end.endswith("_reverse") else own
        output, h, c = run_direction(weights, end, below, h, c, seen, how)
        side.append(output)
        h_n.append(h)
        c_n.append(c)
        if len(side) == directions:
            below, side = np.concatenate(side, axis=-1), []
    return Results(below, np.stack(h_n), np.stack(c_n))


def run_torch(
    weights: Weights,
    x: Array,
    h_0: Array | None = None,
    c_0: Array | None = None,
    lengths: Sequence[int] | None = None,
    dropout: float = 0.0,
) -> Results:
    """Run torch.nn.LSTM in float32; a dropout above zero is left on, as in training."""
    ends = suffixes(weights)
    projected = weights["weight_hr_l0"].shape[0] if "weight_hr_l0" in weights else 0
    directions = 2 if "_l0_reverse" in ends else 1
    module = torch.nn.LSTM(
        x.shape[-1],
        weights["weight_hh_l0"].shape[0] // 4,
        num_layers=len(ends) // directions,
        bias="bias_ih_l0" in weights,
        dropout=dropout,
        bidirectional=directions == 2,
        proj_size=projected,
    )
    module.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    states = None if h_0 is None or c_0 is None else (torch.tensor(h_0), torch.tensor(c_0))
    torch.manual_seed(7)
    pad, pack = torch.nn.utils.rnn.pad_packed_sequence, torch.nn.utils.rnn.pack_padded_sequence
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if lengths is None:
            output, (h_n, c_n) = module(torch.tensor(x), states)
        else:
            packed = pack(torch.tensor(x), torch.tensor(lengths), enforce_sorted=False)
            output, (h_n, c_n) = module(packed, states)
            output = pad(output, total_length=len(x))[0]
    return Results(output.numpy(), h_n.numpy(), c_n.numpy())


def run_module(weights: Weights, x: Array, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Run torch.nn.LSTM, of one direction, in a dtype that NumPy may not have."""
    layers, hidden = len(suffixes(weights)), weights["weight_hh_l0"].shape[1]
    module = torch.nn.LSTM(x.shape[-1], hidden, num_layers=layers)
    module.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output, (h_n, c_n) = module.to(dtype)(torch.tensor(x).to(dtype))
    return output, h_n, c_n


Step = Callable[[Array, Array, Array, Array, Array], tuple[Array, Array]]


def usual_step(i: Array, f: Array, g: Array, o: Array, c: Array) -> tuple[Array, Array]:
    """Take the step of an LSTM from its four gates and the cell state before to h and c."""
    c = f * c + i * g
    return o * np.tanh(c), c


def run_steps(weights: Weights, x: Array, step: Step, mask: Array | None = None) -> Results:
    """Run one layer with a step of one's own, in float32; a mask holds the states by multiplication."""
    hidden = weights["weight_hh_l0"].shape[1]
    h = c = np.zeros((x.shape[1], hidden), np.float32)
    outputs = []
    for t in range(len(x)):
        z = x[t] @ weights["weight_ih_l0"].T + h @ weights["weight_hh_l0"].T
        i, f, g, o = np.split(z + weights["bias_ih_l0"] + weights["bias_hh_l0"], 4, axis=-1)
        new_h, new_c = step(logistic(i), logistic(f), np.tanh(g), logistic(o), c)
        if mask is not None:
            m = mask[t][:, None].astype(np.float32)
            new_h, new_c = m * new_h + (1 - m) * h, m * new_c + (1 - m) * c
        h, c = new_h, new_c
        outputs.append(h if mask is None else h * m)
    return Results(np.stack(outputs), h[None], c[None])
