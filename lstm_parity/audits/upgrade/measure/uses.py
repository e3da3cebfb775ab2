"""What people do with an nn.LSTM beside calling it: each a small function that raises where it cannot be done."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.utils import prune
from torch.utils.checkpoint import checkpoint

from lstm_parity.audits.upgrade.measure.small_modules import PackingLSTM, small_lstm


def _compile_fullgraph() -> None:
    """torch.compile of the layer in one graph, both ways, without a compiler of kernels."""
    lstm, x = small_lstm()
    torch._dynamo.config.allow_rnn = True
    torch.compile(lstm, backend="aot_eager", fullgraph=True)(x)[0].sum().backward()


def _export_with_states(name: str) -> None:
    """torch.export.export with a dynamic axis: time or batch."""
    lstm, x = small_lstm()
    axis = {"time": 0, "batch": 1}[name]
    torch.export.export(lstm.eval(), (x,), dynamic_shapes=({axis: torch.export.Dim(name)},))


def _trace_with_fx() -> None:
    """torch.fx.symbolic_trace, called."""
    lstm, x = small_lstm()
    torch.fx.symbolic_trace(nn.Sequential(lstm))(x)


def _script_packed() -> None:
    """torch.jit.script of a module whose input is packed, called."""
    torch.jit.script(PackingLSTM())(small_lstm()[1])


def _optimize_script() -> None:
    """torch.jit.optimize_for_inference of a script, called."""
    lstm, x = small_lstm()
    torch.jit.optimize_for_inference(torch.jit.script(nn.Sequential(lstm).eval()))(x)


def _transform_gradients() -> None:
    """torch.func.grad by the weights."""
    lstm, x = small_lstm()
    weights = {name: w.detach() for name, w in lstm.named_parameters()}
    torch.func.grad(lambda w: torch.func.functional_call(lstm, w, (x,))[0].sum())(weights)


def _row_gradients(cell: bool) -> None:
    """Gradients for each row of a batch: torch.func.vmap of torch.func.grad."""
    lstm, x = small_lstm()
    module = nn.LSTMCell(3, 4) if cell else lstm
    weights = {name: w.detach() for name, w in module.named_parameters()}
    loss = lambda w, row: torch.func.functional_call(module, w, (row,))[0].sum()  # noqa: E731
    torch.func.vmap(torch.func.grad(loss), (None, 1))(weights, x[0].T if cell else x)


def _save_and_load() -> None:
    """Save the weights by torch.save, and load them by torch.load with weights_only."""
    lstm, file = small_lstm()[0], io.BytesIO()
    torch.save(lstm.state_dict(), file)
    file.seek(0)
    lstm.load_state_dict(torch.load(file, weights_only=True))


def _load_with_assign() -> None:
    """load_state_dict that assigns, from the meta device on, called."""
    lstm, x = small_lstm()
    with torch.device("meta"):
        empty = nn.LSTM(3, 4)
    empty.load_state_dict(lstm.state_dict(), assign=True)
    empty(x)


def _convert_by_swapping() -> None:
    """To float64 by exchanging the tensors under the parameters, called."""
    lstm, x = small_lstm()
    torch.__future__.set_swap_module_params_on_conversion(True)
    lstm.double()(x.double())


def _normalize_weights() -> None:
    """A weight norm as a parametrization, both ways."""
    lstm, x = small_lstm()
    nn.utils.parametrizations.weight_norm(lstm, "weight_hh_l0")(x)[0].sum().backward()


def _prune_weights() -> None:
    """Pruning, both ways."""
    lstm, x = small_lstm()
    prune.random_unstructured(lstm, "weight_hh_l0", 0.5)  # type: ignore[no-untyped-call]
    lstm(x)[0].sum().backward()


def _checkpoint_lstm() -> None:
    """torch.utils.checkpoint, both ways."""
    lstm, x = small_lstm()
    checkpoint(lstm, x, use_reentrant=False)[0].sum().backward()


def _hook_lstm() -> None:
    """A hook of the whole backward pass."""
    lstm, x = small_lstm()
    lstm.register_full_backward_hook(lambda module, given, found: None)
    lstm(x.requires_grad_())[0].sum().backward()


def _watch_anomalies() -> None:
    """Both ways where anomalies are looked for."""
    lstm, x = small_lstm()
    with torch.autograd.detect_anomaly():
        lstm(x)[0].sum().backward()


def _empty_batch(dtype: str) -> None:
    """No rows, both ways."""
    lstm, x = small_lstm(dtype)
    lstm(x[:, :0])[0].sum().backward()


def _autocast_both_ways() -> None:
    """A backward pass after a forward pass under autocast to bfloat16."""
    lstm, x = small_lstm()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = lstm(x)[0]
    output.float().sum().backward()


def _quantized_cell() -> None:
    """Dynamic quantization of a cell to int8."""
    quantize: Any = torch.ao.quantization.quantize_dynamic
    quantize(nn.Sequential(nn.LSTMCell(3, 4)), {nn.LSTMCell}, dtype=torch.qint8)(small_lstm()[1][0])


def _quantized_to_float16() -> None:
    """Dynamic quantization to float16."""
    lstm, x = small_lstm()
    quantize: Any = torch.ao.quantization.quantize_dynamic
    quantize(nn.Sequential(lstm), {nn.LSTM}, dtype=torch.float16)(x)


USES: dict[str, tuple[Callable[..., None], tuple[Any, ...]]] = {
    "torch.compile in one graph, both ways": (_compile_fullgraph, ()),
    "torch.export with a dynamic time": (_export_with_states, ("time",)),
    "torch.export with a dynamic batch": (_export_with_states, ("batch",)),
    "torch.fx.symbolic_trace": (_trace_with_fx, ()),
    "torch.jit.script of packed input": (_script_packed, ()),
    "torch.jit.optimize_for_inference": (_optimize_script, ()),
    "torch.func.grad by the weights": (_transform_gradients, ()),
    "gradients of each row": (_row_gradients, (False,)),
    "gradients of each row of a cell": (_row_gradients, (True,)),
    "weights saved and loaded as weights only": (_save_and_load, ()),
    "weights assigned to a module on the meta device": (_load_with_assign, ()),
    "conversion by swapping": (_convert_by_swapping, ()),
    "weight norm as a parametrization": (_normalize_weights, ()),
    "pruning": (_prune_weights, ()),
    "checkpointing": (_checkpoint_lstm, ()),
    "a full backward hook": (_hook_lstm, ()),
    "detect_anomaly": (_watch_anomalies, ()),
    "an empty batch in float64": (_empty_batch, ("float64",)),
    "an empty batch in float32": (_empty_batch, ("float32",)),
    "autocast to bfloat16, both ways": (_autocast_both_ways, ()),
    "dynamic quantization of a cell": (_quantized_cell, ()),
    "dynamic quantization to float16": (_quantized_to_float16, ()),
}
