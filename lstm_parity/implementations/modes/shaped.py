"""Modes without numbers: fake tensors and the meta device give shape, stride and dtype before anything is computed."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.modes.mode import Mode, RunningModule
from lstm_parity.running.calls import flatten_tensors


class ShapeError(Exception):
    """The predicted form is not the form of the result."""


def _same_form(told: Any, real: Any) -> Any:
    """Return what eager torch returned, if it has the predicted form. Raises ShapeError."""
    forms = [[(tuple(t.shape), t.stride(), t.dtype) for t in flatten_tensors(value)] for value in (told, real)]
    if forms[0] != forms[1]:
        raise ShapeError(f"told {forms[0]}, came {forms[1]}")
    return real


def _each(value: Any, function: Any) -> Any:
    """Apply a function to each tensor of a call's argument, but to no batch sizes, which must have numbers."""
    if isinstance(value, PackedSequence):
        orders = (None if order is None else function(order) for order in value[2:])
        return PackedSequence(function(value.data), value.batch_sizes, *orders)
    if isinstance(value, tuple):
        return tuple(function(part) for part in value)
    return None if value is None else function(value)


def _fake(module: nn.LSTM, setting: Setting) -> RunningModule:
    def call(input: Any, hx: Any) -> Any:
        real = module(input, hx)
        with FakeTensorMode(allow_non_fake_inputs=True) as mode:
            told = copy.deepcopy(module)(*(_each(value, mode.from_tensor) for value in (input, hx)))
        return _same_form(told, real)

    return RunningModule(call, module)


def _meta(module: nn.LSTM, setting: Setting) -> RunningModule:
    def call(input: Any, hx: Any) -> Any:
        real, there = module(input, hx), copy.deepcopy(module).to("meta")
        return _same_form(there(*(_each(value, lambda t: t.to("meta")) for value in (input, hx))), real)

    return RunningModule(call, module)


_TOLD = "shape, stride and dtype only; the numbers are eager torch's"

MODES = (
    Mode("fake tensors", _fake, gradients=False, note=_TOLD),
    Mode("meta device", _meta, gradients=False, note=_TOLD),
)
