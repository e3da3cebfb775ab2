"""Whether a class takes rows of other lengths, and how: found by small calls."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from lstm_parity.classes.calling import Convention
from lstm_parity.classes.trials.calls import STEPS, Sizes, draw_inputs
from lstm_parity.classes.trials.conventions import list_lengths, read_parameters

_LENGTHS = (STEPS - 2, STEPS)
_SORTED = (STEPS, STEPS - 2)


@dataclass(frozen=True, eq=False)
class Uneven:
    """How rows of other lengths are given; sorted_alone: whether they must be sorted by length.

    single_alone: whether one layer takes them packed, as an nn.LSTM in it does, and more layers raise.
    """

    convention: Convention
    sorted_alone: bool
    single_alone: bool = False

    def describe(self) -> str:
        """Say how rows of other lengths are given."""
        how = "packed" if self.convention.is_packed else ""
        how = self.convention.lengths.describe() if self.convention.lengths and not how else how
        return f"rows of other lengths: {how}{', sorted alone' * self.sorted_alone}"


def find_uneven(convention: Convention, made: Any, sizes: Sizes) -> Uneven | None:
    """Find how an instance is given rows of other lengths; None if it is not."""
    if convention.is_cell or not convention.is_batched:
        return None
    for one in _list_ways(convention, made):
        for lengths in (_LENGTHS, _SORTED):
            if _is_called(one, made, sizes, torch.tensor(lengths)):
                return Uneven(one, lengths == _SORTED)
    return None


def limit_uneven(found: Uneven, stacked: Any, sizes: Sizes) -> Uneven:
    """Return it with what an instance of two layers makes of a packed call."""
    convention = replace(found.convention, slots=2 * found.convention.slots)
    is_called = _is_called(convention, stacked, sizes, torch.tensor(_SORTED if found.sorted_alone else _LENGTHS))
    return replace(found, single_alone=convention.is_packed and not is_called)


def _list_ways(convention: Convention, made: Any) -> Iterator[Convention]:
    if convention.is_packed or convention.lengths is not None:
        yield convention
        return
    parameters = read_parameters(getattr(made, convention.method or "forward"))[1:]
    for lengths in list_lengths(parameters, required=False):
        yield replace(convention, lengths=lengths)
    if isinstance(made, nn.Module) and convention.axes in ("tbi", "bti"):
        yield replace(convention, is_packed=True)


def _is_called(convention: Convention, made: Any, sizes: Sizes, lengths: Tensor) -> bool:
    """Whether it can be called so, and what it returns depends on the first step, and on a mask if it is given one.

    That this is right is judged later.
    """
    x, h, c = draw_inputs(7, convention.slots, sizes)
    states = (h, c) if convention.states else None
    other = x.clone()
    other[0] += 1.0
    whole = torch.full_like(lengths, len(x))
    try:
        with torch.no_grad():
            one, two, three = (
                convention.call(copy.deepcopy(made), value, states, rows)
                for value, rows in ((x, lengths), (other, lengths), (x, whole))
            )
    except Exception:  # the user's class
        return False
    is_read = convention.lengths is None or not convention.lengths.is_mask or _differ(one, three)
    return is_read and _differ(one, two)


def _differ(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return any(not torch.equal(one[name], other[name]) for name in one)
