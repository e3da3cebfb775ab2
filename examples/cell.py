"""A cell function: `pytest --impl cell:examples/cell.py:lstm_cell`."""

import torch


def lstm_cell(x, state, w_ih, w_hh, b_ih, b_hh):
    """One step: x (B, I), state (h (B, H), c (B, H)) -> (h, c)."""
    h, c = state
    i, f, g, o = (x @ w_ih.T + b_ih + h @ w_hh.T + b_hh).chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
