"""Modes in which nn.LSTM has failed aloud: precisions, transformations, quantization; errors that mislead."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from lstm_parity.catalogue.bad_calls.probe_helpers import UndecidedError, does_run, require
from lstm_parity.parity_tests.torch_bugs.numbers import apart, small


def autocast(name: str, call: Callable[[], Any]) -> str:
    """What a call says under autocast to a dtype on the CPU, "" where it runs."""
    with warnings.catch_warnings(record=True) as said, torch.autocast("cpu", dtype=getattr(torch, name)):
        if any("autocast" in str(warning.message) for warning in said):
            raise UndecidedError(f"this torch has no autocast to {name} on the CPU")
        return does_run(call)


def on_a_processor_without(name: str, supported: str) -> str:
    """What nn.LSTM says under autocast where oneDNN lacks a dtype. Raises CannotTellError where it has it."""
    if require(torch.ops.mkldnn, supported)():
        raise UndecidedError(f"oneDNN has {name} on this processor")
    lstm, x = small()
    return autocast(name, lambda: lstm(x))


def float16_autocast_finds_no_primitive() -> str:
    """The processor has no float16 instructions, and nothing else is tried."""
    return on_a_processor_without("float16", "_is_mkldnn_fp16_supported")


def bfloat16_autocast_finds_no_primitive() -> str:
    """The processor has no bfloat16 instructions, and nothing else is tried."""
    return on_a_processor_without("bfloat16", "_is_mkldnn_bf16_supported")


def autocast_of_a_cell_fails() -> str:
    """A cell with biases under autocast to bfloat16."""
    return autocast("bfloat16", lambda: nn.LSTMCell(3, 4)(torch.randn(2, 3)))


def no_steps_are_refused_in_other_words() -> str:
    """That there are no steps is not supported by design; the message says so."""
    lstm, _ = small()
    try:
        lstm(torch.randn(0, 2, 3))
    except RuntimeError as error:
        return "" if "sequence length" in str(error).lower() else str(error)
    return "accepted"


def input_of_rank_4_is_said_to_have_another() -> str:
    """The message says 4."""
    lstm, _ = small()
    try:
        lstm(torch.randn(1, 5, 2, 3))
    except (RuntimeError, ValueError, AssertionError) as error:
        return "" if "4" in str(error) else str(error)
    return "accepted"


def states_of_another_dtype_are_refused_obscurely() -> str:
    """The message names a state or its dtype."""
    lstm, x = small()
    for dtype in (torch.float64, torch.bfloat16):
        try:
            lstm(x, (torch.zeros(1, 2, 4, dtype=dtype), torch.zeros(1, 2, 4, dtype=dtype)))
        except (RuntimeError, ValueError, TypeError) as error:
            if not re.search(r"h_?0|hx|hidden|state|Double|float64|bfloat16", str(error), re.IGNORECASE):
                return f"{dtype}: {error}".splitlines()[0][:100]
        else:
            return f"{dtype}: accepted"
    return ""


def vmap_has_no_batching_rule() -> str:
    """An LSTM mapped over a further axis of inputs."""
    vmap = require(require(torch, "func"), "vmap")
    lstm, x = small()
    return does_run(lambda: vmap(lambda one: lstm(one)[0])(torch.stack([x, x])))


def forward_mode_is_not_there() -> str:
    """A Jacobian-vector product, with oneDNN allowed."""
    jvp = require(require(torch, "func"), "jvp")
    lstm, x = small()
    return does_run(lambda: jvp(lambda one: lstm(one)[0], (x,), (x,)))


def double_backward_is_missing() -> str:
    """A gradient of a gradient in float32 against float64."""

    def second(dtype: torch.dtype) -> torch.Tensor:
        lstm, x = small()
        lstm, x = lstm.to(dtype), x.to(dtype).requires_grad_()
        (first,) = torch.autograd.grad(lstm(x)[0].sum(), x, create_graph=True)
        return torch.autograd.grad(first.square().sum(), x)[0].double()

    return does_run(lambda: second(torch.float32)) or apart(second(torch.float32), second(torch.float64))


def quantized_projections_fail() -> str:
    """quantize_dynamic of an LSTM with proj_size, called."""
    quantize = require(require(torch.ao, "quantization"), "quantize_dynamic")
    x = torch.randn(5, 2, 3)

    def quantized(**architecture: int) -> str:
        module = nn.Sequential(nn.LSTM(3, 4, **architecture))
        return does_run(lambda: quantize(module, {nn.LSTM}, dtype=torch.qint8)(x))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if plain := quantized():
            raise UndecidedError(f"an LSTM without projection fails too: {plain}")
        return quantized(proj_size=2)


def a_quantizable_stack_is_built_wrong() -> str:
    """ao.nn.quantizable.LSTM of two bidirectional layers, constructed and called."""
    if not hasattr(torch.ao.nn, "quantizable"):
        raise UndecidedError("this torch has no torch.ao.nn.quantizable")
    build = torch.ao.nn.quantizable.LSTM
    x = torch.randn(5, 2, 5)
    if plain := does_run(lambda: build(5, 5)(x)):
        raise UndecidedError(f"one layer fails too: {plain}")
    return does_run(lambda: build(5, 5, num_layers=2, bidirectional=True)(x))


def shapes_on_the_meta_device_differ() -> str:
    """Shapes, strides and dtypes on meta against the CPU, projected, bidirectional and batch first."""
    for architecture in ({}, {"num_layers": 2, "bidirectional": True}, {"proj_size": 2}, {"batch_first": True}):
        lstm, x = small(**architecture)
        output, states = lstm(x)
        try:
            there, states_there = small(**architecture)[0].to("meta")(x.to("meta"))
        except (RuntimeError, NotImplementedError) as error:
            raise UndecidedError(f"no LSTM on meta: {str(error).splitlines()[0][:80]}") from error
        pairs = zip((output, *states), (there, *states_there), strict=True)
        for here, meta in pairs:
            if (here.shape, here.dtype, here.stride()) != (meta.shape, meta.dtype, meta.stride()):
                return (
                    f"{architecture}: {tuple(here.shape)} {here.stride()} against {tuple(meta.shape)} {meta.stride()}"
                )
    return ""


def weights_have_other_shapes_than_documented() -> str:
    """A layer above reads D*P features; w_hr is (P, H)."""
    lstm = nn.LSTM(3, 8, num_layers=2, bidirectional=True, proj_size=5)
    shapes = {name: tuple(w.shape) for name, w in lstm.named_parameters() if name.endswith("l1_reverse")}
    documented = {"weight_ih": (32, 10), "weight_hh": (32, 5), "bias_ih": (32,), "bias_hh": (32,), "weight_hr": (5, 8)}
    return "" if shapes == {f"{name}_l1_reverse": shape for name, shape in documented.items()} else str(shapes)
