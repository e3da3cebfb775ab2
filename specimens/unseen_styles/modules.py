"""Correct modules, constructed and called like nn.LSTM."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from specimens.unseen_styles.layers import run_steps


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
            y, last = run_steps(x.transpose(0, 1), state, *weights)
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
