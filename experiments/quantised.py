"""Layers with narrow weights or factors: whether their arithmetic is named, from one call alone.

Each way of `specimens/quantised.py` in five shapes and two seeds; a way is named if all its words are in the name of
the arithmetic that explains the call; what is not narrow must not get such a name. Run: `python -m
experiments.quantised`.
Result: quantised.md.
"""

from __future__ import annotations

import warnings
from collections import Counter
from itertools import product
from pathlib import Path

import torch
from torch import nn

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.judging.arithmetic import explain
from lstm_parity.reference.weights import to_numpy, weights_of
from lstm_parity.running.evidence import WHOLE, Evidence, Observation, Outputs
from specimens.quantised import NOT_QUANTISED, QUANTISED, Quantised

RESULT = Path(__file__).with_suffix(".md")
SHAPES = ((8, 16, 1, 12, 2), (16, 32, 1, 20, 3), (5, 24, 2, 10, 2), (40, 64, 1, 30, 4), (32, 128, 2, 16, 2))
SEEDS = (1, 2)


def observe_way(way: Quantised, shape: tuple[int, ...], seed: int) -> Observation:
    """Run one way on a call with zeros for states; shape: I, H, layers, T, B."""
    inputs, hidden, layers, steps, rows = shape
    torch.manual_seed(seed)
    lstm = nn.LSTM(inputs, hidden, layers)
    x = torch.randn(steps, rows, inputs)
    output, h_n, c_n = (tensor.double().numpy() for tensor in way.run(lstm, x))
    setting = Setting(Architecture(inputs, hidden, layers), Call(steps, rows, states=False), Runtime("float32"))
    zeros = 0.0 * h_n
    case = Case(
        setting, "given", 0, weights_of(lstm).map(lambda w: to_numpy(w).astype(float)), x.double().numpy(), zeros, zeros
    )
    return Observation(case, (Evidence(WHOLE, case.input, zeros, zeros, Outputs(output, h_n, c_n)),))


def main() -> None:
    """Name every way in every shape."""
    warnings.simplefilter("ignore")
    lines = [
        "# Narrow weights and factors",
        "",
        "Written by `python -m experiments.quantised`: names from one call.",
        "",
    ]
    lines += ["| way | named | otherwise |", "|---|---|---|"]
    total = right = 0
    for way in (*QUANTISED, *NOT_QUANTISED):
        names = Counter[str]()
        asked = hits = 0
        for shape, seed in product(SHAPES, SEEDS):
            if way.name.endswith("of 8 bits") and shape[2] > 1:
                continue
            explained = explain([observe_way(way, shape, seed)])
            name = explained.arithmetic.name if explained.arithmetic else "none"
            narrow = "weights" in name
            good = all(word in name for word in way.words) if way.words else not narrow
            asked, hits = asked + 1, hits + good
            names[name] += not good
        total, right = total + asked, right + hits
        others = "; ".join(f"{name} {count}" for name, count in names.items() if count)
        lines.append(f"| {way.name} | {hits} of {asked} | {others} |")
        print(lines[-1], flush=True)
    lines += ["", f"**{right} of {total}** rightly.", ""]
    RESULT.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
