"""Modes of TorchScript: scripted or traced, frozen, always saved and loaded again."""

from __future__ import annotations

import io
import warnings
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.modes.mode import Flat, Mode, RunningModule, flatten, make_anew
from lstm_parity.running.protocol import LSTM


class _OfTensor(nn.Module):
    """A module around an LSTM, without which its overloaded `forward` is not scripted; see docs/modes.md."""

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.lstm = lstm

    def forward(
        self, input: torch.Tensor, hx: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """As `nn.LSTM`."""
        output, states = self.lstm(input, hx)
        return output, states


class _OfPacked(nn.Module):
    """The same for packed sequences."""

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.lstm = lstm

    def forward(
        self, input: PackedSequence, hx: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[PackedSequence, tuple[torch.Tensor, torch.Tensor]]:
        """As `nn.LSTM`."""
        output, states = self.lstm(input, hx)
        return output, states


def _reload(script: Any) -> Any:
    file = io.BytesIO()
    torch.jit.save(script, file)
    file.seek(0)
    return torch.jit.load(file)  # type: ignore[no-untyped-call]


def _script(module: nn.LSTM, setting: Setting, frozen: bool = False) -> RunningModule:
    wrapper = (_OfTensor if setting.call.lengths is None else _OfPacked)(module).train(module.training)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        script = torch.jit.script(wrapper)
        script = _reload(torch.jit.freeze(script) if frozen else script)
    if setting.call.lengths is None:
        return RunningModule(script, script)

    def call(input: Any, hx: Any) -> Any:
        output, states = script(input, hx)  # a plain tuple: TorchScript forgets that it was a PackedSequence
        return PackedSequence(*output), states

    return RunningModule(call, script)


def _trace(module: nn.LSTM, input: Any, hx: Any) -> LSTM:
    """Trace on two more rows and steps, if the call is dense."""
    wrapper, tensors = Flat(module, input, hx).train(module.training), flatten(input, hx)
    if isinstance(input, torch.Tensor) and input.dim() == 3:
        rows, steps = (0, 1) if module.batch_first else (1, 0)
        shape = [size + 2 * (k in (rows, steps)) for k, size in enumerate(input.shape)]
        tensors = [input.new_ones(shape)] + [h.new_zeros(h.shape[0], h.shape[1] + 2, h.shape[2]) for h in tensors[1:]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = _reload(
            torch.jit.trace(  # type: ignore[no-untyped-call]
                wrapper, tuple(tensors), check_trace=not module.training
            )
        )
    return lambda input, hx: wrapper.unflat(script(*flatten(input, hx)), input)


MODES = (
    Mode("jit.script, saved and loaded", _script),
    Mode("jit.freeze, saved and loaded", lambda module, setting: _script(module, setting, True), gradients=False),
    Mode(
        "jit.trace, saved and loaded",
        make_anew(_trace),
        gradients=False,
        note="traced with other sizes than it is run with",
    ),
)
