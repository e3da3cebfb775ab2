"""A function with torch.lstm's arguments: `pytest --impl function:examples/function.py:lstm`."""

import torch


def lstm(input, hx, weights, has_biases, num_layers, dropout, train, bidirectional, batch_first):
    """All layers of one direction: input (T, B, I), hx [h_0 (L, B, H), c_0 (L, B, H)] -> output, h_n, c_n."""
    if bidirectional or weights[1].shape[0] != 4 * weights[1].shape[1]:
        raise NotImplementedError("one direction, no projection")
    x = input.transpose(0, 1) if batch_first else input
    per_layer = 4 if has_biases else 2
    last = []
    for layer in range(num_layers):
        w_ih, w_hh, *biases = weights[per_layer * layer : per_layer * (layer + 1)]
        h, c = hx[0][layer], hx[1][layer]
        outputs = []
        for step in x:
            i, f, g, o = (step @ w_ih.T + h @ w_hh.T + sum(biases)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        x = torch.stack(outputs)
        last.append((h, c))
    h_n, c_n = (torch.stack(states) for states in zip(*last, strict=True))
    return (x.transpose(0, 1) if batch_first else x), h_n, c_n
