"""Correct layers: a sequence of one layer, batch first."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


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


def run_steps(input: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """Run the steps of a layer one by one."""
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
        return run_steps(input, state, *weights)
    return checkpoint(run_steps, input, state, *weights, use_reentrant=False)


def chunked_layer(input: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """Chunks of three steps, the state handed on."""
    weights = w_ih, w_hh, b_ih, b_hh
    ys = []
    for chunk in input.split(3, 1):
        y, state = run_steps(chunk, state, *weights)
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
