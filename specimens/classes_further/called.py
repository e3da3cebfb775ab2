"""LSTMs that are called in unusual ways: states side by side, a mask, directions apart, a decoder behind."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

States = tuple[Tensor, Tensor]


class SideBySideCell(nn.Module):
    """As TensorFlow's BasicLSTMCell with state_is_tuple=False: (batch, 2 * units), c first."""

    def __init__(self, input_dim: int, num_units: int) -> None:
        super().__init__()
        self.num_units = num_units
        self.kernel = nn.Parameter(torch.zeros(input_dim + num_units, 4 * num_units))
        self.bias = nn.Parameter(torch.zeros(4 * num_units))

    def read(self, h: Tensor, c: Tensor) -> Tensor:
        """What is multiplied beside x."""
        return h

    def forward(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        c, h = state.chunk(2, dim=1)
        i, j, f, o = (torch.cat([inputs, self.read(h, c)], 1) @ self.kernel + self.bias).chunk(4, dim=1)
        new_c = c * f.sigmoid() + i.sigmoid() * j.tanh()
        new_h = new_c.tanh() * o.sigmoid()
        return new_h, torch.cat([new_c, new_h], 1)


class SideBySideCellFaulty(SideBySideCell):
    """The wrong half."""

    def read(self, h: Tensor, c: Tensor) -> Tensor:
        return c


class MaskedStepLSTM(nn.Module):
    """A mask (batch, time), 1 where there is a word; batch first."""

    def __init__(self, embed_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.x2h = nn.Linear(embed_size, 4 * hidden_size)
        self.h2h = nn.Linear(hidden_size, 4 * hidden_size, bias=False)

    def blend(self, new: Tensor, old: Tensor, m: Tensor) -> Tensor:
        """The new state, where the mask is 1."""
        return m * new + (1 - m) * old

    def forward(self, inputs: Tensor, mask: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        mask = mask.to(inputs.dtype)
        h, c = hx or (inputs.new_zeros(inputs.size(0), self.hidden_size),) * 2
        outputs = []
        for t in range(inputs.size(1)):
            m = mask[:, t : t + 1]
            i, f, o, g = (self.x2h(inputs[:, t]) + self.h2h(h)).chunk(4, 1)
            new_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            new_h = torch.sigmoid(o) * torch.tanh(new_c)
            h, c = self.blend(new_h, h, m), self.blend(new_c, c, m)
            outputs.append(h * m)
        return torch.stack(outputs, 1), (h, c)


class MaskedStepLSTMFaulty(MaskedStepLSTM):
    """Forgets in the padding."""

    def blend(self, new: Tensor, old: Tensor, m: Tensor) -> Tensor:
        return m * new


class SplitDirectionsLSTM(nn.Module):
    """Directions in lists of cells of their own, with dropout between layers; time first."""

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bidirectional: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.hidden_size, self.num_layers, self.dropout = hidden_size, num_layers, dropout
        self.num_directions = 1 + bidirectional
        self.f_cells, self.b_cells = nn.ModuleList(), nn.ModuleList()
        for _ in range(num_layers):
            self.f_cells.append(nn.LSTMCell(input_size, hidden_size))
            if bidirectional:
                self.b_cells.append(nn.LSTMCell(input_size, hidden_size))
            input_size = hidden_size * self.num_directions

    def join(self, sides: list[Tensor], is_last: bool) -> Tensor:
        """What the next layer reads."""
        return torch.cat(sides, -1)

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        slots = self.num_layers * self.num_directions
        ih = ic = x.new_zeros(slots, x.shape[1], self.hidden_size)
        if hx is not None:
            ih, ic = hx
        h_n, c_n = [], []
        for layer in range(self.num_layers):
            x = F.dropout(x, self.dropout, self.training) if layer else x
            sides = []
            for side, cells in enumerate((self.f_cells, self.b_cells)[: self.num_directions]):
                slot = layer * self.num_directions + side
                h, c = ih[slot], ic[slot]
                steps: list[Tensor] = []
                for frame in reversed(x.unbind(0)) if side else x.unbind(0):
                    h, c = cells[layer](frame, (h, c))
                    steps.append(h)
                sides.append(torch.stack(steps[::-1] if side else steps))
                h_n.append(h)
                c_n.append(c)
            x = self.join(sides, layer == self.num_layers - 1)
        return x, (torch.stack(h_n), torch.stack(c_n))


class SplitDirectionsLSTMFaulty(SplitDirectionsLSTM):
    """Sums the directions below the last layer."""

    def join(self, sides: list[Tensor], is_last: bool) -> Tensor:
        return torch.cat(sides if is_last else [sum(sides, torch.zeros_like(sides[0]))] * len(sides), -1)


class DecoderLSTM(nn.Module):
    """As character models have it: an LSTM, and a linear decoder on its output; batch first."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size, 4 * hidden_size)
        self.h2h = nn.Linear(hidden_size, 4 * hidden_size)
        self.decoder = nn.Linear(hidden_size, output_size)

    def write(self, f: Tensor, c: Tensor, i: Tensor, g: Tensor) -> Tensor:
        """The new cell state."""
        return f * c + i * g

    def forward(self, x: Tensor, hidden: States | None = None) -> tuple[Tensor, States]:
        h, c = hidden or (x.new_zeros(x.size(0), self.hidden_size),) * 2
        outs = []
        for t in range(x.size(1)):
            i, f, g, o = (self.i2h(x[:, t]) + self.h2h(h)).chunk(4, 1)
            c = self.write(f.sigmoid(), c, i.sigmoid(), g.tanh())
            h = o.sigmoid() * c.tanh()
            outs.append(h)
        return self.decoder(torch.stack(outs, 1)), (h, c)


class DecoderLSTMFaulty(DecoderLSTM):
    """Parentheses in the wrong place."""

    def write(self, f: Tensor, c: Tensor, i: Tensor, g: Tensor) -> Tensor:
        return f * (c + i * g)
