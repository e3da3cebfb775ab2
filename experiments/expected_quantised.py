"""How far layers with weights or factors in fewer bits really are from the exact answer, beside what is predicted.

Each way of `specimens/quantised.py`, torch's own `quantize_dynamic` among them, in three sizes, 40 draws each: the
largest difference of output, h_n and c_n from a float64 nn.LSTM with all bits. Predicted is the row of `lstm-parity
expect` that is the way's own. Run: `python -m experiments.expected_quantised`. Result:
expected_quantised.md.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lstm_parity.audits.expectation.expect import MARGIN, expect_difference
from lstm_parity.cases.setting import Architecture
from specimens.quantised import QUANTISED, Quantised

RESULT = Path(__file__).with_suffix(".md")
SIZES = ((16, 20, 1), (64, 50, 1), (64, 50, 2))  # hidden_size, which is input_size, steps and layers
DRAWS = 40
OWN = (  # the arithmetic of each way, without the dtype
    "8-bit factors reduced to 7 bits and int8 weights, a scale for each tensor of max / 127.5",
    "float16 weights",
    "float16 weights and biases",
    "bfloat16 weights",
    "bfloat16 weights and biases",
    "int8 weights, a scale for each tensor of max / 127",
    "int8 weights, a scale for each tensor of max / 127.5",
    "int8 weights, a scale for each row of max / 127",
    "int8 weights, a scale for each row of max / 127.5",
    "int8 weights, a scale and a zero point for each tensor",
    "8-bit factors and int8 weights, a scale for each tensor of max / 127",
)
_ONE_LAYER = "int8 weights, factors of 8 bits"  # that specimen has no second layer


def measure(way: Quantised, hidden: int, time: int, layers: int) -> float:
    """Return the quantile of 99 % of the largest differences of some draws."""
    found = []
    for seed in range(DRAWS):
        torch.manual_seed(seed)
        module, x = nn.LSTM(hidden, hidden, layers), torch.randn(time, 1, hidden)
        wide = nn.LSTM(hidden, hidden, layers, dtype=torch.float64)
        wide.load_state_dict(module.state_dict())
        with torch.no_grad():
            output, (h_n, c_n) = wide(x.double())
        exact = (tensor.float().double() for tensor in (output, h_n, c_n))
        got = (tensor.double() for tensor in way.run(module, x))
        found.append(max(float((a - b).abs().max()) for a, b in zip(got, exact, strict=True)))
    return float(np.quantile(found, 0.99))


def main() -> None:
    """Measure, predict, and write the page."""
    warnings.simplefilter("ignore")
    lines, within = [], 0
    for hidden, time, layers in SIZES:
        rows = {row.arithmetic: row for row in expect_difference(Architecture(hidden, hidden, layers), time).rows}
        for way, own in zip(QUANTISED, OWN, strict=True):
            if way.name == _ONE_LAYER and layers > 1:
                continue
            measured = measure(way, hidden, time, layers)
            row = rows[f"float32 with {own}"]
            ratio = row.exact.high / measured
            within += 1.0 / MARGIN <= ratio <= MARGIN
            words = f"| {way.name} | H{hidden} T{time} L{layers} | {row.arithmetic} | {measured:.2g} "
            lines.append(f"{words}| {row.exact.high:.2g} | {ratio:.2g} |")
            print(lines[-1], flush=True)
    head = [
        "# Weights in fewer bits: how far apart",
        "",
        "Written by `python -m experiments.expected_quantised`.",
        "Quantiles of 99 % of the distance from the exact answer.",
        "",
        f"**{within} of {len(lines)}** predictions are within a factor of {MARGIN:g}.",
        "",
        "| way | sizes | arithmetic | measured | predicted | ratio |",
        "|---|---|---|---:|---:|---:|",
    ]
    RESULT.write_text("\n".join([*head, *lines, ""]))


if __name__ == "__main__":
    main()
