"""A stack of layers with dropout, written by hand on nn.LSTM's parameters: what the specimens of dropout change."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


class Stack(nn.LSTM):
    """Layers by hand, one step after the other; no projection, batches alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.proj_size:
            raise NotImplementedError("no projection")

    def between(self, x: Tensor, layer: int) -> Tensor:
        """Return what the next layer reads of an output (T, B, D*H)."""
        return functional.dropout(x, self.dropout, self.training)

    def leave(self, x: Tensor) -> Tensor:
        """Return the output of the last layer."""
        return x

    def end(self, h: Tensor) -> Tensor:
        """Return what h_n holds of a layer and direction."""
        return h

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Call as nn.LSTM."""
        lengths, x = None, input
        if isinstance(input, PackedSequence):
            x, lengths = pad_packed_sequence(input)
        elif input.dim() == 2:
            raise NotImplementedError("a batch is needed")
        elif self.batch_first:
            x = input.transpose(0, 1)
        directions = 1 + self.bidirectional
        zeros = x.new_zeros(self.num_layers * directions, x.shape[1], self.hidden_size)
        h_0, c_0 = (zeros, zeros) if hx is None else hx
        ends = torch.full((x.shape[1],), len(x)) if lengths is None else lengths
        hs, cs = [], []
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(directions):
                k = layer * directions + direction
                out, h, c = self._run(x, h_0[k], c_0[k], layer, direction, ends)
                outputs.append(out)
                hs.append(self.end(h))
                cs.append(c)
            x = torch.cat(outputs, -1)
            x = self.leave(x) if layer == self.num_layers - 1 else self.between(x, layer)
        if lengths is not None:
            x = pack_padded_sequence(x, lengths, enforce_sorted=False)
        elif self.batch_first:
            x = x.transpose(0, 1)
        return x, (torch.stack(hs), torch.stack(cs))

    def _run(self, x: Tensor, h: Tensor, c: Tensor, layer: int, direction: int, ends: Tensor) -> tuple[Tensor, ...]:
        suffix = f"l{layer}" + "_reverse" * direction
        w_ih, w_hh = getattr(self, f"weight_ih_{suffix}"), getattr(self, f"weight_hh_{suffix}")
        bias = getattr(self, f"bias_ih_{suffix}") + getattr(self, f"bias_hh_{suffix}") if self.bias else 0.0
        out: list[Any] = [None] * len(x)
        for t in reversed(range(len(x))) if direction else range(len(x)):
            i, f, g, o = (x[t] @ w_ih.T + h @ w_hh.T + bias).chunk(4, -1)
            c_new = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h_new = o.sigmoid() * c_new.tanh()
            live = (t < ends).to(x.device)[:, None]
            h, c = torch.where(live, h_new, h), torch.where(live, c_new, c)
            out[t] = torch.where(live, h_new, torch.zeros_like(h_new))
        return torch.stack(out), h, c
