"""A class whose cell is in another file of its package."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from .gates import GateCell

States = tuple[Tensor, Tensor]


class RelativeLSTM(nn.Module):
    """A loop over a cell; batch first."""

    cell_class: type[GateCell] = GateCell

    def __init__(self, in_features: int, units: int) -> None:
        super().__init__()
        self.cell = self.cell_class(in_features, units)

    def forward(self, x: Tensor, state: States | None = None) -> tuple[Tensor, States]:
        h, c = state or (x.new_zeros(x.size(0), self.cell.units),) * 2
        outputs = []
        for x_t in x.unbind(1):
            h, c = self.cell(x_t, h, c)
            outputs.append(h)
        return torch.stack(outputs, 1), (h, c)


class HardCell(GateCell):
    """A cheaper output gate."""

    def show(self, z: Tensor) -> Tensor:
        return F.hardsigmoid(z)


class RelativeLSTMFaulty(RelativeLSTM):
    """With that cell."""

    cell_class = HardCell
