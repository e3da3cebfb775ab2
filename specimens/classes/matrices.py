"""LSTMs whose weights are matrices written out by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

States = tuple[Tensor, Tensor]


class NaiveLSTM(nn.Module):
    """Twelve parameters, as the tutorials have it; batch first."""

    def __init__(self, input_sz: int, hidden_sz: int) -> None:
        super().__init__()
        self.input_size = input_sz
        self.hidden_size = hidden_sz
        self.W_i = nn.Parameter(torch.Tensor(input_sz, hidden_sz))
        self.U_i = nn.Parameter(torch.Tensor(hidden_sz, hidden_sz))
        self.b_i = nn.Parameter(torch.Tensor(hidden_sz))
        self.W_f = nn.Parameter(torch.Tensor(input_sz, hidden_sz))
        self.U_f = nn.Parameter(torch.Tensor(hidden_sz, hidden_sz))
        self.b_f = nn.Parameter(torch.Tensor(hidden_sz))
        self.W_c = nn.Parameter(torch.Tensor(input_sz, hidden_sz))
        self.U_c = nn.Parameter(torch.Tensor(hidden_sz, hidden_sz))
        self.b_c = nn.Parameter(torch.Tensor(hidden_sz))
        self.W_o = nn.Parameter(torch.Tensor(input_sz, hidden_sz))
        self.U_o = nn.Parameter(torch.Tensor(hidden_sz, hidden_sz))
        self.b_o = nn.Parameter(torch.Tensor(hidden_sz))
        stdv = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            weight.data.uniform_(-stdv, stdv)

    def candidate(self, x_t: Tensor, h_t: Tensor) -> Tensor:
        """What the input gate lets in."""
        return torch.tanh(x_t @ self.W_c + h_t @ self.U_c + self.b_c)

    def forward(self, x: Tensor, init_states: States | None = None) -> tuple[Tensor, States]:
        bs, seq_sz, _ = x.size()
        hidden_seq = []
        if init_states is None:
            h_t, c_t = torch.zeros(bs, self.hidden_size).to(x), torch.zeros(bs, self.hidden_size).to(x)
        else:
            h_t, c_t = init_states
        for t in range(seq_sz):
            x_t = x[:, t, :]
            i_t = torch.sigmoid(x_t @ self.W_i + h_t @ self.U_i + self.b_i)
            f_t = torch.sigmoid(x_t @ self.W_f + h_t @ self.U_f + self.b_f)
            g_t = self.candidate(x_t, h_t)
            o_t = torch.sigmoid(x_t @ self.W_o + h_t @ self.U_o + self.b_o)
            c_t = f_t * c_t + i_t * g_t
            h_t = o_t * torch.tanh(c_t)
            hidden_seq.append(h_t.unsqueeze(0))
        # from (sequence, batch, feature) to (batch, sequence, feature)
        return torch.cat(hidden_seq, dim=0).transpose(0, 1).contiguous(), (h_t, c_t)


class NaiveLSTMFaulty(NaiveLSTM):
    """The candidate through a sigmoid."""

    def candidate(self, x_t: Tensor, h_t: Tensor) -> Tensor:
        return torch.sigmoid(x_t @ self.W_c + h_t @ self.U_c + self.b_c)


class ConcatLSTM(nn.Module):
    """One nn.Linear on [x, h], gates i, f, o, g; time first."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.n_out = n_out
        self.gates = nn.Linear(n_in + n_out, 4 * n_out)

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """One step."""
        z = self.gates(torch.cat([x, h], dim=1))
        i, f, o = torch.sigmoid(z[:, : 3 * self.n_out]).chunk(3, dim=1)
        c = f * c + i * torch.tanh(z[:, 3 * self.n_out :])
        return o * torch.tanh(c), c

    def forward(self, seq: Tensor, prev: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        zeros = seq.new_zeros(seq.shape[1], self.n_out)
        h, c = (zeros, zeros) if prev is None else prev
        out = []
        for x in seq:
            h, c = self.step(x, h, c)
            out.append(h)
        return torch.stack(out), (h, c)


class ConcatLSTMFaulty(ConcatLSTM):
    """No tanh on the way out."""

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        _, c = super().step(x, h, c)
        return torch.sigmoid(self.gates(torch.cat([x, h], dim=1)))[:, 2 * self.n_out : 3 * self.n_out] * c, c


@dataclass
class EinsumConfig:
    """Sizes of the model."""

    embed_dim: int = 16
    state_dim: int = 32
    init_std: float = 0.02


class EinsumLSTM(nn.Module):
    """Tensors of rank three, (gate, unit, feature), and a config; time first."""

    def __init__(self, config: EinsumConfig | None = None) -> None:
        super().__init__()
        self.config = config or EinsumConfig()
        d, n, std = self.config.embed_dim, self.config.state_dim, self.config.init_std
        self.w_in = nn.Parameter(torch.randn(4, n, d) * std)
        self.w_rec = nn.Parameter(torch.randn(4, n, n) * std)
        self.bias = nn.Parameter(torch.zeros(4, n))

    @staticmethod
    def emit(o: Tensor, c: Tensor) -> Tensor:
        """What a cell shows of itself."""
        return o.sigmoid() * c.tanh()

    def forward(self, x: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        if hx is None:
            h = c = x.new_zeros(x.size(1), self.config.state_dim)
        else:
            h, c = hx
        drive = torch.einsum("gnd,tbd->tgbn", self.w_in, x) + self.bias[:, None, :]
        ys = []
        for u in drive:
            i, f, g, o = (u + torch.einsum("gnm,bm->gbn", self.w_rec, h)).unbind(0)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = self.emit(o, c)
            ys.append(h)
        return torch.stack(ys), (h, c)


class EinsumLSTMFaulty(EinsumLSTM):
    """A sigmoid of the cell state."""

    @staticmethod
    def emit(o: Tensor, c: Tensor) -> Tensor:
        return o.sigmoid() * c.sigmoid()


class NoBiasLSTM(nn.Module):
    """Eight matrices in two lists, no bias; states as a list; batch first."""

    def __init__(self, insize: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.w = nn.ParameterList([nn.Parameter(torch.full((insize, size), 0.1)) for _ in range(4)])
        self.u = nn.ParameterList([nn.Parameter(torch.full((size, size), 0.1)) for _ in range(4)])

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """One step: input, forget, output, cell."""
        i = torch.sigmoid(x @ self.w[0] + h @ self.u[0])
        f = torch.sigmoid(x @ self.w[1] + h @ self.u[1])
        o = torch.sigmoid(x @ self.w[2] + h @ self.u[2])
        c = f * c + i * torch.tanh(x @ self.w[3] + h @ self.u[3])
        return o * torch.tanh(c), c

    def forward(self, x: Tensor, state: list[Tensor] | None = None) -> tuple[Tensor, list[Tensor]]:
        if state is None:
            state = [x.new_zeros(x.size(0), self.size) for _ in range(2)]
        h, c = state
        out = x.new_empty(x.size(0), x.size(1), self.size)
        for t in range(x.size(1)):
            h, c = self.step(x[:, t], h, c)
            out[:, t] = h
        return out, [h, c]


class NoBiasLSTMFaulty(NoBiasLSTM):
    """Copied and pasted: the matrix of the forget gate in the output gate."""

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        _, c = super().step(x, h, c)
        o = torch.sigmoid(x @ self.w[2] + h @ self.u[1])
        return o * torch.tanh(c), c


class ScratchLSTM(nn.Module):
    """From scratch, as the textbook has it: small weights, a list of outputs; time first."""

    def __init__(self, num_inputs: int, num_hiddens: int, sigma: float = 0.01) -> None:
        super().__init__()
        self.num_hiddens = num_hiddens

        def init_weight(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(*shape) * sigma)

        def triple() -> tuple[nn.Parameter, nn.Parameter, nn.Parameter]:
            w_x, w_h = init_weight(num_inputs, num_hiddens), init_weight(num_hiddens, num_hiddens)
            return w_x, w_h, nn.Parameter(torch.zeros(num_hiddens))

        self.W_xi, self.W_hi, self.b_i = triple()  # Input gate
        self.W_xf, self.W_hf, self.b_f = triple()  # Forget gate
        self.W_xo, self.W_ho, self.b_o = triple()  # Output gate
        self.W_xc, self.W_hc, self.b_c = triple()  # Input node

    def memory(self, f: Tensor, c: Tensor, i: Tensor, c_tilde: Tensor) -> Tensor:
        """The cell's internal state."""
        return f * c + i * c_tilde

    def forward(self, inputs: Tensor, h_c: States | None = None) -> tuple[list[Tensor], States]:
        if h_c is None:
            # Initial state with shape: (batch_size, num_hiddens)
            zeros = torch.zeros((inputs.shape[1], self.num_hiddens), device=inputs.device, dtype=inputs.dtype)
            h_c = zeros, zeros
        H, C = h_c
        outputs = []
        for X in inputs:
            I = torch.sigmoid(torch.matmul(X, self.W_xi) + torch.matmul(H, self.W_hi) + self.b_i)  # noqa: E741
            F = torch.sigmoid(torch.matmul(X, self.W_xf) + torch.matmul(H, self.W_hf) + self.b_f)
            O = torch.sigmoid(torch.matmul(X, self.W_xo) + torch.matmul(H, self.W_ho) + self.b_o)  # noqa: E741
            C_tilde = torch.tanh(torch.matmul(X, self.W_xc) + torch.matmul(H, self.W_hc) + self.b_c)
            C = self.memory(F, C, I, C_tilde)
            H = O * torch.tanh(C)
            outputs.append(H)
        return outputs, (H, C)


class ScratchLSTMFaulty(ScratchLSTM):
    """A tanh around the new cell state too."""

    def memory(self, f: Tensor, c: Tensor, i: Tensor, c_tilde: Tensor) -> Tensor:
        return torch.tanh(f * c + i * c_tilde)


class ForgetBiasLSTM(nn.Module):
    """After Keras: kernels transposed, gates i, f, c, o, a forget bias of one to begin with; batch first."""

    def __init__(self, n_input: int, n_units: int, *, unit_forget_bias: bool = True) -> None:
        super().__init__()
        self.units = n_units
        self.kernel = nn.Parameter(nn.init.xavier_uniform_(torch.empty(n_input, 4 * n_units)))
        self.recurrent_kernel = nn.Parameter(nn.init.orthogonal_(torch.empty(n_units, 4 * n_units)))
        self.bias = nn.Parameter(torch.zeros(4 * n_units))
        if unit_forget_bias:
            self.bias.data[n_units : 2 * n_units] = 1.0

    def forward(self, inputs: Tensor, initial_state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, ...]:
        if initial_state is None:
            initial_state = (inputs.new_zeros(inputs.shape[0], self.units),) * 2
        h, c = initial_state
        sums = self.project(inputs)
        out = []
        for t in range(inputs.shape[1]):
            i, f, g, o = torch.split(sums[:, t] + h @ self.recurrent_kernel, self.units, dim=-1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            out.append(h)
        return torch.stack(out, dim=1), h, c

    def project(self, inputs: Tensor) -> Tensor:
        """What the inputs alone contribute."""
        return inputs @ self.kernel + self.bias


class ForgetBiasLSTMFaulty(ForgetBiasLSTM):
    """The bias at the first step alone."""

    def project(self, inputs: Tensor) -> Tensor:
        sums = inputs @ self.kernel
        sums[:, 0] += self.bias
        return sums
