"""Correct cells: ordinary ways to write the activations, the products and the step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

Cell = Callable[..., tuple[Tensor, Tensor]]


def cell_with(
    sigmoid: Callable[[Tensor], Tensor] = torch.sigmoid,
    tanh: Callable[[Tensor], Tensor] = torch.tanh,
    product: Callable[[Tensor, Tensor], Tensor] = lambda x, w: x @ w.T,
) -> Cell:
    """Make a cell with these parts."""

    def cell(x: Tensor, state: tuple[Tensor, Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Any:
        h, c = state
        i, f, g, o = (product(x, w_ih) + b_ih + product(h, w_hh) + b_hh).chunk(4, 1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c

    return cell


def softplus_sigmoid(z: Tensor) -> Tensor:
    """exp(-log(1 + exp(-z)))."""
    return torch.exp(-functional.softplus(-z))


def split_sigmoid(z: Tensor) -> Tensor:
    """1/(1+e) for one sign and e/(1+e) for the other, e = exp(-|z|)."""
    e = torch.exp(-z.abs())
    return torch.where(z >= 0, 1 / (1 + e), e / (1 + e))


def erf_free_sigmoid(z: Tensor) -> Tensor:
    """special.expit."""
    return torch.special.expit(z)


def clamped_sigmoid(z: Tensor) -> Tensor:
    """1 / (1 + exp(-z)) with z limited to where exp is finite in the type; the limit is below the type's roundoff."""
    limit = {torch.float64: 700.0, torch.float32: 88.0, torch.bfloat16: 88.0, torch.float16: 10.0}[z.dtype]
    return 1 / (1 + torch.exp(-z.clamp(-limit, limit)))


def exp_tanh(z: Tensor) -> Tensor:
    """(e^2z - 1) / (e^2z + 1), with z limited to where it is finite."""
    limit = 5.0 if z.dtype == torch.float16 else 20.0
    e = torch.exp(2 * z.clamp(-limit, limit))
    return (e - 1) / (e + 1)


def expm1_tanh(z: Tensor) -> Tensor:
    """expm1 keeps it accurate near 0."""
    e = torch.expm1(-2 * z.abs())
    return torch.sign(z) * (-e / (e + 2))


def softmax_sigmoid(z: Tensor) -> Tensor:
    """The first of a softmax over (z, 0)."""
    return torch.softmax(torch.stack([z, torch.zeros_like(z)]), 0)[0]


def logsigmoid_sigmoid(z: Tensor) -> Tensor:
    """exp of logsigmoid."""
    return functional.logsigmoid(z).exp()


def pairwise_product(x: Tensor, w: Tensor) -> Tensor:
    """Products added in pairs, as NumPy adds."""
    terms = x[:, None, :] * w[None]
    while terms.shape[-1] > 1:
        if terms.shape[-1] % 2:
            terms = functional.pad(terms, (0, 1))
        terms = terms[..., 0::2] + terms[..., 1::2]
    return terms[..., 0]


def compensated_product(x: Tensor, w: Tensor) -> Tensor:
    """Kahan's sum."""
    total = lost = torch.zeros(len(x), len(w), dtype=x.dtype)
    for k in range(x.shape[-1]):
        term = x[:, k : k + 1] * w[:, k] - lost
        new = total + term
        lost, total = (new - total) - term, new
    return total


def blocked_product(x: Tensor, w: Tensor) -> Tensor:
    """Blocks of four columns, added one after the other."""
    return sum((a @ b.T for a, b in zip(x.split(4, 1), w.split(4, 1), strict=True)), x.new_zeros(len(x), len(w)))


def four_sums_product(x: Tensor, w: Tensor) -> Tensor:
    """Four partial sums of every fourth column, as a vector unit has them."""
    return sum((x[:, k::4] @ w[:, k::4].T for k in range(4)), x.new_zeros(len(x), len(w)))


def broadcast_product(x: Tensor, w: Tensor) -> Tensor:
    """Elementwise, then summed."""
    return (x[:, None] * w).sum(-1)


def matrix_vector_product(x: Tensor, w: Tensor) -> Tensor:
    """A row of the batch at a time."""
    return torch.stack([w.mv(row) for row in x]) if len(x) else x.new_zeros(0, len(w))


softplus_cell = cell_with(softplus_sigmoid)
split_cell = cell_with(split_sigmoid)
expit_cell = cell_with(erf_free_sigmoid)
clamped_cell = cell_with(clamped_sigmoid)
exp_tanh_cell = cell_with(clamped_sigmoid, exp_tanh)
expm1_cell = cell_with(split_sigmoid, expm1_tanh)
softmax_cell = cell_with(softmax_sigmoid)
logsigmoid_cell = cell_with(logsigmoid_sigmoid)
pairwise_cell = cell_with(product=pairwise_product)
compensated_cell = cell_with(product=compensated_product)
blocked_cell = cell_with(product=blocked_product)
four_sums_cell = cell_with(product=four_sums_product)
broadcast_cell = cell_with(product=broadcast_product)
matrix_vector_cell = cell_with(product=matrix_vector_product)


def lerp_free_cell(x: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """addcmul and torch.cat of the products."""
    h, c = state
    z = functional.linear(torch.cat([x, h], 1), torch.cat([w_ih, w_hh], 1), b_ih + b_hh)
    i, f, g, o = (
        z.sigmoid().chunk(4, 1)[0],
        z.chunk(4, 1)[1].sigmoid(),
        z.chunk(4, 1)[2].tanh(),
        z.chunk(4, 1)[3].sigmoid(),
    )
    c = torch.addcmul(i * g, f, c)
    return o * c.tanh(), c


def aten_cell(x: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """torch.lstm_cell, the operator."""
    return torch.lstm_cell(x, state, w_ih, w_hh, b_ih, b_hh)


def conv_cell(x: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """The products as 1x1 convolutions."""
    h, c = state
    z = functional.conv1d(x[..., None], w_ih[..., None], b_ih) + functional.conv1d(h[..., None], w_hh[..., None], b_hh)
    i, f, g, o = z[..., 0].chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def bilinear_cell(x: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """tensordot, and gates as an axis."""
    h, c = state
    z = torch.tensordot(x, w_ih.view(4, -1, x.shape[1]), ([1], [2])) + b_ih.view(4, -1)
    z = z + torch.tensordot(h, w_hh.view(4, -1, h.shape[1]), ([1], [2])) + b_hh.view(4, -1)
    i, f, g, o = z.unbind(1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


class _ByHand(torch.autograd.Function):
    """A step with a derivative written by hand."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, c: Tensor) -> Any:
        i, f, g, o = z.chunk(4, 1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        new = f * c + i * g
        ctx.save_for_backward(i, f, g, o, c, new.tanh())
        return o * new.tanh(), new

    @staticmethod
    def backward(ctx: Any, *adjoints: Tensor) -> Any:
        d_h, d_c = adjoints
        i, f, g, o, c, t = ctx.saved_tensors
        d_c = d_c + d_h * o * (1 - t * t)
        d = [d_c * g * i * (1 - i), d_c * c * f * (1 - f), d_c * i * (1 - g * g), d_h * t * o * (1 - o)]
        return torch.cat(d, 1), d_c * f


def own_backward_cell(x: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """The pointwise part has its own backward, as a fused kernel has."""
    return _ByHand.apply(x @ w_ih.T + b_ih + state[0] @ w_hh.T + b_hh, state[1])


def numpy_pairwise_cell(x: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """NumPy: products summed by np.sum, which adds in pairs. Asked with --arrays numpy."""
    h, c = state
    z = (x[:, None] * w_ih).sum(-1) + b_ih + (h[:, None] * w_hh).sum(-1) + b_hh
    i, f, g, o = np.split(z, 4, axis=1)
    i, f, o = (1 / (1 + np.exp(-k)) for k in (i, f, o))
    c = f * c + i * np.tanh(g)
    return o * np.tanh(c), c
