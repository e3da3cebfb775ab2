"""A layer function on NumPy arrays: `pytest --impl layer:examples/layer_numpy.py:lstm_forward --lstm-arrays numpy`."""

import numpy as np


def sigmoid(z):
    """The logistic function; exp may overflow to infinity, and 1 / infinity is 0, as it should be."""
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-z))


def lstm_forward(input, state, w_ih, w_hh, b_ih, b_hh):
    """One layer in one direction, without projection: input (B, T, I), state (h (B, H), c (B, H))."""
    h, c = state
    output = np.empty((*input.shape[:2], h.shape[1]), input.dtype)
    for t in range(input.shape[1]):
        i, f, g, o = np.split(input[:, t] @ w_ih.T + b_ih + h @ w_hh.T + b_hh, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        output[:, t] = h
    return output, (h, c)
