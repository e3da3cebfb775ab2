"""Layers whose weights, or factors, are kept in fewer bits than their dtype has, and what each must be called.

A row computes output, h_n and c_n of a call of an nn.LSTM: by torch's own quantised layers, or in float32 with weights
that are rounded here. `words` are those of the name: all of them must be in it.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

Results = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Quantised:
    """A way to keep weights: a name, what the arithmetic must be called, and how a call is computed."""

    name: str
    words: tuple[str, ...]
    run: Callable[[nn.LSTM, torch.Tensor], Results]


def _plain(lstm: nn.LSTM, x: torch.Tensor) -> Results:
    with torch.no_grad():
        output, (h_n, c_n) = lstm(x)
    return output, h_n, c_n


def _dynamic(dtype: torch.dtype) -> Callable[[nn.LSTM, torch.Tensor], Results]:
    def run(lstm: nn.LSTM, x: torch.Tensor) -> Results:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            quantised = torch.ao.quantization.quantize_dynamic(nn.Sequential(lstm), {nn.LSTM}, dtype=dtype)
            return _plain(quantised[0], x)

    return run


def _rounded(keep: Callable[[torch.Tensor], torch.Tensor], *, biases: bool = False) -> Callable[..., Results]:
    """Compute in float32 with weights that are kept otherwise; biases only on request."""

    def run(lstm: nn.LSTM, x: torch.Tensor) -> Results:
        changed = copy.deepcopy(lstm)
        with torch.no_grad():
            for weight in changed.parameters():
                if biases or weight.ndim == 2:
                    weight.copy_(keep(weight))
        return _plain(changed, x)

    return run


def _as(dtype: torch.dtype) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda w: w.to(dtype).float()


def _symmetric(per_row: bool, levels: float) -> Callable[[torch.Tensor], torch.Tensor]:
    def keep(w: torch.Tensor) -> torch.Tensor:
        scale = (w.abs().amax(1, keepdim=True) if per_row else w.abs().max()) / levels
        return (w / scale).round().clamp(-128, 127) * scale

    return keep


def _affine(w: torch.Tensor) -> torch.Tensor:
    """255 steps between the least and the largest weight, 0 among them."""
    low, high = min(float(w.min()), 0.0), max(float(w.max()), 0.0)
    scale = (high - low) / 255
    zero = round(-low / scale)
    return ((w / scale).round() + zero).clamp(0, 255).sub(zero) * scale


def _factors_of_eight_bits(lstm: nn.LSTM, x: torch.Tensor) -> Results:
    """One layer as ONNX Runtime's DynamicQuantizeLSTM: symmetric int8 weights, x and h in 8 bits at every step."""
    w_ih, w_hh, b_ih, b_hh = (w.detach() for w in lstm.parameters())
    keep = _symmetric(False, 127.0)
    w_ih, w_hh = keep(w_ih), keep(w_hh)
    h, c, output = torch.zeros(x.shape[1], w_hh.shape[1]), torch.zeros(x.shape[1], w_hh.shape[1]), []
    for step in x:
        i, f, g, o = (_affine(step) @ w_ih.T + _affine(h) @ w_hh.T + b_ih + b_hh if h.any() else
                      _affine(step) @ w_ih.T + b_ih + b_hh).chunk(4, -1)  # fmt: skip
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        output.append(h)
    return torch.stack(output), h[None], c[None]


QUANTISED = (
    Quantised("torch, quantize_dynamic qint8", ("int8 weights", "8-bit"), _dynamic(torch.qint8)),
    Quantised("torch, quantize_dynamic float16", ("float16 weights",), _dynamic(torch.float16)),
    Quantised("float16 weights and biases", ("float16 weights",), _rounded(_as(torch.float16), biases=True)),
    Quantised("bfloat16 weights", ("bfloat16 weights",), _rounded(_as(torch.bfloat16))),
    Quantised("bfloat16 weights and biases", ("bfloat16 weights",), _rounded(_as(torch.bfloat16), biases=True)),
    Quantised("int8, one scale a tensor, 127", ("int8 weights", "tensor"), _rounded(_symmetric(False, 127.0))),
    Quantised("int8, one scale a tensor, 127.5", ("int8 weights", "tensor"), _rounded(_symmetric(False, 127.5))),
    Quantised("int8, one scale a row, 127", ("int8 weights", "row"), _rounded(_symmetric(True, 127.0))),
    Quantised("int8, one scale a row, 127.5", ("int8 weights", "row"), _rounded(_symmetric(True, 127.5))),
    Quantised("uint8 with a zero point", ("int8 weights", "zero point"), _rounded(_affine)),
    Quantised("int8 weights, factors of 8 bits", ("int8 weights", "8-bit"), _factors_of_eight_bits),
)
NOT_QUANTISED = (
    Quantised("float32", (), _plain),
    Quantised("one weight is another", (), _rounded(lambda w: torch.where(w == w.max(), -w, w))),
    Quantised("int4, one scale a tensor", (), _rounded(_symmetric(False, 7.0))),
)
