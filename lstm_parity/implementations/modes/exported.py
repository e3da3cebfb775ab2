"""Modes of torch.export: the exported program run as a module; static, decomposed, dynamic in the batch or in time."""

from __future__ import annotations

import io
from typing import Any

import torch
from torch import nn

from lstm_parity.implementations.modes.mode import Mode, make_anew
from lstm_parity.running.protocol import LSTM


def _export_module(*, strict: bool = False, decomposed: bool = False, saved: bool = False) -> Any:
    """Export with the very arguments of the call."""

    def build(module: nn.LSTM, input: Any, hx: Any) -> LSTM:
        given = (input,) if hx is None else (input, hx)
        return _run_exported(torch.export.export(module, given, strict=strict), decomposed, saved)

    return make_anew(build)


def _make_dynamic(*, batch: bool = False, time: bool = False, decomposed: bool = False) -> Any:
    """Export with a larger batch or more steps, then run with the call's own."""

    def build(module: nn.LSTM, input: Any, hx: Any) -> LSTM:
        if not isinstance(input, torch.Tensor):
            raise NotImplementedError("the sizes of a packed sequence are in its batch_sizes")
        if input.dim() == 2 and batch:
            raise NotImplementedError("an unbatched call has no batch")
        given, shapes = _enlarge(module, input, hx, batch, time)
        return _run_exported(torch.export.export(module, given, dynamic_shapes=shapes), decomposed, False)

    return make_anew(build)


def _enlarge(module: nn.LSTM, input: torch.Tensor, hx: Any, batch: bool, time: bool) -> tuple[Any, Any]:
    """Example arguments of other sizes than the call, and which of their axes are dynamic."""
    axes = {"time": 0} if input.dim() == 2 else {"time": int(module.batch_first), "batch": 1 - int(module.batch_first)}
    asked = {name: torch.export.Dim(name, min=1, max=64) for name in axes if {"batch": batch, "time": time}[name]}
    shape = [size + 2 * any(axes[name] == k for name in asked) for k, size in enumerate(input.shape)]
    example: tuple[Any, ...] = (input.new_ones(shape),)
    shapes: tuple[Any, ...] = ({axes[name]: dim for name, dim in asked.items()},)
    if hx is None:
        return example, shapes
    states = tuple(h.new_zeros(h.shape[0], h.shape[1] + 2 * batch, *h.shape[2:]) if h.dim() == 3 else h for h in hx)
    rows = {1: asked["batch"]} if "batch" in asked else {}
    return (*example, states), (*shapes, (rows, rows))


def _run_exported(program: Any, decomposed: bool, saved: bool) -> LSTM:
    if decomposed:
        program = program.run_decompositions()
    if saved:
        file = io.BytesIO()
        torch.export.save(program, file)
        file.seek(0)
        program = torch.export.load(file)
    module = program.module()
    return lambda input, hx: module(input) if hx is None else module(input, hx)


MODES = (
    Mode("export", _export_module()),
    Mode("export, strict", _export_module(strict=True)),
    Mode("export, saved and loaded", _export_module(saved=True), gradients=False),
    Mode("export, decomposed", _export_module(decomposed=True)),
    Mode("export, dynamic batch", _make_dynamic(batch=True)),
    Mode("export, dynamic batch, decomposed", _make_dynamic(batch=True, decomposed=True)),
    Mode("export, dynamic time", _make_dynamic(time=True)),
)
