"""LSTMs whose weights come into being in unusual ways: at the first call, by parametrizations, under two names."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

States = tuple[Tensor, Tensor]


class FirstCallLSTM(nn.Module):
    """As in Keras, the first call says how wide the input is; batch first."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.units = units
        self.built = False

    def build(self, width: int, like: Tensor) -> None:
        """Make the parameters."""
        self.kernel = nn.Parameter(like.new_empty(width, 4 * self.units))
        self.recurrent_kernel = nn.Parameter(like.new_empty(self.units, 4 * self.units))
        self.bias = nn.Parameter(like.new_zeros(4 * self.units))
        nn.init.xavier_uniform_(self.kernel)
        nn.init.orthogonal_(self.recurrent_kernel)
        self.built = True

    def keep(self, z: Tensor) -> Tensor:
        """The forget gate."""
        return torch.sigmoid(z)

    def forward(self, inputs: Tensor, initial_state: States | None = None) -> tuple[Tensor, Tensor, Tensor]:
        if not self.built:
            self.build(inputs.shape[-1], inputs)
        h, c = initial_state or (inputs.new_zeros(len(inputs), self.units),) * 2
        outputs = []
        for x in inputs.unbind(1):
            i, f, g, o = (x @ self.kernel + h @ self.recurrent_kernel + self.bias).chunk(4, 1)
            c = self.keep(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs, 1), h, c


class FirstCallLSTMFaulty(FirstCallLSTM):
    """As TensorFlow's BasicLSTMCell."""

    def keep(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z + 1.0)


class NormedLSTM(nn.Module):
    """Both products with weight norm, as in vocoders; time first."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.ih = parametrizations.weight_norm(nn.Linear(input_size, 4 * hidden_size))
        self.hh = parametrizations.weight_norm(nn.Linear(hidden_size, 4 * hidden_size))

    def recur(self, h: Tensor) -> Tensor:
        """The product with the state."""
        return self.hh(h)

    def forward(self, x: Tensor, hx: States | None = None) -> tuple[Tensor, States]:
        h, c = hx if hx is not None else (x.new_zeros(x.size(1), self.hidden_size),) * 2
        ys = []
        for z in self.ih(x):
            i, f, g, o = (z + self.recur(h)).chunk(4, -1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            ys.append(h)
        return torch.stack(ys), (h, c)


class NormedLSTMFaulty(NormedLSTM):
    """Without its bias."""

    def recur(self, h: Tensor) -> Tensor:
        return nn.functional.linear(h, self.hh.weight)


class AliasLSTM(nn.Module):
    """The parameters of an nn.LSTMCell, named once more for an optimizer's groups; batch first."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.recurrent_weight = nn.Parameter(torch.zeros(4 * hidden_size, hidden_size))
        self.cell = nn.LSTMCell(input_size, hidden_size)
        self.cell.weight_hh = self.recurrent_weight
        self.input_weight = self.cell.weight_ih

    def propose(self, g: Tensor) -> Tensor:
        """The candidate."""
        return torch.tanh(g)

    def forward(self, x: Tensor, hidden: States | None = None) -> tuple[Tensor, States]:
        h, c = hidden or (x.new_zeros(x.size(0), self.cell.hidden_size),) * 2
        out = []
        for t in range(x.size(1)):
            z = x[:, t] @ self.input_weight.t() + self.cell.bias_ih + h @ self.cell.weight_hh.t() + self.cell.bias_hh
            i, f, g, o = z.chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * self.propose(g)
            h = o.sigmoid() * c.tanh()
            out.append(h)
        return torch.stack(out, 1), (h, c)


class AliasLSTMFaulty(AliasLSTM):
    """Half of it."""

    def propose(self, g: Tensor) -> Tensor:
        return 0.5 * torch.tanh(g)


class Scale(nn.Module):
    """Weights are stored divided by a factor, as for an equalised learning rate."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, stored: Tensor) -> Tensor:
        return stored * self.factor

    def right_inverse(self, weight: Tensor) -> Tensor:
        """What is stored."""
        return weight / self.factor


class ScaledLSTM(nn.Module):
    """Equalised learning rates; batch first."""

    def __init__(self, n_in: int, n_hidden: int) -> None:
        super().__init__()
        self.n_hidden = n_hidden
        self.w = nn.Linear(n_in, 4 * n_hidden)
        self.u = nn.Linear(n_hidden, 4 * n_hidden, bias=False)
        parametrize.register_parametrization(self.w, "weight", Scale(n_in**-0.5))
        parametrize.register_parametrization(self.u, "weight", Scale(n_hidden**-0.5))

    def recurrent(self) -> Tensor:
        """The recurrent matrix."""
        return self.u.weight

    def forward(self, x: Tensor, state: States | None = None) -> tuple[Tensor, States]:
        h, c = state or (x.new_zeros(x.size(0), self.n_hidden),) * 2
        hs = []
        for step in self.w(x).unbind(1):
            f, i, o, g = (step + h @ self.recurrent().t()).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            hs.append(h)
        return torch.stack(hs, 1), (h, c)


class ScaledLSTMFaulty(ScaledLSTM):
    """Without its factor."""

    def recurrent(self) -> Tensor:
        return self.u.parametrizations.weight.original  # type: ignore[union-attr,return-value]
