"""A function with the arguments of `torch.lstm` made into a whole LSTM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.torch_modules import missing_dtype
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.protocol import LSTM


@dataclass(frozen=True)
class FromFunction:
    """An implementation made of a function that is called as `nn.LSTM` calls `torch.lstm`.

    It is given (input, hx, flat_weights, has_biases, num_layers, dropout, train, bidirectional, batch_first), all of
    them by position, and returns (output, h_n, c_n). input is (T, B, I) or, batch first, (B, T, I); hx is a list of
    h_0 and c_0, zeros where a call gives none; flat_weights is in the order of `nn.LSTM`'s parameters; dropout is 0.0
    and train False.
    """

    name: str
    function: Callable[..., Any]

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Packed sequences, for which torch.lstm has other arguments; and what torch cannot multiply."""
        if setting.call.lengths is not None:
            return f"{self.name} has no packed sequences: torch.lstm has other arguments for them"
        return missing_dtype(setting.runtime.dtype, setting.runtime.device)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Called like `nn.LSTM`."""
        a, flat = setting.architecture, [weight for _, weight in weights.items()]

        def lstm(input: torch.Tensor, hx: Any) -> Any:
            batched, batch_first = input.dim() == 3, a.batch_first and input.dim() == 3
            x = input if batched else input.unsqueeze(1)
            rows, layers = x.shape[0 if batch_first else 1], a.num_layers * a.num_directions
            sizes = a.output_size, a.hidden_size
            states = [x.new_zeros(layers, rows, size) for size in sizes] if hx is None else list(hx)
            states = states if batched or hx is None else [state.unsqueeze(1) for state in states]
            returned = self.function(x, states, flat, a.bias, a.num_layers, 0.0, False, a.bidirectional, batch_first)
            output, h_n, c_n = _three(returned)
            return (output, (h_n, c_n)) if batched else (output.squeeze(1), (h_n.squeeze(1), c_n.squeeze(1)))

        return lstm


def _three(returned: Any) -> tuple[Any, Any, Any]:
    if not isinstance(returned, tuple | list) or len(returned) != 3:
        given = f"a {type(returned).__name__}" + (f" of {len(returned)}" if isinstance(returned, tuple | list) else "")
        raise TypeError(f"the function returned {given}, but must return (output, h_n, c_n)")
    return tuple(returned)
