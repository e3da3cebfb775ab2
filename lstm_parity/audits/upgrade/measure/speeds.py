"""How long an LSTM takes, in units of work timed in the same moment: what is left is the LSTM's own.

Three units. A matrix product of torch: a faster processor is a faster product, but so is a newer library. A loop of
plain Python, which depends on Python alone, and additions and multiplications of NumPy on small arrays, which depend on
NumPy and on no BLAS: no torch changes these two.

Each round times every call beside the units; rounds lie apart, so that their spread holds what a busy machine does.
Run as a program, it measures a round for every line that it reads, and prints it as a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from lstm_parity.audits.upgrade.record import ITSELF, NUMPY, PRODUCT, PYTHON

_SIZES = {"I=H=32, T=50, B=8": (32, 50, 8), "I=H=256, T=20, B=16": (256, 20, 16)}
_FORMS = ("padded", "packed, equal lengths", "packed, varying lengths", "cell in a loop")
_PRODUCT = 384  # rows and columns of the product
_ITERATIONS = 20_000  # of the loop in Python
_NUMBERS, _PASSES = 4096, 200  # of NumPy's arrays, which fit the cache that is nearest
_REPEATS = 5
_Call = Callable[[], object]


def measure_speeds(dtype: str = "float32") -> dict[str, dict[str, float]]:
    """Measure one round on one thread: by unit and call, the best of REPEATS, each beside units of its own."""
    torch.set_num_threads(1)
    units = _make_units()
    found = {unit: {ITSELF: 1e3 * min(_time_call(work) for _ in range(4 * _REPEATS))} for unit, work in units.items()}
    for size, numbers in _SIZES.items():
        for form in _FORMS:
            for grad in (False, True):
                name = f"{form}, {dtype}, {size}, {'both ways' if grad else 'no_grad'}"
                for unit, ratio in _time_ratios(_prepare_call(form, *numbers, getattr(torch, dtype), grad), units):
                    found[unit][name] = ratio
    return found


def _make_units() -> dict[str, _Call]:
    matrix = torch.full((_PRODUCT, _PRODUCT), 0.5)
    numbers, result = np.full(_NUMBERS, 0.5), np.empty(_NUMBERS)

    def add_and_multiply() -> None:
        for _ in range(_PASSES):
            np.multiply(numbers, numbers, out=result)
            np.add(result, numbers, out=result)

    return {PRODUCT: lambda: matrix @ matrix, PYTHON: _iterate, NUMPY: add_and_multiply}


def _iterate() -> float:
    """Iterate the logistic map, whose numbers stay between 0 and 1."""
    x = 0.4
    for _ in range(_ITERATIONS):
        x = 3.5 * x * (1.0 - x)
    return x


def _time_ratios(call: _Call, units: dict[str, _Call]) -> list[tuple[str, float]]:
    """Return the best time of a call in the best time of each unit, all of them in turns."""
    call()
    turns = [[_time_call(work) for work in (*units.values(), call)] for _ in range(_REPEATS)]
    *best, own = map(min, zip(*turns, strict=True))
    return [(unit, own / time) for unit, time in zip(units, best, strict=True)]


def _time_call(call: _Call) -> float:
    """Measure processor seconds of one call: on a busy machine, wall time includes the work of others."""
    begin = time.process_time()
    call()
    return time.process_time() - begin


def _prepare_call(form: str, width: int, steps: int, rows: int, dtype: torch.dtype, grad: bool) -> _Call:
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


def _serve() -> None:
    """Measure a round for each line of input."""
    for _ in sys.stdin:
        sys.stdout.write(json.dumps(measure_speeds()) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
