"""Modes that leave torch: exported to ONNX with other sizes, then run in ONNX Runtime with those of the call."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from importlib import import_module
from typing import Any

import torch
from torch import nn

from lstm_parity.cases.setting import DTYPES
from lstm_parity.implementations.modes.mode import Flat, Mode, flatten, make_anew
from lstm_parity.running.protocol import LSTM

_SIZES = ("steps", "rows")


def _run_in_onnxruntime(dynamo: bool, steps: bool) -> Any:
    """Export with two more rows, and with `steps` two more steps; run with the call's own."""

    def build(module: nn.LSTM, input: Any, hx: Any) -> LSTM:
        wrapper = Flat(module, input, hx).train(module.training)
        example, axes = _example_call(module, input, hx, steps)
        session = _session(_export(wrapper, example, axes, dynamo))
        names = [given.name for given in session.get_inputs()]

        def call(input: Any, hx: Any) -> Any:
            tensors = [t.numpy() for t in flatten(input, hx)]
            returned = session.run(None, dict(zip(names, tensors, strict=True)))
            return wrapper.unflat([torch.from_numpy(array) for array in returned], input)

        return call

    return make_anew(build)


def _example_call(module: nn.LSTM, input: Any, hx: Any, steps: bool) -> tuple[list[torch.Tensor], list[dict[int, str]]]:
    """Return the tensors that are exported with, and the names of their axes that may change."""
    tensors = flatten(input, hx)
    if not isinstance(input, torch.Tensor):
        return tensors, [{} for _ in tensors]
    rows = None if input.dim() == 2 else int(not module.batch_first)
    axes = {int(module.batch_first and rows is not None): _SIZES[0]} if steps else {}
    axes |= {} if rows is None else {rows: _SIZES[1]}
    shape = [size + 2 * (k in axes) for k, size in enumerate(input.shape)]
    states = [h if rows is None else h.new_zeros(h.shape[0], h.shape[1] + 2, h.shape[2]) for h in tensors[1:]]
    return [input.new_ones(shape), *states], [axes, *({} if rows is None else {1: _SIZES[1]} for _ in states)]


def _export(wrapper: nn.Module, example: list[torch.Tensor], axes: list[dict[int, str]], dynamo: bool) -> bytes:
    file, names = io.BytesIO(), [f"given_{k}" for k in range(len(example))]
    how = (
        {"dynamic_shapes": (tuple(axes),) if any(axes) else None}
        if dynamo
        else {"dynamic_axes": dict(zip(names, axes, strict=True)), "input_names": names}
    )
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(wrapper, tuple(example), file, dynamo=dynamo, **how)  # type: ignore[arg-type]
    return file.getvalue()


def _session(model: bytes) -> Any:
    onnxruntime = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


_ACTIVATIONS = tuple(f"{dtype} with absolute-accuracy activations" for dtype in DTYPES)
_SUPPORT = (
    ("dtype", ("float32",)),
    ("projection", (False,)),
    ("training", (False,)),
    ("grad_mode", ("no_grad",)),
    ("form", ("batched", "unbatched", "empty")),
)
_PACKAGES = ("onnx", "onnxruntime")

MODES = (
    Mode(
        "ONNX, in ONNX Runtime",
        _run_in_onnxruntime(True, False),
        _ACTIVATIONS,
        (*_PACKAGES, "onnxscript"),
        "exported with two rows more than it is run with",
        False,
        support=_SUPPORT,
    ),
    Mode(
        "ONNX, dynamic time, in ONNX Runtime",
        _run_in_onnxruntime(True, True),
        _ACTIVATIONS,
        (*_PACKAGES, "onnxscript"),
        "exported with two rows and two steps more than it is run with",
        False,
    ),
    Mode(
        "ONNX by TorchScript, in ONNX Runtime",
        _run_in_onnxruntime(False, True),
        _ACTIVATIONS,
        _PACKAGES,
        "exported with two rows and two steps more than it is run with",
        False,
        support=_SUPPORT,
    ),
)
