"""LSTMs that are built, called or answer in ways of their own."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

ARGS = SimpleNamespace(input_size=10, hidden=20, cuda=False)
DEFAULTS = {"features": 12, "units": 24}


class LengthsLSTM(nn.Module):
    """An encoder of padded sequences, whose lengths it takes and gives back; batch first."""

    def __init__(self, idim: int, hdim: int) -> None:
        super().__init__()
        self.hdim = hdim
        self.w_x = nn.Linear(idim, 4 * hdim)
        self.w_h = nn.Linear(hdim, 4 * hdim)

    def forward(
        self, xs_pad: Tensor, ilens: Tensor | None = None, prev_state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """Padded outputs, lengths, and the states at the end of each sequence."""
        bsz, tmax, _ = xs_pad.shape
        if ilens is None:
            ilens = torch.full((bsz,), tmax, device=xs_pad.device)
        h, c = prev_state if prev_state is not None else (xs_pad.new_zeros(bsz, self.hdim),) * 2
        ys = []
        for t in range(tmax):
            alive = (t < ilens.to(h.device)).unsqueeze(1)
            i, f, g, o = (self.w_x(xs_pad[:, t]) + self.w_h(h)).chunk(4, dim=1)
            c_new = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h_new = o.sigmoid() * c_new.tanh()
            ys.append(self.pick(h, h_new) * alive)
            h, c = torch.where(alive, h_new, h), torch.where(alive, c_new, c)
        return torch.stack(ys, 1), ilens, (h, c)

    def pick(self, old: Tensor, new: Tensor) -> Tensor:
        """The output of a step."""
        return new


class LengthsLSTMFaulty(LengthsLSTM):
    """The output is a step late: the state before the step."""

    def pick(self, old: Tensor, new: Tensor) -> Tensor:
        return old


class LSTMOutput(NamedTuple):
    """What `NamedTupleLSTM` returns."""

    sequence: Tensor
    hidden: Tensor
    cell: Tensor


class NamedTupleLSTM(nn.Module):
    """A dict of sizes in, a named tuple out; gates f, i, c, o; time first."""

    def __init__(self, params: Mapping[str, int] = DEFAULTS) -> None:
        super().__init__()
        self.units = params["units"]
        self.weight_x = nn.Parameter(torch.zeros(4 * self.units, params["features"]))
        self.weight_h = nn.Parameter(torch.zeros(4 * self.units, self.units))
        self.bias = nn.Parameter(torch.zeros(4 * self.units))

    def forward(self, x: Tensor, hidden: Tensor | None = None, cell: Tensor | None = None) -> LSTMOutput:
        hidden = x.new_zeros(x.shape[1], self.units) if hidden is None else hidden
        cell = x.new_zeros(x.shape[1], self.units) if cell is None else cell
        outs = []
        for proj in F.linear(x, self.weight_x, self.bias):
            f, i, cand, o = torch.tensor_split(proj + F.linear(hidden, self.weight_h), 4, dim=1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(cand)
            hidden = torch.sigmoid(o) * torch.tanh(cell)
            outs.append(hidden)
        return LSTMOutput(torch.stack(outs), hidden, cell)


class NamedTupleLSTMFaulty(NamedTupleLSTM):
    """The first step's hidden state for the last."""

    def forward(self, x: Tensor, hidden: Tensor | None = None, cell: Tensor | None = None) -> LSTMOutput:
        result = super().forward(x, hidden, cell)
        return result._replace(hidden=result.sequence[0])


class DictOutLSTM(nn.Module):
    """Built of parsed arguments; three gates in one nn.Linear, the candidate in another; a dict out; batch first."""

    def __init__(self, args: Any = ARGS) -> None:
        super().__init__()
        self.hidden = args.hidden
        self.gates = nn.Linear(args.input_size + args.hidden, 3 * args.hidden)
        self.candidate = nn.Linear(args.input_size + args.hidden, args.hidden)

    def forward(self, x: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> dict[str, Tensor]:
        if hx is None:
            hx = (x.new_zeros(1, x.size(0), self.hidden), x.new_zeros(1, x.size(0), self.hidden))
        h, c = (state[0] for state in hx)
        output = []
        for t in range(x.size(1)):
            xh = torch.cat((x[:, t], h), dim=1)
            i, f, o = self.gates(xh).sigmoid().split(self.hidden, dim=1)
            c = torch.addcmul(f * c, i, self.candidate(xh).tanh())
            h = o * c.tanh()
            output.append(h)
        return {"output": torch.stack(output, dim=1), "h_n": h[None], "c_n": c[None]}


class DictOutLSTMFaulty(DictOutLSTM):
    """h_n as c_n."""

    def forward(self, x: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> dict[str, Tensor]:
        result = super().forward(x, hx)
        return {**result, "c_n": result["h_n"]}


class UnbatchedLSTM(nn.Module):
    """One sequence (time, feature) at a call, and states that are vectors."""

    def __init__(self, size_in: int, size_out: int) -> None:
        super().__init__()
        self.size_out = size_out
        self.mats = nn.ParameterList([nn.Parameter(torch.randn(size_out, size_in + size_out)) for _ in range(4)])
        self.offsets = nn.ParameterList([nn.Parameter(torch.zeros(size_out)) for _ in range(4)])

    def keep(self, z: Tensor) -> Tensor:
        """How much of the memory is kept."""
        return torch.sigmoid(z)

    def forward(self, seq: Tensor, init: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        h, c = init if init else (seq.new_zeros(self.size_out), seq.new_zeros(self.size_out))
        hs = []
        for x in seq:
            v = torch.cat([x, h])
            z_f, z_i, z_o, z_g = (torch.mv(m, v) + b for m, b in zip(self.mats, self.offsets, strict=True))
            c = self.keep(z_f) * c + torch.sigmoid(z_i) * torch.tanh(z_g)
            h = torch.sigmoid(z_o) * torch.tanh(c)
            hs.append(h)
        return torch.stack(hs), (h, c)


class UnbatchedLSTMFaulty(UnbatchedLSTM):
    """A softmax over the units for the forget gate."""

    def keep(self, z: Tensor) -> Tensor:
        return torch.softmax(z, dim=0)


class StatefulLSTM(nn.Module):
    """Keeps its last states as an attribute, and begins every call afresh; time first."""

    def __init__(self, embedding_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.hidden_dim = hidden_dim
        self.ih = nn.Linear(embedding_dim, hidden_dim * 4)
        self.hh = nn.Linear(hidden_dim, hidden_dim * 4, bias=False)
        self.hidden: tuple[Tensor, Tensor] | None = None

    def init_hidden(self, sentence: Tensor) -> tuple[Tensor, Tensor]:
        """Zeros."""
        zeros = sentence.new_zeros(sentence.size(1), self.hidden_dim)
        return zeros, zeros.clone()

    def forward(self, sentence: Tensor) -> Tensor:
        h, c = self.hidden = self.init_hidden(sentence)
        lstm_out = []
        for embeds in sentence.split(1):
            i, g, f, o = (self.ih(embeds.squeeze(0)) + self.hh(h)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            lstm_out.append(h)
        self.hidden = (h, c)
        return torch.stack(lstm_out)


class StatefulLSTMFaulty(StatefulLSTM):
    """Goes on where the last call stopped."""

    def init_hidden(self, sentence: Tensor) -> tuple[Tensor, Tensor]:
        return super().init_hidden(sentence) if self.hidden is None else self.hidden


class ConvGatesLSTM(nn.Module):
    """Gates by a convolution of width one; (batch, channel, time) in and out; no states."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.conv = nn.Conv1d(channels_in + channels, 4 * channels, kernel_size=1)

    def candidate(self, z: Tensor) -> Tensor:
        """What may be written."""
        return torch.tanh(z)

    def forward(self, x: Tensor) -> Tensor:
        h = c = x.new_zeros(x.size(0), self.channels, 1)
        frames = []
        for frame in x.split(1, dim=2):
            cc_i, cc_f, cc_o, cc_g = torch.split(self.conv(torch.cat([frame, h], dim=1)), self.channels, dim=1)
            c = torch.sigmoid(cc_f) * c + torch.sigmoid(cc_i) * self.candidate(cc_g)
            h = torch.sigmoid(cc_o) * torch.tanh(c)
            frames.append(h)
        return torch.cat(frames, dim=2)


class ConvGatesLSTMFaulty(ConvGatesLSTM):
    """No activation for the candidate."""

    def candidate(self, z: Tensor) -> Tensor:
        return z
