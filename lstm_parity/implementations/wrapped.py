"""One wrapper around an implementation: what a subclass does not change is the inner implementation's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lstm_parity.cases.setting import Setting
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.protocol import LSTM, Implementation


@dataclass(frozen=True)
class Wrapped:
    """An implementation around another one, with the optional protocols of `running/protocol.py` that the other has.

    A subclass overrides what it changes. To switch an optional method off, it sets that attribute to None.
    """

    implementation: Implementation

    @property
    def name(self) -> str:
        """Return the inner implementation's name."""
        return self.implementation.name

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return why the inner implementation does not support a setting; None if it does."""
        return self.implementation.unsupported_reason(setting)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load the inner implementation's LSTM."""
        return self.implementation.load(setting, weights)

    def __getattr__(self, name: str) -> Any:  # only for attributes that are not found otherwise
        return getattr(object.__getattribute__(self, "implementation"), name)
