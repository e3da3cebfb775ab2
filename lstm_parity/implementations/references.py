"""Both hand-written references as implementations, judged like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.torch_modules import missing_dtype, product_arithmetic
from lstm_parity.reference import numpy_lstm, torch_lstm
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.sequences import repack, unpack
from lstm_parity.reference.weights import LSTMWeights, to_numpy
from lstm_parity.running.protocol import LSTM


@dataclass(frozen=True)
class TorchReference:
    """`reference/torch_lstm.py`."""

    name: str = "reference in torch"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return why torch cannot multiply the dtype; the reference supports all else."""
        return missing_dtype(setting.runtime.dtype, setting.runtime.device)

    def arithmetic(self, setting: Setting) -> Arithmetic | None:
        """TF32 products where torch allows them to all products."""
        return product_arithmetic(setting)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """`lstm_forward` with these weights."""
        batch_first = setting.architecture.batch_first
        return lambda input, hx: torch_lstm.lstm_forward(input, hx, weights, batch_first=batch_first)


@dataclass(frozen=True)
class NumpyReference:
    """`reference/numpy_lstm.py`, given NumPy arrays and padded sequences, read back as tensors."""

    name: str = "reference in NumPy"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return why not: NumPy has no bfloat16, and sums float16 products in float16."""
        dtype, device = setting.runtime.dtype, setting.runtime.device
        if device != "cpu":
            return f"the NumPy reference does not compute on {device}"
        return None if dtype in ("float64", "float32") else f"the NumPy reference does not compute in {dtype}"

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """`lstm_forward` with these weights."""
        arrays, batch_first = weights.map(to_numpy), setting.architecture.batch_first

        def lstm(input: Any, hx: Any) -> Any:
            states = None if hx is None else [to_numpy(state) for state in hx]
            if isinstance(input, PackedSequence):
                padded, lengths = unpack(input)
                output, last = numpy_lstm.lstm_forward(to_numpy(padded), states, arrays, lengths=to_numpy(lengths))
                return repack(torch.from_numpy(output), input), tuple(map(torch.from_numpy, last))
            output, last = numpy_lstm.lstm_forward(to_numpy(input), states, arrays, batch_first=batch_first)
            return torch.from_numpy(output), tuple(map(torch.from_numpy, last))

        return lstm

    def parameters(self, lstm: LSTM) -> dict[str, torch.Tensor]:
        """None that autograd knows: raises NotImplementedError, which is a refusal."""
        raise NotImplementedError(f"the {self.name} has no autograd: see reference/numpy_backward.py")
