"""How far correct LSTMs really differ, in 30 configurations: committed before the prediction was written.

Each draw is an nn.LSTM that torch initialises, with normal inputs. Measured is the largest absolute difference of
output, h_n and c_n: from a float64 nn.LSTM whose results are rounded to the dtype, and from another correct
implementation in the dtype. The other one is nn.LSTM without oneDNN if the first has it (if oneDNN has no kernel for
it, the reference in torch), else the reference in NumPy, or in torch for bfloat16.

Run `python -m experiments.measured_differences` (two minutes): expected_differences.json.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lstm_parity.cases.setting import Architecture
from lstm_parity.reference import numpy_lstm, torch_lstm
from lstm_parity.reference.weights import to_numpy, weights_of

MEASURED = Path(__file__).with_name("expected_differences.json")


@dataclass(frozen=True)
class Configuration:
    """An LSTM, how it is called, and how often it is drawn."""

    architecture: Architecture
    time: int
    batch: int
    dtype: str
    mkldnn: bool
    draws: int

    @property
    def name(self) -> str:
        """The configuration in a line, as the page shows it."""
        a = self.architecture
        words = [f"I{a.input_size} H{a.hidden_size}"]
        words += [f"P{a.proj_size}"] * bool(a.proj_size) + [f"L{a.num_layers}"] * (a.num_layers > 1)
        words += ["bi"] * a.bidirectional + ["no bias"] * (not a.bias)
        return " ".join([*words, f"T{self.time} B{self.batch} {self.dtype}", "oneDNN" if self.mkldnn else "no oneDNN"])


def _of(sizes: str, dtype: str, draws: int, mkldnn: bool = True, **more: Any) -> Configuration:
    """Return the configuration of "I H T B", for short."""
    inputs, hidden, time, batch = map(int, sizes.split())
    return Configuration(Architecture(inputs, hidden, **more), time, batch, dtype, mkldnn, draws)


CONFIGURATIONS = (
    _of("4 4 1 1", "float32", 200),
    _of("8 8 10 1", "float32", 200, mkldnn=False),
    _of("16 16 50 1", "float32", 200),
    _of("32 64 20 4", "float32", 200, mkldnn=False),
    _of("128 128 50 1", "float32", 200),
    _of("128 128 50 1", "float32", 200, mkldnn=False),
    _of("128 128 50 1", "float32", 100, num_layers=2),
    _of("64 64 100 2", "float32", 100, num_layers=3),
    _of("64 64 100 2", "float32", 100, mkldnn=False, num_layers=3),
    _of("32 64 50 2", "float32", 100, bidirectional=True),
    _of("64 128 100 1", "float32", 60, mkldnn=False, num_layers=2, bidirectional=True),
    _of("64 128 50 2", "float32", 100, mkldnn=False, proj_size=32),
    _of("32 64 200 1", "float32", 60, mkldnn=False, num_layers=2, bidirectional=True, proj_size=8),
    _of("256 256 200 1", "float32", 60),
    _of("256 256 1000 1", "float32", 40, mkldnn=False),
    _of("512 512 100 1", "float32", 60),
    _of("512 512 1000 1", "float32", 40),
    _of("16 32 1000 1", "float32", 60, mkldnn=False),
    _of("1 128 30 8", "float32", 100, bias=False),
    _of("4 4 1 1", "bfloat16", 200),
    _of("16 16 50 1", "bfloat16", 200, mkldnn=False),
    _of("64 64 20 4", "bfloat16", 200),
    _of("128 128 50 1", "bfloat16", 200),
    _of("128 128 50 1", "bfloat16", 200, mkldnn=False),
    _of("64 64 100 1", "bfloat16", 60, num_layers=3),
    _of("32 64 50 2", "bfloat16", 100, mkldnn=False, bidirectional=True),
    _of("64 128 50 1", "bfloat16", 100, mkldnn=False, proj_size=32),
    _of("256 256 1000 1", "bfloat16", 40),
    _of("512 512 100 1", "bfloat16", 60, mkldnn=False),
    _of("512 512 1000 1", "bfloat16", 40),
)


def call_torch(module: nn.LSTM, x: torch.Tensor, mkldnn: bool) -> list[np.ndarray[Any, Any]]:
    """Return output, h_n and c_n of nn.LSTM, with oneDNN or without."""
    with torch.backends.mkldnn.flags(enabled=mkldnn):
        output, (h_n, c_n) = module(x)
    return [to_numpy(tensor) for tensor in (output, h_n, c_n)]


def call_other(module: nn.LSTM, x: torch.Tensor, mkldnn: bool) -> list[np.ndarray[Any, Any]]:
    """Return the same of the other correct implementation."""
    if mkldnn:
        return call_torch(module, x, False)
    if x.dtype == torch.bfloat16:
        with torch.backends.mkldnn.flags(enabled=False):
            output, (h_n, c_n) = torch_lstm.lstm_forward(x, None, weights_of(module))
        return [to_numpy(tensor) for tensor in (output, h_n, c_n)]
    y, states = numpy_lstm.lstm_forward(to_numpy(x), None, weights_of(module).map(to_numpy))
    return [y, *states]


def draw(one: Configuration, seed: int) -> tuple[float, float]:
    """Return the largest differences of one draw."""
    torch.manual_seed(seed)
    module = nn.LSTM(**one.architecture.arguments()).to(getattr(torch, one.dtype))
    return draw_beside(module, torch.randn(one.time, one.batch, one.architecture.input_size), one.mkldnn)


def module_sizes(module: nn.LSTM) -> Architecture:
    """Return the architecture of a module."""
    names = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "bidirectional", "proj_size")
    return Architecture(*(getattr(module, name) for name in names))


def draw_beside(module: nn.LSTM, x: torch.Tensor, mkldnn: bool) -> tuple[float, float]:
    """Return the largest difference from the exact answer, and from the other implementation."""
    dtype = next(module.parameters()).dtype
    x = x.to(dtype)
    wide = nn.LSTM(**module_sizes(module).arguments(), dtype=torch.float64)
    wide.load_state_dict(module.state_dict())
    output, (h_n, c_n) = wide(x.double())
    exact = [to_numpy(tensor.to(dtype)) for tensor in (output, h_n, c_n)]
    own, other = call_torch(module, x, mkldnn), call_other(module, x, mkldnn)
    return find_largest(own, exact), find_largest(own, other)


def find_largest(a: list[np.ndarray[Any, Any]], b: list[np.ndarray[Any, Any]]) -> float:
    """Return the largest absolute difference of arrays."""
    return max(float(np.abs(p.astype(np.float64) - q).max()) for p, q in zip(a, b, strict=True))


def measure() -> None:
    """Measure all configurations that the file does not have, and write it after each."""
    found = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    for one in CONFIGURATIONS:
        if one.name not in found:
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # there is no oneDNN for projections
                exact, other = zip(*(draw(one, seed) for seed in range(one.draws)), strict=True)
            found[one.name] = {"exact": exact, "other": other}
            MEASURED.write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")
            print(one.name, *(f"{np.quantile(values, 0.99):.3g}" for values in (exact, other)), flush=True)


if __name__ == "__main__":
    measure()
