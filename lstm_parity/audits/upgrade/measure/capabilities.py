"""What can be done with nn.LSTM and nn.LSTMCell in this torch: each a small function that raises where it cannot.

Every one runs in a child process. Some release lacks each: there, that the name is missing is why it cannot.
"""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from lstm_parity.audits.upgrade.measure.bad_calls import cleaned
from lstm_parity.audits.upgrade.measure.small_modules import Packing, small
from lstm_parity.audits.upgrade.measure.uses import USES
from lstm_parity.cases.setting import DTYPES
from lstm_parity.running.child_process import Ending, How, Isolation

LIMIT = 60.0  # seconds, where export alone may take ten
UNTOLD = "not told: "  # a limit of time says nothing of torch


def dtype_forward(dtype: str) -> None:
    """A call in a dtype."""
    lstm, x = small(dtype)
    lstm(x)


def dtype_backward(dtype: str) -> None:
    """A backward pass in a dtype."""
    lstm, x = small(dtype)
    lstm(x)[0].sum().backward()


def dtype_cell(dtype: str) -> None:
    """A cell in a dtype."""
    nn.LSTMCell(3, 4, dtype=getattr(torch, dtype))(small(dtype)[1][0])


def compiled() -> None:
    """torch.compile without a compiler of kernels: the graph is taken and run."""
    lstm, x = small()
    torch.compile(lstm, backend="eager")(x)


def exported() -> None:
    """torch.export.export."""
    lstm, x = small()
    torch.export.export(lstm.eval(), (x,))


def exported_packed() -> None:
    """torch.export.export of a module that packs its input."""
    torch.export.export(Packing().eval(), (small()[1],))


def scripted() -> None:
    """torch.jit.script, called."""
    lstm, x = small()
    torch.jit.script(lstm)(x)


def scripted_cell() -> None:
    """torch.jit.script of a cell, called."""
    torch.jit.script(nn.LSTMCell(3, 4))(small()[1][0])


def traced() -> None:
    """torch.jit.trace, called, saved and loaded."""
    lstm, x = small()
    traced, file = torch.jit.trace(lstm, (x,)), io.BytesIO()  # type: ignore[no-untyped-call]
    torch.jit.save(traced, file)
    file.seek(0)
    torch.jit.load(file)(x)  # type: ignore[no-untyped-call]


def vmapped() -> None:
    """torch.func.vmap over inputs."""
    lstm, x = small()
    torch.func.vmap(lambda one: lstm(one)[0])(torch.stack([x, x]))


def vmapped_cell() -> None:
    """torch.func.vmap of a cell over inputs."""
    cell, x = nn.LSTMCell(3, 4), small()[1]
    torch.func.vmap(lambda one: cell(one)[0])(x)


def forward_ad(dtype: str) -> None:
    """A Jacobian-vector product by forward-mode differentiation."""
    lstm, x = small(dtype)
    torch.func.jvp(lambda one: lstm(one)[0], (x,), (x,))


def double_backward(dtype: str) -> None:
    """A gradient of a gradient."""
    lstm, x = small(dtype)
    x.requires_grad_()
    (first,) = torch.autograd.grad(lstm(x)[0].sum(), x, create_graph=True)
    torch.autograd.grad(first.square().sum(), x)


def functional() -> None:
    """torch.func.functional_call with other weights."""
    lstm, x = small()
    torch.func.functional_call(lstm, {name: w + 1 for name, w in lstm.named_parameters()}, (x,))


def autocast(dtype: str) -> None:
    """A call under autocast on the CPU."""
    lstm, x = small()
    with torch.autocast("cpu", dtype=getattr(torch, dtype)):
        lstm(x)


def autocast_cell(dtype: str) -> None:
    """A call of a cell under autocast on the CPU."""
    with torch.autocast("cpu", dtype=getattr(torch, dtype)):
        nn.LSTMCell(3, 4)(small()[1][0])


def deterministic() -> None:
    """Both ways under torch.use_deterministic_algorithms."""
    torch.set_deterministic_debug_mode("error")
    dtype_backward("float32")


def on_meta() -> None:
    """A call on the meta device, which computes shapes only."""
    lstm, x = small()
    lstm.to("meta")(x.to("meta"))


def quantized() -> None:
    """Dynamic quantization to int8."""
    lstm, x = small()
    quantize: Any = torch.ao.quantization.quantize_dynamic
    quantize(nn.Sequential(lstm), {nn.LSTM}, dtype=torch.qint8)(x)


def copied() -> None:
    """A deep copy and a state_dict, loaded."""
    lstm, x = small()
    copy.deepcopy(lstm).load_state_dict(lstm.state_dict())
    copy.deepcopy(lstm)(x)


def dropped_out() -> None:
    """Dropout between layers, both ways."""
    lstm, x = small(num_layers=2, dropout=0.5)
    lstm(x)[0].sum().backward()


PLAIN = {
    "torch.compile, backend eager": compiled,
    "torch.export": exported,
    "torch.export of packed input": exported_packed,
    "torch.jit.script": scripted,
    "torch.jit.script of a cell": scripted_cell,
    "torch.jit.trace, saved and loaded": traced,
    "vmap": vmapped,
    "vmap of a cell": vmapped_cell,
    "functional_call": functional,
    "deterministic algorithms": deterministic,
    "the meta device": on_meta,
    "dynamic quantization": quantized,
    "copying": copied,
    "dropout": dropped_out,
}
BY_DTYPE = {
    "forward in": (dtype_forward, DTYPES),
    "backward in": (dtype_backward, DTYPES),
    "a cell in": (dtype_cell, DTYPES),
    "forward-mode differentiation in": (forward_ad, ("float64", "float32")),
    "double backward in": (double_backward, ("float64", "float32")),
    "autocast to": (autocast, ("bfloat16", "float16")),
    "autocast of a cell to": (autocast_cell, ("bfloat16", "float16")),
}
CALLS: dict[str, tuple[Callable[..., None], tuple[Any, ...]]] = {
    **{name: (function, ()) for name, function in PLAIN.items()},
    **{f"{name} {d}": (function, (d,)) for name, (function, dtypes) in BY_DTYPE.items() for d in dtypes},
    **USES,
}


def attempt(name: str) -> None:
    """Do one of CALLS without a word of warning: what a child process runs."""
    function, arguments = CALLS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function(*arguments)


def capabilities(isolation: Isolation) -> Iterator[tuple[str, str]]:
    """Every capability with "" where it is there, else why not."""
    for name in CALLS:
        yield name, why_not(isolation.run(f"{__name__}:attempt", name, limit=LIMIT))


def why_not(ending: Ending) -> str:
    """Why an attempt did not succeed; "" where it did."""
    if ending.how is How.RETURNED:
        return ""
    if ending.how is How.HUNG:
        return f"{UNTOLD}not done after {ending.kind}"
    if ending.how is How.RAISED:
        return f"{ending.kind}: {cleaned(ending.words)}"
    return f"the process {ending.how.value}: {ending.kind}"
