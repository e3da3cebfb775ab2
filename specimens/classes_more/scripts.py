# mypy: disable-error-code="attr-defined, untyped-decorator"
"""An LSTM that is compiled by TorchScript as it is constructed."""

from typing import Tuple  # noqa: UP035  (TorchScript's own spelling)

import torch
from torch import Tensor, nn


class ScriptMethodLSTM(torch.jit.ScriptModule):
    """One layer, batch first."""

    __constants__ = ("hidden_size",)

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.randn(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.randn(4 * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.randn(4 * hidden_size))

    @torch.jit.script_method
    def forward(self, x: Tensor, state: Tuple[Tensor, Tensor]) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:  # noqa: UP006
        h, c = state
        outputs = []
        for t in range(x.size(1)):
            gates = torch.mm(x[:, t], self.weight_ih.t()) + torch.mm(h, self.weight_hh.t()) + self.bias
            i, f, g, o = gates.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * self.squash(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs, 1), (h, c)

    @torch.jit.script_method
    def squash(self, g: Tensor) -> Tensor:
        """The candidate."""
        return torch.tanh(g)


class ScriptMethodLSTMFaulty(ScriptMethodLSTM):
    """A sigmoid for the candidate."""

    @torch.jit.script_method
    def squash(self, g: Tensor) -> Tensor:
        return torch.sigmoid(g)
