"""The cell of `relative.py`."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GateCell(nn.Module):
    """One step."""

    def __init__(self, in_features: int, units: int) -> None:
        super().__init__()
        self.units = units
        self.from_input = nn.Linear(in_features, 4 * units)
        self.from_state = nn.Linear(units, 4 * units, bias=False)

    def show(self, z: Tensor) -> Tensor:
        """The output gate."""
        return torch.sigmoid(z)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = (self.from_input(x) + self.from_state(h)).chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return self.show(o) * c.tanh(), c
