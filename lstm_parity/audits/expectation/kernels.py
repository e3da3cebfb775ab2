"""What nn.LSTM's kernel does on this machine, found by a few short runs: what no processor's name says.

Kernels of the half types may compute in float32 inside; kernels of one library may add up in the same order, so that
their sums have the same errors; some add longer sums than others, and err more. The runs are other ones than those that
are predicted: shorter, and with other seeds.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import linear

from lstm_parity.audits.expectation.expect import expect_difference
from lstm_parity.cases.setting import Architecture
from lstm_parity.reference.noise.arithmetics import NATIVE, ladder
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import to_numpy

_SEED, _DRAWS, _SIMULATED = 100_000, 9, 60
_STEPS, _FEW_STEPS = 50, 10
_SAME = 0.55  # of the numbers: 0.68 to 0.88 of those of kernels that compute in float32, 0.32 to 0.38 of the others
_ALIKE = 0.6  # of the correlation of the errors of two kernels
_GRID = 2.0**-23  # differences below this are few steps of float32 numbers near 1, which count nothing but steps
_CHANCE = 1.2  # the factor that a probe of so few draws shows by chance


@dataclass(frozen=True)
class Kernel:
    """What was found of nn.LSTM's kernel for some sizes.

    arithmetic: the likeliest. factor: how much larger its largest errors are than those that were simulated. is_alike:
    whether it adds up as nn.LSTM without oneDNN does, with the same errors; None without oneDNN.
    """

    arithmetic: str
    factor: float
    is_alike: bool | None


def probe_kernel(architecture: Architecture, time: int, batch: int, dtype: str, *, mkldnn: bool = True) -> Kernel:
    """Run nn.LSTM a few times; mkldnn: with oneDNN, where torch has it."""
    arithmetic = _find_arithmetic(architecture, batch, dtype, mkldnn=mkldnn)
    if dtype != "float32":
        return Kernel(arithmetic, 1.0, None)
    steps = min(time, _STEPS)
    drawn = [_draw_errors(architecture, steps, batch, _SEED + k, mkldnn) for k in range(_DRAWS)]
    largest = float(np.median([np.abs(own).max() for own, _ in drawn]))
    simulated = expect_difference(architecture, steps, batch, dtype, draws=_SIMULATED).rows[0].exact.median
    factor = largest / simulated if simulated > _GRID else 1.0
    own, other = (np.concatenate(errors) for errors in zip(*drawn, strict=True))
    alike = float(own @ other / np.sqrt((own @ own) * (other @ other))) > _ALIKE
    return Kernel(arithmetic, factor if abs(np.log(factor)) > np.log(_CHANCE) else 1.0, alike if mkldnn else None)


def _find_arithmetic(a: Architecture, batch: int, dtype: str, *, mkldnn: bool = True) -> str:
    """Return the name of the arithmetic of a layer's kernel: the dtype's own, or float32 inside, by its bits."""
    wider = next((one.name for one in ladder(dtype) if one.name.startswith("float32 inside, ")), None)
    if wider is None or dtype == "float32":
        return NATIVE[dtype].name
    torch.manual_seed(_SEED)
    module = nn.LSTM(a.input_size, a.hidden_size, bias=a.bias, proj_size=a.proj_size).to(getattr(torch, dtype))
    x = torch.randn(_FEW_STEPS, batch, a.input_size).to(getattr(torch, dtype))
    with torch.no_grad(), torch.backends.mkldnn.flags(enabled=mkldnn), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        same = module(x)[0] == _run_in_float32(module, x)
    return wider if float(same.float().mean()) > _SAME else NATIVE[dtype].name


def _run_in_float32(module: nn.LSTM, x: torch.Tensor) -> torch.Tensor:
    """Return the output of one layer that computes in float32, and rounds h after each step."""
    w_ih, w_hh, *others = (parameter.float() for parameter in module.parameters())
    w_hr = others.pop() if module.proj_size else None
    b_ih, b_hh = others or (None, None)
    h, c = x.new_zeros(x.shape[1], w_hh.shape[1]).float(), x.new_zeros(x.shape[1], module.hidden_size).float()
    output = []
    for step in x.float():
        z = linear(step, w_ih, b_ih) + linear(h, w_hh, b_hh)
        i, f, g, o = z.chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        h = (h if w_hr is None else linear(h, w_hr)).to(x.dtype).float()
        output.append(h)
    return torch.stack(output).to(x.dtype)


def _draw_errors(a: Architecture, time: int, batch: int, seed: int, mkldnn: bool) -> tuple[Array, Array]:
    """Return the errors of one nn.LSTM in float32, with oneDNN as said and without it."""
    torch.manual_seed(seed)
    module = nn.LSTM(**a.arguments())
    wide = nn.LSTM(**a.arguments(), dtype=torch.float64)
    wide.load_state_dict(module.state_dict())
    shape = (batch, time, a.input_size) if a.batch_first else (time, batch, a.input_size)
    x = torch.randn(shape)
    exact, own, other = _call(wide, x.double(), mkldnn), _call(module, x, mkldnn), _call(module, x, mkldnn=False)
    return own - exact, other - exact


def _call(module: nn.LSTM, x: torch.Tensor, mkldnn: bool) -> Array:
    with torch.no_grad(), torch.backends.mkldnn.flags(enabled=mkldnn), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # there is no oneDNN for projections
        output, (h_n, c_n) = module(x)
    return np.concatenate([to_numpy(tensor).ravel() for tensor in (output, h_n, c_n)]).astype(np.float64)
