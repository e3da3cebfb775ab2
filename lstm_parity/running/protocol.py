"""What an implementation is: a name, what it refuses, and a way to get something that is called like `nn.LSTM`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from lstm_parity.cases.setting import Setting
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic
from lstm_parity.reference.weights import LSTMWeights

# (input, hx) -> (output, (h_n, c_n)), all in the layout of `nn.LSTM`'s documentation; hx is (h_0, c_0) or None
LSTM = Callable[[Any, Any], Any]


class Implementation(Protocol):
    """Anything that computes an LSTM and is judged."""

    @property
    def name(self) -> str:
        """What the certificate calls it."""

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Why this setting is not supported, in words; None where it is."""

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """An LSTM of this architecture with these weights (torch tensors of the setting's dtype), in eval mode.

        The same LSTM is called more than once, with other lengths of time too; raising is a verdict.
        """


@runtime_checkable
class HasArithmetic(Protocol):
    """One that ought to be judged in another arithmetic than its dtype's own, at least on some devices."""

    def arithmetic(self, setting: Setting) -> Arithmetic | None:
        """That arithmetic; None for the dtype's own."""


def expected_arithmetic(implementation: Implementation, setting: Setting) -> Arithmetic:
    """The arithmetic that an implementation ought to compute a setting in."""
    told = implementation.arithmetic(setting) if isinstance(implementation, HasArithmetic) else None
    return told or NATIVE[setting.runtime.dtype]


class HasParameters(Implementation, Protocol):
    """One whose LSTM is no module and computes with other tensors than `load` was given: it names them."""

    def parameters(self, lstm: Any) -> dict[str, Tensor]:
        """The tensors that a loaded LSTM computes with, by the names of `nn.LSTM`'s parameters."""
