"""torch's own modules as implementations: `nn.LSTM`, and `nn.LSTMCell` in loops and stacks."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import torch
from torch import nn

from lstm_parity.cases.setting import Architecture, Setting
from lstm_parity.implementations.stack import CellStack, Step
from lstm_parity.reference.noise.arithmetics import Arithmetic, find_arithmetic
from lstm_parity.reference.weights import LONG_NAMES, CellWeights, LSTMWeights, write_weights
from lstm_parity.running.devices import TF32, tf32_settings, uses_cudnn
from lstm_parity.running.protocol import LSTM


@cache
def missing_dtype(dtype: str, device: str) -> str | None:
    """Return what torch says if it cannot multiply matrices of a dtype on a device, as 1.13 of float16 on the CPU."""
    try:
        one = torch.ones(1, 1, dtype=getattr(torch, dtype), device=device)
        nn.functional.linear(one, one, one[0])
    except (RuntimeError, AssertionError, TypeError) as error:  # not compiled with CUDA; no float64 on mps
        return f"torch {torch.__version__} has no {dtype} on {device}: {error}"
    return None


def product_arithmetic(setting: Setting) -> Arithmetic | None:
    """Return the arithmetic of plain products: TF32 if torch's flags allow it; None for the dtype's own."""
    r = setting.runtime
    return find_arithmetic(TF32, r.dtype) if tf32_settings(r.device, r.dtype, cudnn=False) else None


@cache
def _missing_layer_kernel(dtype: str) -> str | None:
    """Return what torch 2.0 to 2.4 say if oneDNN has no layer of a dtype: docs/findings/bfloat16-layers.md."""
    if not torch.__version__.startswith(("2.0.", "2.1.", "2.2.", "2.3.", "2.4.")):
        return None
    try:
        nn.LSTM(1, 1, dtype=getattr(torch, dtype))(torch.ones(1, 1, 1, dtype=getattr(torch, dtype)))
    except RuntimeError as error:
        return f"torch {torch.__version__} has no {dtype} nn.LSTM on this processor: {error}"
    return None


def unsupported_on_device(setting: Setting) -> str | None:
    """Return the reason, in torch's words, for which nn.LSTM refuses on other devices and not on the CPU."""
    call, runtime = setting.call, setting.runtime
    if runtime.device.startswith("mps") and setting.architecture.proj_size:
        return "LSTM with projections is not currently supported with MPS"
    as_they_are = call.states and (call.lengths is None or call.enforce_sorted)  # else they are sorted, and so copied
    if call.strided and as_they_are and uses_cudnn(runtime.device, allowed=runtime.mkldnn):
        return "rnn: hx is not contiguous: cuDNN takes no strided states"
    return None


@dataclass(frozen=True)
class TorchLSTM:
    """`torch.nn.LSTM`, or a class constructed and called like it."""

    name: str = "torch.nn.LSTM"
    module: Callable[..., nn.LSTM] = nn.LSTM

    def unsupported_reason(self, setting: Setting) -> str | None:
        """`nn.LSTM` supports every setting whose dtype torch can multiply, and its libraries where torch uses them."""
        runtime, fused = setting.runtime, setting.runtime.mkldnn and setting.runtime.device == "cpu"
        fused = fused and not setting.architecture.proj_size and setting.call.lengths is None
        if (reason := missing_dtype(runtime.dtype, runtime.device)) is not None:
            return reason
        return _missing_layer_kernel(runtime.dtype) if fused else unsupported_on_device(setting)

    def arithmetic(self, setting: Setting) -> Arithmetic | None:
        """TF32 products where torch allows them to cuDNN."""
        r = setting.runtime
        return find_arithmetic(TF32, r.dtype) if tf32_settings(r.device, r.dtype, cudnn=r.mkldnn) else None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Return a new module with these weights."""
        dtype, device = getattr(torch, setting.runtime.dtype), setting.runtime.device
        module = self.module(**setting.architecture.arguments(), dtype=dtype, device=device)
        write_weights(weights, module)
        # cuDNN differentiates in train mode only, pytorch/pytorch#5878; without dropout the modes are one
        return module.train(device != "cpu" and setting.runtime.grad_mode == "grad")

    def load_dropping(self, setting: Setting, weights: LSTMWeights, p: float, *, training: bool) -> LSTM:
        """A new module with these weights and dropout."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a single layer drops nothing
            module = replace(self, module=partial(self.module, dropout=p)).load(setting, weights)
        assert isinstance(module, nn.Module)
        return module.train(training)


@dataclass(frozen=True)
class FromModule:
    """A class that is constructed and called like `nn.LSTM`, and takes its state_dict: somebody else's module."""

    name: str
    module: Callable[..., nn.Module]

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return what torch cannot multiply; what the class itself refuses, it says by NotImplementedError."""
        return missing_dtype(setting.runtime.dtype, setting.runtime.device)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Return a new module with these weights, in eval mode; it is given no argument that has its default.

        Raises NotImplementedError for an argument that its constructor does not have.
        """
        return self._construct(setting, weights, {}).eval()

    def load_dropping(self, setting: Setting, weights: LSTMWeights, p: float, *, training: bool) -> LSTM:
        """The same with dropout, in train or in eval mode."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a single layer drops nothing
            return self._construct(setting, weights, {"dropout": p}).train(training)

    def _construct(self, setting: Setting, weights: LSTMWeights, more: Mapping[str, Any]) -> nn.Module:
        sizes = {"input_size", "hidden_size"}
        given = {
            name: value
            for name, value in setting.architecture.arguments().items()
            if name in sizes or value != Architecture.__dataclass_fields__[name].default
        } | dict(more)
        if missing := [name for name in given if not _has_parameter(self.module, name)]:
            raise NotImplementedError(f"{self.name} has no {missing[0]}")
        module = self.module(**given).to(setting.runtime.device, getattr(torch, setting.runtime.dtype))
        module.load_state_dict(dict(weights.items()))
        return module


@cache
def _has_parameter(function: Callable[..., object], name: str) -> bool:
    """Whether a function or class may be called with a keyword; True where it does not say."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    kinds = {parameter.kind for parameter in parameters if parameter.name == name}
    anything = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    positional = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)
    return bool(kinds - {inspect.Parameter.POSITIONAL_ONLY}) or anything or positional


@dataclass(frozen=True)
class TorchLSTMCell:
    """`torch.nn.LSTMCell` looped over time, directions and layers by hand."""

    name: str = "torch.nn.LSTMCell"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return that a cell has no projection, if it is asked for one."""
        if setting.architecture.proj_size:
            return "nn.LSTMCell has no proj_size"
        return missing_dtype(setting.runtime.dtype, setting.runtime.device)

    def arithmetic(self, setting: Setting) -> Arithmetic | None:
        """TF32 products where torch allows them to all products."""
        return product_arithmetic(setting)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Return a stack of cells with these weights, called like `nn.LSTM`."""
        return CellStack.of(weights, _cell, setting.architecture.batch_first)

    def parameters(self, lstm: CellStack) -> dict[str, torch.Tensor]:
        """Return the cells' own parameters, by the names that `nn.LSTM` has for them."""
        cells = tuple(
            tuple(_parameters(run.args[0]) for run, *_ in layer if isinstance(run, partial)) for layer in lstm.runs
        )
        return dict(LSTMWeights(cells).items())


def _parameters(cell: nn.LSTMCell) -> CellWeights:
    """Return a cell's parameters themselves, not their values."""
    named = dict(cell.named_parameters())
    return CellWeights(**{short: named[long] for short, long in LONG_NAMES.items() if long in named})


def _cell(weights: CellWeights) -> Step:
    bias, like = weights.b_ih is not None, weights.w_ih
    cell = nn.LSTMCell(weights.input_size, weights.hidden_size, bias, dtype=like.dtype, device=like.device)
    write_weights(LSTMWeights(((weights,),)), cell)
    return cell
