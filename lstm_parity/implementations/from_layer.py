"""A layer function made into a whole LSTM: stacked, reversed and packed here, so that it need know none of that."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import pad

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.stack import CellStack, State
from lstm_parity.implementations.torch_modules import missing_dtype
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.protocol import LSTM

# input (B, T, I), (h0 (B, P), c0 (B, H)), w_ih, w_hh, b_ih, b_hh, w_hr where there is one -> output (B, T, P), (h, c)
_Layer = Callable[..., tuple[torch.Tensor, State]]


@dataclass(frozen=True)
class FromLayer:
    """An implementation made of `lstm_forward(input, (h0, c0), w_ih, w_hh, b_ih, b_hh, w_hr=None)`.

    The function computes one layer in one direction, batch first: input (B, T, I), h0 (B, P), c0 (B, H), weights of
    torch's shapes; it returns output (B, T, P) and the last (h (B, P), c (B, H)). Without bias it is given zeros;
    without projection it is called without w_hr, and need not have that parameter.
    """

    name: str
    layer: _Layer

    def unsupported_reason(self, setting: Setting) -> str | None:
        """A function that takes no w_hr supports no projection; nor does any support what torch cannot multiply."""
        if setting.architecture.proj_size and not takes_arguments(self.layer, 7):
            return f"{self.name} takes no w_hr, so it has no proj_size"
        return missing_dtype(setting.runtime.dtype, setting.runtime.device)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Return a stack of these layers, called like `nn.LSTM`."""
        return CellStack.of_runs(
            weights, lambda w: _Direction(self.layer, _pick_arguments(w)), setting.architecture.batch_first
        )


def layer_of_cell(cell: Callable[..., Any]) -> _Layer:
    """Loop a cell `(x (B, I), (h, c), w_ih, w_hh, b_ih, b_hh, w_hr=None) -> (h, c)` over time, as a layer."""

    def layer(input: torch.Tensor, state: State, *weights: torch.Tensor) -> tuple[torch.Tensor, State]:
        outputs = []
        for x in input.unbind(1):
            h, c = cell(x, state, *weights)
            state = h, c
            outputs.append(h)
        return torch.stack(outputs, 1), state

    return (
        layer
        if takes_arguments(cell, 7)
        else lambda input, state, w_ih, w_hh, b_ih, b_hh: layer(input, state, w_ih, w_hh, b_ih, b_hh)
    )


def takes_arguments(function: Callable[..., Any], count: int) -> bool:
    """Whether a function may be called with so many positional arguments; True where it does not say."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def _pick_arguments(w: CellWeights) -> tuple[torch.Tensor, ...]:
    """Return the weights as the function's arguments."""
    rows = w.w_ih.shape[0]
    b_ih, b_hh = (w.w_ih.new_zeros(rows) if b is None else b for b in (w.b_ih, w.b_hh))
    return (w.w_ih, w.w_hh, b_ih, b_hh) + (() if w.w_hr is None else (w.w_hr,))


@dataclass(frozen=True, eq=False)
class _Direction:
    """One direction of one layer, called as the stack runs it."""

    layer: _Layer
    weights: tuple[torch.Tensor, ...]

    def __call__(
        self, x: torch.Tensor, state: State, lengths: torch.Tensor | None, reverse: bool
    ) -> tuple[torch.Tensor, State]:
        """Call the function on rows of one length at a time, so that it never sees padding."""
        if lengths is None:
            return self._dense(x, state, reverse)
        rows = {n: (lengths == n).nonzero().squeeze(1).to(x.device) for n in sorted(set(lengths.tolist()))}
        runs = [self._dense(x[:n, some], (state[0][some], state[1][some]), reverse) for n, some in rows.items()]
        order = torch.cat(list(rows.values())).argsort()
        output = torch.cat([pad(output, (0, 0, 0, 0, 0, len(x) - len(output))) for output, _ in runs], 1)
        h, c = (torch.cat(parts) for parts in zip(*(last for _, last in runs), strict=True))
        return output[:, order], (h[order], c[order])

    def _dense(self, x: torch.Tensor, state: State, reverse: bool) -> tuple[torch.Tensor, State]:
        """Run all rows of one length; x: (T, B, I), output: (T, B, P)."""
        x = x.flip(0) if reverse else x
        returned = self.layer(x.transpose(0, 1).contiguous(), state, *self.weights)
        try:
            output, (h, c) = returned
        except (TypeError, ValueError) as error:
            kind = type(returned).__name__
            raise TypeError(f"the layer returned a {kind}, but must return (output, (h, c))") from error
        for name, value in (("output", output), ("h", h), ("c", c)):
            if not isinstance(value, torch.Tensor):
                raise TypeError(f"the layer returned {name} as a {type(value).__name__}, but must return torch.Tensors")
        output = output.transpose(0, 1)
        return output.flip(0) if reverse else output, (h, c)
