"""How long an LSTM takes, in units of a plain matrix product timed in the same moment: what is left is the LSTM's own.

Each round times every call beside the product; rounds lie apart, so that their spread holds what a busy machine does.
The product's own time is recorded too: where a new library computes products faster, no LSTM has become slower.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

_SIZES = {"I=H=32, T=50, B=8": (32, 50, 8), "I=H=256, T=20, B=16": (256, 20, 16)}
_FORMS = ("padded", "packed, equal lengths", "packed, varying lengths", "cell in a loop")
_PRODUCT = 384  # rows and columns of the plain product
ITSELF = "the product itself, in milliseconds"
_REPEATS = 5


def measure_speeds(dtype: str = "float32") -> dict[str, float]:
    """The ratio of times of every call, on one thread: the best of REPEATS, each beside a product of its own."""
    torch.set_num_threads(1)
    matrix = torch.full((_PRODUCT, _PRODUCT), 0.5)
    found = {ITSELF: 1e3 * min(_time_call(lambda: matrix @ matrix) for _ in range(4 * _REPEATS))}
    for size, numbers in _SIZES.items():
        for form in _FORMS:
            for grad in (False, True):
                call = _prepare_call(form, *numbers, getattr(torch, dtype), grad)
                found[f"{form}, {dtype}, {size}, {'both ways' if grad else 'no_grad'}"] = _time_ratio(call)
    return found


def _time_ratio(call: Callable[[], object]) -> float:
    """The best time of a call in units of the best time of a product of matrices, one beside the other."""
    matrix = torch.full((_PRODUCT, _PRODUCT), 0.5)
    call()
    pairs = [(_time_call(lambda: matrix @ matrix), _time_call(call)) for _ in range(_REPEATS)]
    products, calls = zip(*pairs, strict=True)
    return float(min(calls) / min(products))


def _time_call(call: Callable[[], object]) -> float:
    """Measure processor seconds of one call: on a busy machine, wall time includes the work of others."""
    begin = time.process_time()
    call()
    return time.process_time() - begin


def _prepare_call(form: str, width: int, steps: int, rows: int, dtype: torch.dtype, grad: bool) -> Callable[[], object]:
    torch.manual_seed(0)
    run = _forward(form, torch.randn(steps, rows, width, dtype=dtype), width)

    def call() -> None:
        with torch.set_grad_enabled(grad):
            output = run()
            if grad:
                torch.autograd.backward(output.sum())

    return call


def _forward(form: str, x: torch.Tensor, width: int) -> Callable[[], torch.Tensor]:
    steps, rows, _ = x.shape
    if form == "cell in a loop":
        cell = nn.LSTMCell(width, width, dtype=x.dtype)
        return lambda: _loop_cell(cell, x)
    lstm = nn.LSTM(width, width, dtype=x.dtype)
    if form == "padded":
        return lambda: lstm(x)[0]
    lengths = [steps] * rows if "equal" in form else [max(1, steps - k) for k in range(rows)]
    packed = pack_padded_sequence(x, torch.tensor(lengths))
    return lambda: lstm(packed)[0].data


def _loop_cell(cell: nn.LSTMCell, x: torch.Tensor) -> torch.Tensor:
    h = c = x.new_zeros(x.shape[1:])
    for step in x:
        h, c = cell(step, (h, c))
    return h
