"""What can be done with nn.LSTM and nn.LSTMCell in this torch: each a small function that raises where it cannot.

Every one runs in a child process. Each is missing from some release: there, the missing name is the reason.
"""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from lstm_parity.audits.upgrade.measure.bad_calls import mask_addresses
from lstm_parity.audits.upgrade.measure.small_modules import PackingLSTM, small_lstm
from lstm_parity.audits.upgrade.measure.uses import USES
from lstm_parity.cases.setting import DTYPES
from lstm_parity.running.child_process import CallResult, ExitKind, ProcessServer

_LIMIT = 60.0  # seconds, where export alone may take ten
UNKNOWN = "not told: "  # a limit of time says nothing of torch


def _dtype_forward(dtype: str) -> None:
    """A call in a dtype."""
    lstm, x = small_lstm(dtype)
    lstm(x)


def _dtype_backward(dtype: str) -> None:
    """A backward pass in a dtype."""
    lstm, x = small_lstm(dtype)
    lstm(x)[0].sum().backward()


def _dtype_cell(dtype: str) -> None:
    """A cell in a dtype."""
    nn.LSTMCell(3, 4, dtype=getattr(torch, dtype))(small_lstm(dtype)[1][0])


def _compile_lstm() -> None:
    """torch.compile without a compiler of kernels: the graph is taken and run."""
    lstm, x = small_lstm()
    torch.compile(lstm, backend="eager")(x)


def _export_lstm() -> None:
    """torch.export.export."""
    lstm, x = small_lstm()
    torch.export.export(lstm.eval(), (x,))


def _export_packed_lstm() -> None:
    """torch.export.export of a module that packs its input."""
    torch.export.export(PackingLSTM().eval(), (small_lstm()[1],))


def _script_lstm() -> None:
    """torch.jit.script, called."""
    lstm, x = small_lstm()
    torch.jit.script(lstm)(x)


def _script_cell() -> None:
    """torch.jit.script of a cell, called."""
    torch.jit.script(nn.LSTMCell(3, 4))(small_lstm()[1][0])


def _trace_lstm() -> None:
    """torch.jit.trace, called, saved and loaded."""
    lstm, x = small_lstm()
    traced, file = torch.jit.trace(lstm, (x,)), io.BytesIO()  # type: ignore[no-untyped-call]
    torch.jit.save(traced, file)
    file.seek(0)
    torch.jit.load(file)(x)  # type: ignore[no-untyped-call]


def _vmap_lstm() -> None:
    """torch.func.vmap over inputs."""
    lstm, x = small_lstm()
    torch.func.vmap(lambda one: lstm(one)[0])(torch.stack([x, x]))


def _vmap_cell() -> None:
    """torch.func.vmap of a cell over inputs."""
    cell, x = nn.LSTMCell(3, 4), small_lstm()[1]
    torch.func.vmap(lambda one: cell(one)[0])(x)


def _forward_ad(dtype: str) -> None:
    """A Jacobian-vector product by forward-mode differentiation."""
    lstm, x = small_lstm(dtype)
    torch.func.jvp(lambda one: lstm(one)[0], (x,), (x,))


def _double_backward(dtype: str) -> None:
    """A gradient of a gradient."""
    lstm, x = small_lstm(dtype)
    x.requires_grad_()
    (first,) = torch.autograd.grad(lstm(x)[0].sum(), x, create_graph=True)
    torch.autograd.grad(first.square().sum(), x)


def _call_functionally() -> None:
    """torch.func.functional_call with other weights."""
    lstm, x = small_lstm()
    torch.func.functional_call(lstm, {name: w + 1 for name, w in lstm.named_parameters()}, (x,))


def autocast(dtype: str) -> None:
    """A call under autocast on the CPU."""
    lstm, x = small_lstm()
    with torch.autocast("cpu", dtype=getattr(torch, dtype)):
        lstm(x)


def _autocast_cell(dtype: str) -> None:
    """A call of a cell under autocast on the CPU."""
    with torch.autocast("cpu", dtype=getattr(torch, dtype)):
        nn.LSTMCell(3, 4)(small_lstm()[1][0])


def deterministic() -> None:
    """Both ways under torch.use_deterministic_algorithms."""
    torch.set_deterministic_debug_mode("error")
    _dtype_backward("float32")


def _run_on_meta() -> None:
    """A call on the meta device, which computes shapes only."""
    lstm, x = small_lstm()
    lstm.to("meta")(x.to("meta"))


def _quantize_lstm() -> None:
    """Dynamic quantization to int8."""
    lstm, x = small_lstm()
    quantize: Any = torch.ao.quantization.quantize_dynamic
    quantize(nn.Sequential(lstm), {nn.LSTM}, dtype=torch.qint8)(x)


def _deepcopy_lstm() -> None:
    """A deep copy and a state_dict, loaded."""
    lstm, x = small_lstm()
    copy.deepcopy(lstm).load_state_dict(lstm.state_dict())
    copy.deepcopy(lstm)(x)


def _run_dropout() -> None:
    """Dropout between layers, both ways."""
    lstm, x = small_lstm(num_layers=2, dropout=0.5)
    lstm(x)[0].sum().backward()


_PLAIN = {
    "torch.compile, backend eager": _compile_lstm,
    "torch.export": _export_lstm,
    "torch.export of packed input": _export_packed_lstm,
    "torch.jit.script": _script_lstm,
    "torch.jit.script of a cell": _script_cell,
    "torch.jit.trace, saved and loaded": _trace_lstm,
    "vmap": _vmap_lstm,
    "vmap of a cell": _vmap_cell,
    "functional_call": _call_functionally,
    "deterministic algorithms": deterministic,
    "the meta device": _run_on_meta,
    "dynamic quantization": _quantize_lstm,
    "copying": _deepcopy_lstm,
    "dropout": _run_dropout,
}
_BY_DTYPE = {
    "forward in": (_dtype_forward, DTYPES),
    "backward in": (_dtype_backward, DTYPES),
    "a cell in": (_dtype_cell, DTYPES),
    "forward-mode differentiation in": (_forward_ad, ("float64", "float32")),
    "double backward in": (_double_backward, ("float64", "float32")),
    "autocast to": (autocast, ("bfloat16", "float16")),
    "autocast of a cell to": (_autocast_cell, ("bfloat16", "float16")),
}
_CALLS: dict[str, tuple[Callable[..., None], tuple[Any, ...]]] = {
    **{name: (function, ()) for name, function in _PLAIN.items()},
    **{f"{name} {d}": (function, (d,)) for name, (function, dtypes) in _BY_DTYPE.items() for d in dtypes},
    **USES,
}


def _try_capability(name: str) -> None:
    """Do one of CALLS without a word of warning: what a child process runs."""
    function, arguments = _CALLS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function(*arguments)


def record_capabilities(isolation: ProcessServer) -> Iterator[tuple[str, str]]:
    """Yield every capability with "" if it is there, else why not."""
    for name in _CALLS:
        yield name, why_not(isolation.run(f"{__name__}:{_try_capability.__name__}", name, limit=_LIMIT))


def why_not(ending: CallResult) -> str:
    """Describe why an attempt did not succeed; "" if it did."""
    if ending.how is ExitKind.RETURNED:
        return ""
    if ending.how is ExitKind.HUNG:
        return f"{UNKNOWN}not done after {ending.kind}"
    if ending.how is ExitKind.RAISED:
        return f"{ending.kind}: {mask_addresses(ending.words)}"
    return f"the process {ending.how.value}: {ending.kind}"
