"""The fourth tutorial's LSTM of one unit in NumPy, its gates rounded to 0 or 1, and its numbers, set by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.reference.weights import CellWeights, LSTMWeights, to_numpy, weights_of, write_weights

Array = NDArray[Any]
STEPS = np.array(
    [(1, 0, 0, 1), (3, 1, 0, 1), (2, 0, 0, 1), (4, 1, 0, 1), (2, 0, 0, 1), (1, 0, 1, 1), (3, -1, 0, 1), (6, 1, 0, 1),
     (1, 0, 1, 1)],
    dtype=float,
)  # fmt: skip
ROWS = {"i": (0, 100, 0, -10), "f": (0, 100, 0, 10), "g": (1, 0, 0, 0), "o": (0, 0, 100, -10)}
WEIGHTS = LSTMWeights(((CellWeights(np.array([*ROWS.values()], float), np.zeros((4, 1)), np.zeros(4), np.zeros(4)),),))


def by_hand(dtype: str) -> Case:
    """The tutorial's weights and nine steps as a case: one row, zero states. `--case` cannot repeat it by its name."""
    setting = Setting(Architecture(4, 1), Call(len(STEPS), 1, states=False), Runtime(dtype))
    return replace(draw_case(setting), profile="by hand", weights=WEIGHTS, input=STEPS[:, None])


def sigmoid(z: Array) -> Array:
    """The logistic function, 0 where exp overflows."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-z)))


def rounded_sigmoid(z: Array) -> Array:
    """The tutorial's gate: open or closed."""
    return np.round(sigmoid(z))


def operator(x: Array, c: Array, w_ih: Array, gate: Callable[[Array], Array]) -> tuple[Array, Array]:
    """One step without recurrence of h: x (B, 4), c (B, 1) give h and c."""
    i, f, g, o = np.split(x @ w_ih.T, 4, axis=-1)
    c = gate(f) * c + gate(i) * np.tanh(g)
    return gate(o) * np.tanh(c), c


def outputs(gate: Callable[[Array], Array]) -> Array:
    """The operator's nine outputs, in float64."""
    c, hs = np.zeros((1, 1)), []
    for x in STEPS:
        h, c = operator(x[None], c, WEIGHTS.cells[0][0].w_ih, gate)
        hs.append(h.item())
    return np.array(hs)


def as_layer(gate: Callable[[Array], Array]) -> Callable[..., Any]:
    """The operator as a layer that `FromLayer` takes."""

    def layer(input: Tensor, state: tuple[Tensor, Tensor], w_ih: Tensor, *unused: Tensor) -> Any:
        c, hs = to_numpy(state[1]), []
        for x in input.unbind(1):
            h, c = operator(to_numpy(x), c, to_numpy(w_ih), gate)
            hs.append(torch.from_numpy(h))
        return torch.stack(hs, 1), (hs[-1], torch.from_numpy(c))

    return layer


def torch_outputs(module: nn.LSTM | nn.LSTMCell, dtype: torch.dtype = torch.float32) -> Tensor:
    """The nine outputs of an nn.LSTM, or of an nn.LSTMCell in a loop, that has the hand-set weights, from zero states.

    Its biases stay what they are.
    """
    ((own,),) = weights_of(module.to(dtype)).cells
    w_ih, w_hh = (torch.from_numpy(w).to(dtype) for w in (WEIGHTS.cells[0][0].w_ih, WEIGHTS.cells[0][0].w_hh))
    write_weights(LSTMWeights(((replace(own, w_ih=w_ih, w_hh=w_hh),),)), module)
    x, state, hs = torch.from_numpy(STEPS[:, None]).to(dtype), None, []
    with torch.no_grad():
        if isinstance(module, nn.LSTM):
            return module(x)[0].flatten()
        for step in x:
            state = module(step, state)
            hs.append(state[0])
    return torch.cat(hs).flatten()


def without_bias(module: nn.LSTM | nn.LSTMCell) -> nn.LSTM | nn.LSTMCell:
    """The module, its biases set to zero, as the tutorial's are not."""
    for name, parameter in module.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
    return module


def printed(make: Callable[..., nn.LSTM | nn.LSTMCell], seed: int) -> list[float]:
    """What the tutorial's torch version prints after this seed: its biases are torch's random ones."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = make(4, 1)
    return [round(h, 3) + 0.0 for h in torch_outputs(module).tolist()]
