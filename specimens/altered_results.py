"""Implementations that are right but for one alteration of what they return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch.nn.utils.rnn import PackedSequence

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.protocol import LSTM


@dataclass(frozen=True)
class Altered:
    """`nn.LSTM` with a change applied to its `(output, (h_n, c_n))`."""

    change: Callable[[Any, Any, Any], Any]
    name: str = "altered"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Nothing."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """The module, and the change behind it."""
        module = TorchLSTM().load(setting, weights)

        def lstm(input: Any, hx: Any) -> Any:
            output, (h_n, c_n) = module(input, hx)
            return self.change(output, h_n, c_n)

        return lstm


@dataclass(frozen=True)
class PackedAlone:
    """`nn.LSTM` that takes packed input only."""

    says_so: str
    name: str = "packed alone"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Padded input, if it says so beforehand."""
        return "padded input" if self.says_so == "beforehand" and setting.call.lengths is None else None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """The module, which is called with packed input or refuses."""
        module = TorchLSTM().load(setting, weights)

        def lstm(input: Any, hx: Any) -> Any:
            if not isinstance(input, PackedSequence):
                raise NotImplementedError("padded input")
            return module(input, hx)

        return lstm
