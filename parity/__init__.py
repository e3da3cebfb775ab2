"""The engine: how one judges an implementation of an LSTM. No test lives here. `parity.check` is for yours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parity.checking import check

__all__ = ["check"]


def __getattr__(name: str) -> Any:
    """`parity.check`, imported when it is first asked for, so that importing a part of the engine stays quick."""
    if name == "check":
        from parity.checking import check

        return check
    raise AttributeError(f"module 'parity' has no attribute {name!r}")
