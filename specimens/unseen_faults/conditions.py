"""When a fault shows: for which calls."""

from __future__ import annotations

from collections.abc import Callable

from specimens.unseen_faults.faulty import Call


def needs_grad(call: Call) -> bool:
    """Whether the input needs a gradient."""
    return call.x.requires_grad


def any_frozen(call: Call) -> bool:
    """Whether some weights are frozen and others not."""
    needs = {w.requires_grad for w in call.lstm._flat_weights}
    return needs == {True, False}


def hidden(n: Callable[[int], bool]) -> Callable[[Call], bool]:
    """Whether H is one of those."""
    return lambda call: n(call.lstm.hidden_size)


def rows(n: Callable[[int], bool]) -> Callable[[Call], bool]:
    """Whether B is one of those."""
    return lambda call: n(call.rows)


def steps(n: Callable[[int], bool]) -> Callable[[Call], bool]:
    """Whether T is one of those."""
    return lambda call: n(call.steps)


def features(n: Callable[[int], bool]) -> Callable[[Call], bool]:
    """Whether I is one of those."""
    return lambda call: n(call.lstm.input_size)


def training(call: Call) -> bool:
    """Whether the module is in train mode."""
    return bool(call.lstm.training)


def not_first(call: Call) -> bool:
    """Whether it was called before."""
    return call.count > 0


def later_states(call: Call) -> bool:
    """Whether a state is given whose memory has gaps."""
    return call.given and not (call.h.is_contiguous() and call.c.is_contiguous())


def expanded(call: Call) -> bool:
    """Whether all rows of a given state are one row in memory."""
    return call.given and call.rows > 1 and call.h.stride(1) == 0
