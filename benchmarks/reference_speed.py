"""How fast the torch reference is, beside `nn.LSTM` and beside the loop that people write by hand.

Run `OMP_WAIT_POLICY=PASSIVE python -m benchmarks.reference_speed` from the root of the repository; it rewrites
reference_speed.md beside it.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from lstm_parity.reference.torch_lstm import lstm_forward
from lstm_parity.reference.weights import LSTMWeights, weights_of

Pair = tuple[Tensor, Tensor]

STEPS, BATCH = 50, 8
SIZES = {8: 60, 16: 60, 64: 60, 128: 40, 256: 20, 512: 7}  # hidden size: repeats
HEAD = """# Speed of the torch reference

float64, T={steps}, B={batch}, input_size = H, torch {torch}, {machine}, load average {load:.1f} on {cores} cores.

The three run in turns. *nn* is the median time of `nn.LSTM`; *x nn* is the reference's time over it (wanted: up to 1.1
for H >= 64); *by hand* is the time of a loop that slices the stacked weights for every gate at every step, over the
reference's (wanted: at least 3 for H <= 16); both are medians of the ratios within a turn. `grad` is forward, and
backward of the sum of the output. A machine busy with other work slows two threads out of all proportion.

Made by `OMP_WAIT_POLICY=PASSIVE python -m benchmarks.reference_speed`.

| threads | layers | H | mode | nn, ms | x nn | by hand |
|--:|--:|--:|---|--:|--:|--:|
"""


def sliced_cell(x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Pair:
    """One step as people write it: each gate sliced out of the stacked weights, anew at every step."""
    H = c.shape[1]
    gate = [
        x @ w_ih[k * H : (k + 1) * H].T
        + b_ih[k * H : (k + 1) * H]
        + h @ w_hh[k * H : (k + 1) * H].T
        + b_hh[k * H : (k + 1) * H]
        for k in range(4)
    ]
    c = torch.sigmoid(gate[1]) * c + torch.sigmoid(gate[0]) * torch.tanh(gate[2])
    return torch.sigmoid(gate[3]) * torch.tanh(c), c


def sliced_loop(x: Tensor, weights: LSTMWeights) -> Tensor:
    """A stack of such layers, batch first as those loops are, with an output allocated and written step by step."""
    x = x.transpose(0, 1)
    for (layer,) in weights.cells:
        w_ih, w_hh, b_ih, b_hh = (value for _, value in layer.items())
        h = c = torch.zeros(x.shape[0], layer.hidden_size, dtype=x.dtype)
        output = torch.zeros(x.shape[0], x.shape[1], layer.hidden_size, dtype=x.dtype)
        for t in range(x.shape[1]):
            h, c = sliced_cell(x[:, t, :], h, c, w_ih, w_hh, b_ih, b_hh)
            output[:, t, :] = h
        x = output
    return x


def seconds(run: Callable[[], Tensor], grad: bool) -> float:
    """The time of one forward, and of its backward where `grad` says so."""
    with torch.set_grad_enabled(grad):
        start = time.perf_counter()
        output = run()
        if grad:
            output.sum().backward()
        return time.perf_counter() - start


def row(threads: int, layers: int, size: int, grad: bool) -> str:
    """One row of the table: the three run in turns, so that a busy machine slows all of them."""
    module = nn.LSTM(size, size, layers).double()
    weights = weights_of(module).map(lambda w: w.requires_grad_())
    x = torch.randn(STEPS, BATCH, size, dtype=torch.float64)
    runs: list[Callable[[], Tensor]] = [
        lambda: module(x)[0],
        lambda: lstm_forward(x, None, weights)[0],
        lambda: sliced_loop(x, weights),
    ]
    repeats = [[seconds(run, grad) for run in runs] for _ in range(SIZES[size] + 2)][2:]
    nn_lstm, reference, by_hand = zip(*repeats, strict=True)
    milliseconds, mode = statistics.median(nn_lstm) * 1e3, "grad" if grad else "no_grad"
    ratios = f"{_ratio(reference, nn_lstm):.2f} | {_ratio(by_hand, reference):.1f}"
    return f"| {threads} | {layers} | {size} | {mode} | {milliseconds:.2f} | {ratios} |"


def _ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """The median of the ratios within each turn: what else the machine does falls out of it."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


def main() -> None:
    """Measure every row, print it, and write the table."""
    about = {"torch": torch.__version__, "machine": platform.machine(), "cores": os.cpu_count()}
    head = HEAD.format(steps=STEPS, batch=BATCH, load=os.getloadavg()[0], **about)
    rows = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for layers in (1, 2):
            for size in SIZES:
                for grad in (False, True):
                    rows.append(row(threads, layers, size, grad))
                    print(rows[-1], flush=True)
    Path(__file__).with_suffix(".md").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
