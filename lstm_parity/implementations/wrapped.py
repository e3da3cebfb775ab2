"""Wrappers around an implementation: what a subclass does not change is the inner one's; and one for projections."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from lstm_parity.cases.setting import Setting
from lstm_parity.reference.weights import CellWeights, LSTMWeights
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


@dataclass(frozen=True)
class Unprojected:
    """An implementation with a projection of its own, called as if it had none: with one more unit, which stays hidden.

    With hidden size H it is the inner one with H + 1 and a projection to H: the identity and a zero.
    """

    implementation: Implementation

    @property
    def name(self) -> str:
        """Return the name of the one inside."""
        return self.implementation.name

    @property
    def stands_in(self) -> bool:
        """Whether a state that is returned is not its own."""
        return bool(getattr(self.implementation, "stands_in", False))

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return why a setting is not supported with a projection."""
        if setting.architecture.proj_size:
            return "it has a projection of its own"
        return self.implementation.unsupported_reason(_project(setting))

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load the one inside, with a unit more."""
        cells = tuple(tuple(_widen(cell) for cell in layer) for layer in weights.cells)
        inner = self.implementation.load(_project(setting), LSTMWeights(cells))

        def call(input: Any, hx: Any) -> Any:
            given = None if hx is None else (hx[0], nn.functional.pad(hx[1], (0, 1)))
            output, (h_n, c_n) = inner(input, given)
            return output, (h_n, c_n[..., :-1])

        return call


def _project(setting: Setting) -> Setting:
    a = setting.architecture
    return replace(setting, architecture=replace(a, hidden_size=a.hidden_size + 1, proj_size=a.hidden_size))


def _widen(cell: CellWeights) -> CellWeights:
    """Return the weights with a unit more, all of whose gate sums are zero, and with the projection."""
    size = cell.hidden_size

    def pad(value: Any) -> Tensor:
        by_gate = value.reshape(4, size, -1)
        whole = nn.functional.pad(by_gate, (0, 0, 0, 1))
        return whole.reshape(4 * (size + 1), -1)

    b_ih, b_hh = (None if bias is None else pad(bias)[:, 0] for bias in (cell.b_ih, cell.b_hh))
    w_hr = torch.eye(size, size + 1, dtype=cell.w_ih.dtype, device=cell.w_ih.device)
    return CellWeights(pad(cell.w_ih), pad(cell.w_hh), b_ih, b_hh, w_hr)
