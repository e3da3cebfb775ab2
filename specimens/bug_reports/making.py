"""What bug reports are made of: the truth about one, drawn weights and inputs, the layers around an LSTM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from specimens.bug_reports.lstm import GATES, Array, Weights


@dataclass(frozen=True)
class Truth:
    """What is true of a report: the verdict, the cause, words that name it, and further arguments of the command."""

    verdict: str
    cause: str = ""
    words: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


PARITY = Truth("PARITY")


MINE_AND_THEIRS = ("--mine", "mine", "--theirs", "theirs")


def is_visible(right: Sequence[Array], wrong: Sequence[Array], least: float = 1e-3) -> None:
    """Make sure that a fault is in the numbers, and not only in the story."""
    far = max(float(np.abs(a.astype(np.float64) - b).max()) for a, b in zip(right, wrong, strict=True))
    assert far > least, f"the fault changes no more than {far:.1e}"


def draw(
    rng: np.random.Generator,
    size: int,
    hidden: int,
    layers: int = 1,
    directions: int = 1,
    bias: bool = True,
    projected: int = 0,
) -> Weights:
    """Draw float32 weights as torch initialises them."""
    bound, seen = hidden**-0.5, projected or hidden
    weights: Weights = {}
    for layer in range(layers):
        for end in ("", "_reverse")[:directions]:
            shapes: dict[str, tuple[int, ...]] = {
                "weight_ih": (4 * hidden, directions * seen if layer else size),
                "weight_hh": (4 * hidden, seen),
            }
            if bias:
                shapes |= {"bias_ih": (4 * hidden,), "bias_hh": (4 * hidden,)}
            if projected:
                shapes |= {"weight_hr": (projected, hidden)}
            for name, shape in shapes.items():
                weights[f"{name}_l{layer}{end}"] = rng.uniform(-bound, bound, shape).astype(np.float32)
    return weights


def draw_input(rng: np.random.Generator, *shape: int) -> Array:
    """Draw a float32 input from the normal distribution."""
    return rng.standard_normal(shape).astype(np.float32)


def reorder(rows: Array, order: str, bias_of_f: float = 0.0) -> Array:
    """Put the gates, which come as i, f, g, o along the first axis, into another order."""
    blocks = dict(zip(GATES, np.split(rows, 4), strict=True))
    blocks["f"] = blocks["f"] + np.asarray(bias_of_f, rows.dtype)
    return np.concatenate([blocks[gate] for gate in order])


def swap(x: Array) -> Array:
    """Exchange time and batch."""
    return np.ascontiguousarray(np.swapaxes(x, 0, 1))


def under(prefix: str, weights: Weights) -> Weights:
    """Put a prefix before each name."""
    return {prefix + name: value for name, value in weights.items()}


def one_bias(weights: Weights) -> Weights:
    """Move the bias of a single layer into bias_ih, as frameworks with one bias have it."""
    total = weights["bias_ih_l0"] + weights["bias_hh_l0"]
    return weights | {"bias_ih_l0": total, "bias_hh_l0": np.zeros_like(total)}


def softmax(values: Array) -> Array:
    """Compute the softmax over the last axis."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def linear(rng: np.random.Generator, outputs: int, inputs: int) -> tuple[Array, Array]:
    """Draw the weight and the bias of a linear layer."""
    return draw_input(rng, outputs, inputs) / np.float32(inputs**0.5), draw_input(rng, outputs)
