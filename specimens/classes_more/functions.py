"""Functions of one layer, of one step and of a whole LSTM, with arguments and results of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]


def params_first_layer(
    w_x: Tensor, w_h: Tensor, bias: Tensor, x: Tensor, h0: Tensor, c0: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Weights first; x (T, B, I)."""
    return _run_layer(w_x, w_h, bias, x, h0, c0, torch.tanh)


def params_first_layer_faulty(
    w_x: Tensor, w_h: Tensor, bias: Tensor, x: Tensor, h0: Tensor, c0: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """No tanh at the end."""
    return _run_layer(w_x, w_h, bias, x, h0, c0, lambda c: c)


def _run_layer(w_x: Tensor, w_h: Tensor, bias: Tensor, x: Tensor, h: Tensor, c: Tensor, show: Any) -> Any:
    seen = []
    for frame in x:
        i, f, g, o = (frame @ w_x.T + h @ w_h.T + bias).chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * show(c)
        seen.append(h)
    return torch.stack(seen), h, c


def course_forward(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, list[Any]]:  # noqa: N803
    """A course's assignment: x (N, T, D), Wx (D, 4H), Wh (H, 4H); all h (N, T, H), and what backward needs."""
    return _run_course(x, h0, Wx, Wh, b, 2)


def course_forward_faulty(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, list[Any]]:  # noqa: N803
    """The output gate is the forget gate."""
    return _run_course(x, h0, Wx, Wh, b, 1)


def _run_course(x: Array, h0: Array, wx: Array, wh: Array, b: Array, output: int) -> tuple[Array, list[Any]]:
    N, T, _ = x.shape
    H = h0.shape[1]
    h, cache = np.zeros((N, T, H)), []
    prev_h, prev_c = h0, np.zeros((N, H))
    for t in range(T):
        a = x[:, t] @ wx + prev_h @ wh + b
        gates = [1 / (1 + np.exp(-a[:, k * H : (k + 1) * H])) for k in range(3)]
        g = np.tanh(a[:, 3 * H :])
        next_c = gates[1] * prev_c + gates[0] * g
        next_h = gates[output] * np.tanh(next_c)
        cache.append((prev_h, prev_c, a, next_c))
        h[:, t], prev_h, prev_c = next_h, next_h, next_c
    return h, cache


def lua_cell(
    input: Tensor, prev_c: Tensor, prev_h: Tensor, i2h_weight: Tensor, h2h_weight: Tensor, i2h_bias: Tensor,
    h2h_bias: Tensor,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return next_c, next_h."""
    return _step(input, prev_c, prev_h, i2h_weight, h2h_weight, i2h_bias + h2h_bias, torch.tanh)


def lua_cell_faulty(
    input: Tensor, prev_c: Tensor, prev_h: Tensor, i2h_weight: Tensor, h2h_weight: Tensor, i2h_bias: Tensor,
    h2h_bias: Tensor,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """A sigmoid for the candidate."""
    return _step(input, prev_c, prev_h, i2h_weight, h2h_weight, i2h_bias + h2h_bias, torch.sigmoid)


def _step(x: Tensor, c: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, squash: Any) -> tuple[Tensor, Tensor]:
    i, f, g, o = (torch.nn.functional.linear(x, w, b) + torch.nn.functional.linear(h, u)).chunk(4, 1)
    next_c = f.sigmoid() * c + i.sigmoid() * squash(g)
    return next_c, o.sigmoid() * next_c.tanh()


def twelve_cell(x, h, c, Wi, Ui, bi, Wf, Uf, bf, Wc, Uc, bc, Wo, Uo, bo):  # type: ignore  # noqa: N803
    """One step on arrays: x (B, I), W (I, H), U (H, H)."""
    i, f, o = (_sigmoid(x @ W + h @ U + b) for W, U, b in ((Wi, Ui, bi), (Wf, Uf, bf), (Wo, Uo, bo)))
    c = f * c + i * np.tanh(x @ Wc + h @ Uc + bc)
    return {"h": o * np.tanh(c), "c": c}


def twelve_cell_faulty(x, h, c, Wi, Ui, bi, Wf, Uf, bf, Wc, Uc, bc, Wo, Uo, bo):  # type: ignore  # noqa: N803
    """The forget gate is what the input gate leaves."""
    i, o = (_sigmoid(x @ W + h @ U + b) for W, U, b in ((Wi, Ui, bi), (Wo, Uo, bo)))
    c = (1 - i) * c + i * np.tanh(x @ Wc + h @ Uc + bc)
    return {"h": o * np.tanh(c), "c": c}


def _sigmoid(z: Array) -> Array:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


def flat_lstm(
    x: Tensor, params: Sequence[Tensor], h_0: Tensor, c_0: Tensor, n_layers: int, batch_first: bool, use_bias: bool
) -> dict[str, Any]:
    """All layers of one direction."""
    return _run_layers(x, params, h_0, c_0, n_layers, batch_first, use_bias, lambda layer: layer)


def flat_lstm_faulty(
    x: Tensor, params: Sequence[Tensor], h_0: Tensor, c_0: Tensor, n_layers: int, batch_first: bool, use_bias: bool
) -> dict[str, Any]:
    """The first layer's states for all."""
    return _run_layers(x, params, h_0, c_0, n_layers, batch_first, use_bias, lambda layer: 0)


def _run_layers(
    x: Tensor, params: Sequence[Tensor], h_0: Tensor, c_0: Tensor, layers: int, first: bool, bias: bool, pick: Any
) -> dict[str, Any]:
    x = x.transpose(0, 1) if first else x
    each, last = 4 if bias else 2, []
    for layer in range(layers):
        w_ih, w_hh, *biases = params[each * layer : each * (layer + 1)]
        b = sum(biases) if biases else w_ih.new_zeros(len(w_ih))
        x, h, c = _run_layer(w_ih, w_hh, b, x, h_0[pick(layer)], c_0[pick(layer)], torch.tanh)  # type: ignore[arg-type]
        last.append((h, c))
    h_n, c_n = (torch.stack(states) for states in zip(*last, strict=True))
    return {"output": x.transpose(0, 1) if first else x, "h_n": h_n, "c_n": c_n}
