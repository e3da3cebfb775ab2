"""Modes of torch.compile: without and with permission to look into RNNs, by backend, with dynamic shapes; the cell."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import nn

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.modes.mode import Make, Mode, RunningModule
from lstm_parity.implementations.stack import CellStack, State, Step
from lstm_parity.reference.weights import LONG_NAMES, CellWeights, LSTMWeights, named_weights


def _compile_module(allow_rnn: bool, **how: Any) -> Make:
    """`torch.compile` of the module."""

    def make(module: nn.LSTM, setting: Setting) -> RunningModule:
        _reset(allow_rnn)
        return RunningModule(torch.compile(module, **how), module)

    return make


def _reset(allow_rnn: bool) -> None:
    """Forget what was compiled, on disk too, draw dropout masks as eager torch does, compile in this process."""
    dynamo: Any = import_module("torch._dynamo")  # it takes seconds
    inductor: Any = import_module("torch._inductor.config")
    dynamo.reset()
    dynamo.config.allow_rnn = allow_rnn
    inductor.fallback_random = True
    inductor.compile_threads = 1
    inductor.force_disable_caches = True  # their key leaves the kernels out: docs/findings/compiled-cache.md


def _compile_cell(**how: Any) -> Make:
    """`nn.LSTMCell` compiled without a break, looped and stacked by hand."""

    def make(module: nn.LSTM, setting: Setting) -> RunningModule:
        _reset(allow_rnn=False)
        if module.proj_size:
            raise NotImplementedError("nn.LSTMCell has no proj_size")
        if module.training:
            raise NotImplementedError("nn.LSTMCell has no dropout")
        return RunningModule(CellStack.of(weights_of(module), lambda w: _cell(w, how), module.batch_first), module)

    return make


def weights_of(module: nn.LSTM) -> LSTMWeights:
    """Return the module's own parameters."""
    return named_weights(dict(module.named_parameters()), module.num_layers, 1 + module.bidirectional)


def _cell(w: CellWeights, how: dict[str, Any]) -> Step:
    bias = w.b_ih is not None
    cell = nn.LSTMCell(w.input_size, w.hidden_size, bias, dtype=w.w_ih.dtype)
    for short, value in w.items():
        setattr(cell, LONG_NAMES[short], value)
    run = torch.compile(cell, fullgraph=True, **how)

    def step(x: torch.Tensor, state: State) -> State:
        h, c = run(x, state)
        return h, c

    return step


_ONEDNN = (
    ("form", ("batched", "unbatched", "empty")),
    ("dtype", ("float32", "bfloat16")),
    ("mkldnn", (True,)),
    ("projection", (False,)),
)
_RANDOM = "inductor draws dropout masks as eager torch does (fallback_random)"

MODES = (
    Mode("compile, aot_eager", _compile_module(False, backend="aot_eager"), note="the graph breaks at the LSTM"),
    Mode("compile", _compile_module(False), note=f"the graph breaks at the LSTM; {_RANDOM}"),
    Mode("compile with allow_rnn, eager", _compile_module(True, backend="eager", fullgraph=True)),
    Mode(
        "compile with allow_rnn, aot_eager", _compile_module(True, backend="aot_eager", fullgraph=True), support=_ONEDNN
    ),
    Mode("compile with allow_rnn", _compile_module(True, fullgraph=True), note=_RANDOM),
    Mode("compile with allow_rnn, dynamic", _compile_module(True, backend="aot_eager", fullgraph=True, dynamic=True)),
    Mode("compile of the cell, aot_eager", _compile_cell(backend="aot_eager")),
    Mode("compile of the cell", _compile_cell()),
)
