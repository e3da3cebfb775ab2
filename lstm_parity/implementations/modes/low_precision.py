"""Modes that compute in less precision than the layer has: autocast and quantisation; and the quantizable LSTM."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.modes.mode import Make, Mode, RunningModule


def _run_autocast(dtype: str) -> Make:
    """Call under autocast; what comes back is converted to the layer's dtype, if it has another."""

    def make(module: nn.LSTM, setting: Setting) -> RunningModule:
        own = getattr(torch, setting.runtime.dtype)

        def call(input: Any, hx: Any) -> Any:
            with torch.autocast("cpu", dtype=getattr(torch, dtype)):
                output, (h_n, c_n) = module(input, hx)
            wide = output._replace(data=output.data.to(own)) if not isinstance(output, torch.Tensor) else output.to(own)
            return wide, (h_n.to(own), c_n.to(own))

        return RunningModule(call, module)

    return make


def _quantize_module(dtype: str) -> Make:
    """`quantize_dynamic` of a container with the module in it."""

    def make(module: nn.LSTM, setting: Setting) -> RunningModule:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch.ao.quantization is deprecated
            container = torch.ao.quantization.quantize_dynamic(  # type: ignore[no-untyped-call]
                nn.Sequential(module), {nn.LSTM}, dtype=getattr(torch, dtype)
            )
        return RunningModule(container.train(module.training)[0], container)  # quantize_dynamic leaves it in eval mode

    return make


def _construct(module: nn.LSTM, setting: Setting) -> RunningModule:
    """Construct with the same arguments, then copy the weights one by one."""
    a = setting.architecture
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if a.proj_size:
            raise NotImplementedError("quantizable.LSTM has no proj_size")
        arguments = (a.input_size, a.hidden_size, a.num_layers, a.bias, a.batch_first, module.dropout, a.bidirectional)
        other = torch.ao.nn.quantizable.LSTM(*arguments, dtype=module.weight_ih_l0.dtype).train(module.training)
    with torch.no_grad():
        for name, value in module.named_parameters():
            _place(other, name).copy_(value)
    return RunningModule(other, other)


def _place(other: nn.Module, name: str) -> torch.Tensor:
    """Return the quantizable LSTM's name of a parameter of `nn.LSTM`."""
    kind, _, rest = name.partition("_")  # weight or bias; ih_l0_reverse
    gates, layer, *reverse = rest.split("_")
    direction = "layer_bw" if reverse else "layer_fw"
    linear = "igates" if gates == "ih" else "hgates"
    return other.get_parameter(f"layers.{layer[1:]}.{direction}.cell.{linear}.{kind}")


def _from_float(module: nn.LSTM, setting: Setting) -> RunningModule:
    module.qconfig = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = torch.ao.nn.quantizable.LSTM.from_float(module)  # type: ignore[no-untyped-call]
    return RunningModule(other, other)


_FLOAT32 = ("dtype", ("float32",))
_PLAIN = (
    _FLOAT32,
    ("projection", (False,)),
    ("bias", (True,)),
    ("form", ("batched", "packed", "packed equal", "empty")),
)
_DENSE = (_FLOAT32, ("projection", (False,)), ("form", ("batched", "unbatched")), ("training", (False,)))
_NAMES = "its parameters have other names: only its answers are judged"
_CAST = "what it returns is cast back to the layer's dtype"

MODES = (
    Mode(
        "autocast to bfloat16",
        _run_autocast("bfloat16"),
        ("bfloat16 inside a float32 layer", "bfloat16 inside a float16 layer"),  # it leaves float64 alone
        gradients=False,
        note=_CAST,
        support=(_FLOAT32, ("mkldnn", (False,))),
    ),
    Mode(
        "autocast to float16",
        _run_autocast("float16"),
        ("float16 inside a float32 layer",),
        gradients=False,
        note=_CAST,
        support=(_FLOAT32, ("mkldnn", (False,))),
    ),
    Mode(
        "quantize_dynamic, qint8",
        _quantize_module("qint8"),
        ("float32 with int8 products",),
        gradients=False,
        support=(*_PLAIN, ("profile", ("normal",))),
        note="int8 errs absolutely, the arithmetic relatively: coarse",
    ),
    Mode(
        "quantize_dynamic, float16",
        _quantize_module("float16"),
        ("float32 with TF32 products",),
        gradients=False,
        support=_PLAIN,
    ),
    Mode("quantizable.LSTM, constructed", _construct, gradients=False, note=_NAMES, support=_DENSE),
    Mode("quantizable.LSTM.from_float", _from_float, gradients=False, note=_NAMES, support=_DENSE),
)
