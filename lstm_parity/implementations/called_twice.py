"""An implementation called twice, to see what it keeps from one call to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lstm_parity.cases.setting import Setting
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.protocol import LSTM, Implementation


@dataclass(frozen=True)
class CalledTwice:
    """An implementation called twice with the very same tensors: what the second call returns, or the first, late.

    A state that is kept shows in the second call, and so do arguments that were written into. What the first returned
    is read when the second is over: it must not have changed.
    """

    implementation: Implementation
    late: bool

    @property
    def name(self) -> str:
        """The implementation's own."""
        return self.implementation.name

    def unsupported_reason(self, setting: Setting) -> str | None:
        """What the implementation refuses."""
        return self.implementation.unsupported_reason(setting)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """A call that is two calls."""
        lstm = self.implementation.load(setting, weights)

        def twice(input: Any, hx: Any) -> Any:
            first = lstm(input, hx)
            second = lstm(input, hx)
            return first if self.late else second

        return twice
