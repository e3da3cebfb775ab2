"""A layer function: `pytest --impl layer:examples/layer.py:lstm_forward`."""

import torch


def lstm_forward(input, state, w_ih, w_hh, b_ih, b_hh, w_hr=None):
    """One layer in one direction: input (B, T, I), state (h (B, P), c (B, H)) -> output (B, T, P), (h, c)."""
    h, c = state
    outputs = []
    for x in input.unbind(1):
        i, f, g, o = (x @ w_ih.T + b_ih + h @ w_hh.T + b_hh).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        if w_hr is not None:
            h = h @ w_hr.T
        outputs.append(h)
    return torch.stack(outputs, 1), (h, c)
