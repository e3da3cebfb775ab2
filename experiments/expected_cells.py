"""What `lstm-parity expect` predicts of cells whose arithmetic is known, and of weights that saturate gates.

The tables are parts of expected_differences.md.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from experiments.measured_differences import draw_beside, find_largest, module_sizes
from lstm_parity.audits.expectation.expect import MARGIN, expect_difference
from lstm_parity.cases.case import draw_case, round_case
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.implementations.stack import FromCell
from lstm_parity.reference import numpy_lstm
from lstm_parity.reference.weights import to_numpy, weights_of
from lstm_parity.running.observe import observe
from specimens.correct_cells import CORRECT, MISTAKES

CELLS = {**MISTAKES, **CORRECT}
SCALED = (  # hidden_size, steps, factor, dtype
    (64, 50, 3, "float32"),
    (64, 50, 6, "float32"),
    (128, 30, 4, "float32"),
    (64, 50, 3, "bfloat16"),
)
SIZES = ((8, 20, 1), (64, 50, 1), (64, 50, 2))  # hidden_size, which is input_size, steps and layers


def measure_cell(name: str, sizes: tuple[int, int, int]) -> tuple[str, str, list[float]]:
    """Return the dtype and the arithmetic of a cell, and its largest differences from the exact answer in 40 draws."""
    dtype, cell, arithmetic = CELLS[name]
    hidden, time, layers = sizes
    setting = Setting(Architecture(hidden, hidden, layers), Call(time, states=False), Runtime(dtype))
    found = []
    for seed in range(1000, 1040):
        case = draw_case(setting, "normal", seed)
        got = observe(FromCell(name, cell), case).evidence[0].outputs
        output, (h_n, c_n) = numpy_lstm.lstm_forward(case.input, None, case.weights)
        exact = [round_case(array, dtype) for array in (output, h_n, c_n)]
        arrays = [array for array in (got.output, got.h_n, got.c_n) if array is not None]
        found.append(find_largest(arrays, exact))
    return dtype, arithmetic, found


def compare_cells() -> tuple[list[str], int]:
    """Return the rows of the specimens, and how many are within the margin."""
    lines, within = list[str](), 0
    for name in CELLS:
        for sizes in SIZES:
            dtype, arithmetic, found = measure_cell(name, sizes)
            expected = expect_difference(Architecture(sizes[0], sizes[0], sizes[2]), sizes[1], 1, dtype)
            [row] = [row for row in expected.rows if row.arithmetic == arithmetic]
            measured = float(np.quantile(found, 0.99))
            ratio = row.exact.high / measured
            within += 1.0 / MARGIN <= ratio <= MARGIN
            words = f"| {name} | {arithmetic} | H{sizes[0]} T{sizes[1]} L{sizes[2]} "
            lines.append(f"{words}| {measured:.2g} | {row.exact.high:.2g} | {ratio:.2g} |")
            print(lines[-1], flush=True)
    return lines, within


def compare_scaled() -> list[str]:
    """Return the table of one nn.LSTM whose weights are the default ones times a factor, with 60 drawn inputs."""
    lines = [
        "",
        "One nn.LSTM without oneDNN, its weights the default ones times a factor, so that gates saturate; from the",
    ]
    lines += ["exact answer, 60 inputs.", "", "| nn.LSTM | factor | measured | predicted | ratio |"]
    lines.append("|---|---:|---:|---:|---:|")
    for hidden, time, factor, dtype in SCALED:
        torch.manual_seed(0)
        module = nn.LSTM(hidden, hidden)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.mul_(factor)
        module.to(getattr(torch, dtype))
        with torch.no_grad():
            drawn = [draw_beside(module, torch.randn(time, 1, hidden), False)[0] for _ in range(60)]
        weights = weights_of(module.double()).map(to_numpy)
        row = expect_difference(module_sizes(module), time, 1, dtype, weights=weights).rows[0]
        measured = float(np.quantile(drawn, 0.99))
        numbers = f"{measured:.2g} | {row.exact.high:.2g} | {row.exact.high / measured:.2g}"
        lines.append(f"| H{hidden} T{time} {dtype} | {factor} | {numbers} |")
        print(lines[-1], flush=True)
    return lines
