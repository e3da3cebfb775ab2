"""An implementation called twice, to see what it keeps from one call to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.wrapped import Wrapped
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.protocol import LSTM


@dataclass(frozen=True)
class CalledTwice(Wrapped):
    """An implementation called twice with the very same tensors: the second call's results, or the first's, read late.

    A state that is kept shows in the second call, and so do arguments that were written to. The results of the first
    call are read after the second one: they must not have changed.
    """

    late: bool
    evidence: None = None  # a case that is run in another process would be one call
    found_by_autograd: None = None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load an LSTM whose call is two calls."""
        lstm = self.implementation.load(setting, weights)

        def twice(input: Any, hx: Any) -> Any:
            first = lstm(input, hx)
            second = lstm(input, hx)
            return first if self.late else second

        return twice
