"""The engine: how one judges an implementation of an LSTM. No test lives here. `lstm_parity.check` is for yours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_parity.audits.check import check

__all__ = ["check"]


def __getattr__(name: str) -> Any:
    """`lstm_parity.check`, imported when it is first asked for, so that importing a part of the engine stays quick."""
    if name == "check":
        from lstm_parity.audits.check import check

        return check
    raise AttributeError(f"module 'lstm_parity' has no attribute {name!r}")
