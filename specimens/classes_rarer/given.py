"""LSTMs that are given something else: tokens, a mask by keyword, states in an attribute, column vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

States = tuple[Tensor, Tensor]
Array = NDArray[Any]


class TokenEncoder(nn.Module):
    """Reads tokens (B, T); batch first."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.wx = nn.Linear(embedding_dim, 4 * hidden_dim)
        self.wh = nn.Linear(hidden_dim, 4 * hidden_dim)
        self.hidden_dim = hidden_dim

    def admit(self, i: Tensor, f: Tensor) -> Tensor:
        """The input gate."""
        return i

    def forward(self, tokens: Tensor, hidden: States | None = None) -> tuple[Tensor, States]:
        emb = self.embedding(tokens)
        h, c = hidden if hidden is not None else (emb.new_zeros(len(tokens), self.hidden_dim),) * 2
        ys = []
        for t in range(tokens.size(1)):
            i, f, g, o = (self.wx(emb[:, t]) + self.wh(h)).chunk(4, dim=1)
            f = torch.sigmoid(f)
            c = f * c + self.admit(torch.sigmoid(i), f) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            ys.append(h)
        return torch.stack(ys, dim=1), (h, c)


class TokenEncoderFaulty(TokenEncoder):
    """Coupled gates."""

    def admit(self, i: Tensor, f: Tensor) -> Tensor:
        return 1 - f


class MaskKeywordLSTM(nn.Module):
    """Padded sequences with their mask (B, T); batch first."""

    def __init__(self, input_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.input_map = nn.Linear(input_dim, 4 * hidden_dim)
        self.hidden_map = nn.Linear(hidden_dim, 4 * hidden_dim)
        self.hidden_dim = hidden_dim

    def hold(self, m: Tensor, new_c: Tensor, c: Tensor) -> Tensor:
        """The cell state of rows that go on, and of those that have ended."""
        return torch.where(m, new_c, c)

    def forward(self, inputs: Tensor, state: States | None = None, *, mask: Tensor) -> tuple[Tensor, States]:
        h, c = state if state else (inputs.new_zeros(inputs.shape[0], self.hidden_dim),) * 2
        outs = []
        for t in range(inputs.shape[1]):
            m = mask[:, t, None].bool()
            i, f, g, o = torch.split(self.input_map(inputs[:, t]) + self.hidden_map(h), self.hidden_dim, 1)
            new_c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            new_h = o.sigmoid() * new_c.tanh()
            outs.append(torch.where(m, new_h, torch.zeros_like(new_h)))
            h, c = torch.where(m, new_h, h), self.hold(m, new_c, c)
        return torch.stack(outs, 1), (h, c)


class MaskKeywordLSTMFaulty(MaskKeywordLSTM):
    """The cell state goes on."""

    def hold(self, m: Tensor, new_c: Tensor, c: Tensor) -> Tensor:
        return new_c


class InitHiddenLSTM(nn.Module):
    """States in an attribute, which a training loop sets by `model.hidden = model.init_hidden(n)`; time first."""

    def __init__(self, input_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.hidden_dim = hidden_dim
        self.gates = nn.Linear(input_dim + hidden_dim, 4 * hidden_dim)

    def init_hidden(self, batch_size: int) -> States:
        """Zeros."""
        zeros = self.gates.weight.new_zeros(batch_size, self.hidden_dim)
        return zeros, zeros.clone()

    def start(self) -> States:
        """The states to start from."""
        return self.hidden

    def forward(self, x: Tensor) -> Tensor:
        h, c = self.start()
        outputs = []
        for x_t in x:
            i, f, g, o = self.gates(torch.cat([x_t, h], 1)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        self.hidden = (h, c)
        return torch.stack(outputs)


class InitHiddenLSTMFaulty(InitHiddenLSTM):
    """One state twice."""

    def start(self) -> States:
        return self.hidden[0], self.hidden[0]


class MinCharLSTM:
    """A character model's: columns (I, 1), one for each step."""

    def __init__(self, n_x: int, n_h: int) -> None:
        rng = np.random.default_rng()
        self.Wf, self.Wi, self.Wc, self.Wo = (rng.standard_normal((n_h, n_h + n_x)) * 0.1 for _ in range(4))
        self.bf, self.bi, self.bc, self.bo = (np.zeros((n_h, 1)) for _ in range(4))

    def candidate(self, z: Array) -> Array:
        """What may be written."""
        return np.tanh(z)

    def forward(self, xs: Sequence[Array], h_prev: Array, c_prev: Array) -> tuple[list[Array], Array, Array]:
        """All h (H, 1), and the last h and c."""
        hs, h, c = [], h_prev, c_prev
        for x in xs:
            z = np.vstack((h, x))
            f, i, o = (1 / (1 + np.exp(-(w @ z + b))) for w, b in self.pairs())
            c = f * c + i * self.candidate(self.Wc @ z + self.bc)
            h = o * np.tanh(c)
            hs.append(h)
        return hs, h, c

    def pairs(self) -> tuple[tuple[Array, Array], ...]:
        """The weights of the gates."""
        return (self.Wf, self.bf), (self.Wi, self.bi), (self.Wo, self.bo)


class MinCharLSTMFaulty(MinCharLSTM):
    """The wrong activation."""

    def candidate(self, z: Array) -> Array:
        return 1 / (1 + np.exp(-z))


class StatesOnlyEncoder(nn.Module):
    """Reads a sequence, and returns the states at its end; batch first."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.x2h = nn.Linear(input_size, 4 * hidden_size)
        self.h2h = nn.Linear(hidden_size, 4 * hidden_size)

    def show(self, o: Tensor, c: Tensor) -> Tensor:
        """The new hidden state."""
        return o * torch.tanh(c)

    def forward(self, seq: Tensor, hx: States | None = None) -> States:
        h, c = (seq.new_zeros(seq.size(0), self.hidden_size),) * 2 if hx is None else hx
        for frame in seq.transpose(0, 1):
            i, f, g, o = (self.x2h(frame) + self.h2h(h)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = self.show(torch.sigmoid(o), c)
        return h, c


class StatesOnlyEncoderFaulty(StatesOnlyEncoder):
    """Parentheses in the wrong place."""

    def show(self, o: Tensor, c: Tensor) -> Tensor:
        return torch.tanh(o * c)
