"""Probes of known bugs of torch: functions that return what is wrong, "" if nothing is, or that cannot run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lstm_parity.catalogue.bad_calls.callees import describe_result
from lstm_parity.catalogue.bad_calls.run import is_overrun


class UndecidedError(Exception):
    """The installed torch, or this machine, does not have what the bug is about."""


def is_refused(call: Callable[[], Any]) -> str:
    """Describe what a call returned that must be refused, or the message of an overrun; "" if it was refused."""
    try:
        returned = call()
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        return str(error).splitlines()[0] if is_overrun(str(error)) else ""
    return f"accepted: {describe_result(returned)}"


def does_run(call: Callable[[], Any]) -> str:
    """Return the message with which a valid call was refused; "" if it ran."""
    try:
        call()
    except (RuntimeError, NotImplementedError) as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return ""


def require(holder: Any, name: str) -> Any:
    """An attribute that not every release has. Raises CannotTellError if it is missing."""
    if not hasattr(holder, name):
        raise UndecidedError(f"this torch has no {name}")
    return getattr(holder, name)
