"""torch's own modules as implementations: `nn.LSTM`, and `nn.LSTMCell` in loops and stacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import nn

from parity.implementations.protocol import LSTM
from parity.implementations.stacking import CellStack, Step
from parity.settings import Setting
from reference.weights import LONG_NAMES, CellWeights, LSTMWeights, write_weights


@cache
def lacking(dtype: str, device: str) -> str | None:
    """What this torch says if it cannot multiply matrices of a dtype on a device: 1.13, say, float16 on the CPU."""
    try:
        one = torch.ones(1, 1, dtype=getattr(torch, dtype), device=device)
        nn.functional.linear(one, one, one[0])
    except RuntimeError as error:
        return f"torch {torch.__version__} has no {dtype} on {device}: {error}"
    return None


@dataclass(frozen=True)
class TorchLSTM:
    """`torch.nn.LSTM`, or a class constructed and called like it."""

    name: str = "torch.nn.LSTM"
    module: Callable[..., nn.LSTM] = nn.LSTM

    def refuses(self, setting: Setting) -> str | None:
        """`nn.LSTM` supports every setting whose dtype torch can multiply."""
        return lacking(setting.runtime.dtype, setting.runtime.device)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """A new module with these weights."""
        dtype, device = getattr(torch, setting.runtime.dtype), setting.runtime.device
        module = self.module(**setting.architecture.arguments(), dtype=dtype, device=device).eval()
        write_weights(weights, module)
        return module


@dataclass(frozen=True)
class TorchLSTMCell:
    """`torch.nn.LSTMCell` looped over time, directions and layers by hand."""

    name: str = "torch.nn.LSTMCell"

    def refuses(self, setting: Setting) -> str | None:
        """A cell has no projection."""
        if setting.architecture.proj_size:
            return "nn.LSTMCell has no proj_size"
        return lacking(setting.runtime.dtype, setting.runtime.device)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """A stack of cells with these weights, called like `nn.LSTM`."""
        return CellStack.of(weights, _cell, setting.architecture.batch_first)

    def parameters(self, lstm: CellStack) -> dict[str, torch.Tensor]:
        """The cells' own parameters, by the names that `nn.LSTM` has for them."""
        cells = tuple(
            tuple(_parameters(run.args[0]) for run, *_ in layer if isinstance(run, partial)) for layer in lstm.runs
        )
        return dict(LSTMWeights(cells).items())


def _parameters(cell: nn.LSTMCell) -> CellWeights:
    """A cell's parameters themselves, not their values."""
    named = dict(cell.named_parameters())
    return CellWeights(**{short: named[long] for short, long in LONG_NAMES.items() if long in named})


def _cell(weights: CellWeights) -> Step:
    bias, like = weights.b_ih is not None, weights.w_ih
    cell = nn.LSTMCell(weights.input_size, weights.hidden_size, bias, dtype=like.dtype, device=like.device)
    write_weights(LSTMWeights(((weights,),)), cell)
    return cell
