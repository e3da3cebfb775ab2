"""A class like nn.LSTM: `pytest --impl module:examples/module.py:MyLSTM`."""

import torch
from torch import nn


class MyLSTM(nn.Module):
    """One layer, one direction; it takes nn.LSTM's state_dict, since its parameters have the same names."""

    def __init__(self, input_size, hidden_size, bias=True, batch_first=False):
        super().__init__()
        self.hidden_size, self.batch_first = hidden_size, batch_first
        self.weight_ih_l0 = nn.Parameter(torch.empty(4 * hidden_size, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(4 * hidden_size)) if bias else None
        self.bias_hh_l0 = nn.Parameter(torch.empty(4 * hidden_size)) if bias else None
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(hidden_size**-0.5), hidden_size**-0.5)

    def forward(self, input, hx=None):
        """(T, B, I), or (B, T, I) with batch_first."""
        if not torch.is_tensor(input) or input.dim() != 3:
            raise NotImplementedError("only batches of one length")
        x = input.transpose(0, 1) if self.batch_first else input
        zeros = x.new_zeros(1, x.shape[1], self.hidden_size)
        h, c = (state[0] for state in (hx or (zeros, zeros)))
        outputs = []
        for step in x:
            gates = nn.functional.linear(step, self.weight_ih_l0, self.bias_ih_l0)
            gates = gates + nn.functional.linear(h, self.weight_hh_l0, self.bias_hh_l0)
            i, f, g, o = gates.chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h)
        output = torch.stack(outputs, 1 if self.batch_first else 0)
        return output, (h.unsqueeze(0), c.unsqueeze(0))
