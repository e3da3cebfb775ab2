"""Implementations that are right but for one alteration of what they return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from parity.implementations.protocol import LSTM
from parity.implementations.torch_modules import TorchLSTM
from parity.settings import Setting
from reference.weights import LSTMWeights


@dataclass(frozen=True)
class Altered:
    """`nn.LSTM` with a change applied to its `(output, (h_n, c_n))`."""

    change: Callable[[Any, Any, Any], Any]
    name: str = "altered"

    def refuses(self, setting: Setting) -> str | None:
        """Nothing."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """The module, and the change behind it."""
        module = TorchLSTM().load(setting, weights)

        def lstm(input: Any, hx: Any) -> Any:
            output, (h_n, c_n) = module(input, hx)
            return self.change(output, h_n, c_n)

        return lstm
