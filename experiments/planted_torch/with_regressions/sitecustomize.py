"""Four regressions planted in torch's nn.LSTM, loaded by any Python that has this folder in PYTHONPATH.

b_hh of the first layer dropped where there are two directions and a projection; float64 through float32; no check of
the states' sizes; twice the time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

plain = nn.LSTM.forward


def through_float32(value: Any) -> Any:
    """A tensor or a packed sequence, rounded."""
    if hasattr(value, "batch_sizes"):
        return value._replace(data=through_float32(value.data))
    return value.float().double()


def forward(self: Any, input: Any, hx: Any = None) -> Any:
    """What nn.LSTM returns, with the faults."""
    if self.bidirectional and self.proj_size and self.bias:
        with torch.no_grad():
            self.bias_hh_l0.zero_()
    plain(self, input, hx)
    output, states = plain(self, input, hx)
    if self.weight_ih_l0.dtype != torch.float64:
        return output, states
    return through_float32(output), tuple(map(through_float32, states))


nn.LSTM.forward = forward
nn.LSTM.check_forward_args = lambda self, *given: None
