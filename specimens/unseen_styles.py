"""Correct LSTMs in ordinary styles that no other list of this project holds: none may be called wrong.

Cells are (x, (h, c), w_ih, w_hh, b_ih, b_hh) -> (h, c) on torch tensors; layers take a sequence, batch first; modules
are constructed and called like nn.LSTM. Every door takes them by their names:
`cell:specimens/unseen_styles.py:NAME`, and likewise `layer:` and `module:`; `STYLES` says which.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.utils.checkpoint import checkpoint

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


def float32_states_layer(input: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """States of half types are kept in float32 between the steps."""
    dtype = input.dtype
    wide = torch.promote_types(dtype, torch.float32)
    h, c = (s.to(wide) for s in state)
    ys = []
    for x in input.unbind(1):
        i, f, g, o = (x @ w_ih.T + b_ih + h.to(dtype) @ w_hh.T + b_hh).to(wide).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        ys.append(h.to(dtype))
    return torch.stack(ys, 1), (h.to(dtype), c.to(dtype))


def _steps(input: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    h, c = state
    ys = []
    for x in input.unbind(1):
        i, f, g, o = (x @ w_ih.T + b_ih + h @ w_hh.T + b_hh).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        ys.append(h)
    return torch.stack(ys, 1), (h, c)


def checkpointed_layer(input: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """Computed again on the way back."""
    weights = w_ih, w_hh, b_ih, b_hh
    if not torch.is_grad_enabled():
        return _steps(input, state, *weights)
    return checkpoint(_steps, input, state, *weights, use_reentrant=False)


def chunked_layer(input: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """Chunks of three steps, the state handed on."""
    weights = w_ih, w_hh, b_ih, b_hh
    ys = []
    for chunk in input.split(3, 1):
        y, state = _steps(chunk, state, *weights)
        ys.append(y)
    return torch.cat(ys, 1), state


def aten_layer(input: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """torch.ops.aten.lstm."""
    hx = [s[None].contiguous() for s in state]
    y, h, c = torch.ops.aten.lstm.input(input, hx, [w_ih, w_hh, b_ih, b_hh], True, 1, 0.0, False, False, True)
    return y, (h[0], c[0])


def repacked_layer(input: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """A fresh nn.LSTM with packed weights at every call, by functional_call; the generator is left alone."""
    with torch.random.fork_rng(devices=[]):
        lstm = nn.LSTM(input.shape[2], state[0].shape[1], batch_first=True, dtype=input.dtype)
    given = {"weight_ih_l0": w_ih, "weight_hh_l0": w_hh, "bias_ih_l0": b_ih, "bias_hh_l0": b_hh}
    y, (h, c) = torch.func.functional_call(lstm, given, (input, tuple(s[None].contiguous() for s in state)))
    return y, (h[0], c[0])


def time_major_layer(input: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """Units down, batch across: everything transposed."""
    h, c = (s.T for s in state)
    ys = []
    for x in input.permute(1, 2, 0):
        i, f, g, o = (w_ih @ x + w_hh @ h + (b_ih + b_hh)[:, None]).chunk(4, 0)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        ys.append(h)
    return torch.stack(ys).permute(2, 0, 1), (h.T, c.T)


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


class WhereMasked(nn.LSTM):
    """Packed input is padded, run step by step, and ended rows keep their state by torch.where."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1) -> None:
        super().__init__(input_size, hidden_size, num_layers)

    masked = staticmethod(lambda runs, new, old: torch.where(runs, new, old))

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Called like nn.LSTM."""
        if not isinstance(input, PackedSequence):
            return super().forward(input, hx)
        x, lengths = pad_packed_sequence(input)
        lasts = []
        for layer in range(self.num_layers):
            w_ih, w_hh, b_ih, b_hh = self.all_weights[layer]
            zeros = x.new_zeros(x.shape[1], self.hidden_size)
            h, c = (zeros, zeros) if hx is None else (s[layer] for s in hx)
            ys = []
            for t, x_t in enumerate(x):
                i, f, g, o = (x_t @ w_ih.T + h @ w_hh.T + b_ih + b_hh).chunk(4, -1)
                new_c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                new_h = o.sigmoid() * new_c.tanh()
                runs = (t < lengths)[:, None]
                h, c = self.masked(runs, new_h, h), self.masked(runs, new_c, c)
                ys.append(self.masked(runs, new_h, zeros))
            x = torch.stack(ys)
            lasts.append((h, c))
        output = pack_padded_sequence(x, lengths, enforce_sorted=input.unsorted_indices is None)
        return output, tuple(torch.stack(s) for s in zip(*lasts, strict=True))


class MultiplicationMasked(WhereMasked):
    """Ended rows keep their state by multiplication with 0 and 1: right for finite numbers (--without non-finite)."""

    masked = staticmethod(lambda runs, new, old: runs.to(new.dtype) * new + (1 - runs.to(new.dtype)) * old)


class OwnStack(nn.Module):
    """Layers are nn.LSTMs of their own in a ModuleList; the state_dict is dealt out to them."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, batch_first: bool = False) -> None:
        super().__init__()
        sizes = [input_size] + [hidden_size] * (num_layers - 1)
        self.layers = nn.ModuleList([nn.LSTM(size, hidden_size, batch_first=batch_first) for size in sizes])

    def load_state_dict(self, state_dict: Any, *_: Any, **__: Any) -> Any:
        """Deal out the weights by the number at the end of their names."""
        for k, layer in enumerate(self.layers):
            own = {n.replace(f"_l{k}", "_l0"): w for n, w in state_dict.items() if n.endswith(f"_l{k}")}
            layer.load_state_dict(own)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Called like nn.LSTM."""
        lasts = []
        for k, layer in enumerate(self.layers):
            input, last = layer(input, None if hx is None else tuple(s[k : k + 1] for s in hx))
            lasts.append(last)
        return input, tuple(torch.cat(s) for s in zip(*lasts, strict=True))


class Delegating(nn.Module):
    """A wrapper around nn.LSTM that logs, and hands everything on."""

    def __init__(self, input_size: int, hidden_size: int, **options: Any) -> None:
        super().__init__()
        self.inner, self.calls = nn.LSTM(input_size, hidden_size, **options), 0

    def load_state_dict(self, state_dict: Any, *_: Any, **__: Any) -> Any:
        """The inner one's."""
        return self.inner.load_state_dict(state_dict)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Called like nn.LSTM."""
        self.calls += 1
        return self.inner(input, hx)


class FlippedTwice(nn.LSTM):
    """Bidirectional as two runs, the second on a flipped sequence; batches of one length only."""

    def __init__(self, input_size: int, hidden_size: int, bidirectional: bool = False) -> None:
        super().__init__(input_size, hidden_size, bidirectional=bidirectional)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Called like nn.LSTM."""
        if not torch.is_tensor(input) or input.dim() != 3:
            raise NotImplementedError("only batches of one length")
        ys, lasts = [], []
        for d, weights in enumerate(self.all_weights):
            x = input.flip(0) if d else input
            zeros = x.new_zeros(x.shape[1], self.hidden_size)
            state = (zeros, zeros) if hx is None else tuple(s[d] for s in hx)
            y, last = _steps(x.transpose(0, 1), state, *weights)
            ys.append(y.transpose(0, 1).flip(0) if d else y.transpose(0, 1))
            lasts.append(last)
        return torch.cat(ys, -1), tuple(torch.stack(s) for s in zip(*lasts, strict=True))


class OneRowAtATime(nn.LSTM):
    """Each row of a batch by itself, then stacked."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Called like nn.LSTM."""
        if not torch.is_tensor(input) or input.dim() != 3:
            raise NotImplementedError("only batches of one length")
        rows = range(input.shape[1])
        done = [
            super(OneRowAtATime, self).forward(
                input[:, b : b + 1], None if hx is None else tuple(s[:, b : b + 1].contiguous() for s in hx)
            )
            for b in rows
        ]
        return torch.cat([y for y, _ in done], 1), tuple(torch.cat([s[k] for _, s in done], 1) for k in (0, 1))


class PackedFresh(nn.LSTM):
    """The four weights are packed into one matrix at every call."""

    def __init__(self, input_size: int, hidden_size: int, batch_first: bool = False) -> None:
        super().__init__(input_size, hidden_size, batch_first=batch_first)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Called like nn.LSTM."""
        if not torch.is_tensor(input) or input.dim() != 3:
            raise NotImplementedError("only batches of one length")
        x = input.transpose(0, 1) if self.batch_first else input
        w_ih, w_hh, b_ih, b_hh = self.all_weights[0]
        w = torch.cat([w_ih, w_hh, (b_ih + b_hh)[:, None]], 1)
        zeros = x.new_zeros(x.shape[1], self.hidden_size)
        h, c = (zeros, zeros) if hx is None else (s[0] for s in hx)
        ys = []
        for x_t in x:
            i, f, g, o = (torch.cat([x_t, h, x_t.new_ones(len(x_t), 1)], 1) @ w.T).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            ys.append(h)
        return torch.stack(ys, 1 if self.batch_first else 0), (h[None], c[None])


def scripted_layer(input: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """A scan with an explicit list of states, and math.prod for the sizes."""
    rows = math.prod(input.shape[:1])
    states = [state]
    for t in range(input.shape[1]):
        z = torch.addmm(b_ih, input[:, t], w_ih.T) + torch.addmm(b_hh, states[-1][0], w_hh.T)
        i, f, g, o = z.view(rows, 4, -1).unbind(1)
        c = f.sigmoid() * states[-1][1] + i.sigmoid() * g.tanh()
        states.append((o.sigmoid() * c.tanh(), c))
    return torch.stack([h for h, _ in states[1:]], 1), states[-1]


STYLES = {  # name: kind of target, and the flags it needs
    **{name: ("cell", ()) for name, value in list(globals().items()) if name.endswith("_cell") and "numpy" not in name},
    **{name: ("layer", ()) for name in list(globals()) if name.endswith("_layer")},
    "numpy_pairwise_cell": ("cell", ("--arrays", "numpy")),
    "WhereMasked": ("module", ()),
    "MultiplicationMasked": ("module", ("--without", "non-finite")),
    "softmax_cell": ("cell", ("--without", "non-finite")),  # inf - inf
    "compensated_cell": ("cell", ("--without", "non-finite")),  # inf - inf
    "OwnStack": ("module", ()),
    "Delegating": ("module", ()),
    "FlippedTwice": ("module", ()),
    "OneRowAtATime": ("module", ()),
    "PackedFresh": ("module", ()),
}
