"""Parameters of a class that are none of an LSTM, as a decoder behind it: which, and set so that they do nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import nn

from lstm_parity.classes.layouts.layout import find_layouts
from lstm_parity.classes.tensors import own_tensors, put_tensors

_MOST = 4  # groups that are none of an LSTM
_BEHIND = r"fc|head|out|deco|linear|dense|proj|class|y$|norm|ln|bn|logit|pred|^v$"
_Sizes = Sequence[tuple[int, int, int]]


def list_beside(shapes: Mapping[str, tuple[int, ...]], sizes: _Sizes, directions: int) -> Iterator[tuple[str, ...]]:
    """Yield the tensors without which the others may be all weights of an LSTM: none if they are so as they stand.

    Tensors of one part of a class are left out together. sizes: as `find_layouts` takes them.
    """
    if next(find_layouts(shapes, sizes, directions), None) is not None:
        yield ()
        return
    groups = dict[str, list[str]]()
    for name in shapes:
        groups.setdefault(name.rpartition(".")[0] or name, []).append(name)
    last_first = [*reversed(groups)]
    order = sorted(last_first, key=lambda owner: not re.search(_BEHIND, owner.lower()))
    counts, wanted = {name: int(np.prod(shape)) for name, shape in shapes.items()}, _list_counts(sizes)
    for number in range(1, min(_MOST, len(order) - 1) + 1):
        for owners in combinations(order, number):
            names = tuple(name for owner in owners for name in groups[owner])
            if sum(counts.values()) - sum(counts[name] for name in names) in wanted:
                kept = {name: shape for name, shape in shapes.items() if name not in names}
                if next(find_layouts(kept, sizes, directions), None) is not None:
                    yield names


def _list_counts(sizes: _Sizes) -> set[int]:
    """The numbers of weights that an LSTM may have, its projection being its own or not."""
    matrices = sum(4 * hidden * (width + recurrent) for width, hidden, recurrent in sizes)
    rows = sum(4 * hidden for _, hidden, _ in sizes)
    projections = sum(hidden * recurrent for _, hidden, recurrent in sizes if hidden != recurrent)
    return {matrices + biases * rows + more for biases in range(3) for more in (0, projections)}


def is_among(name: str, names: Sequence[str]) -> bool:
    """Whether a tensor is one of these, or the same of another layer."""
    return name in names or re.sub(r"\d+", "", name) in {re.sub(r"\d+", "", one) for one in names if "." in one}


def silence(made: Any, names: Sequence[str], *, with_ones: bool) -> None:
    """Set tensors of an instance so that they change nothing, as far as their shapes allow that.

    Square matrices are the identity; of vectors, those beside a matrix and those named as biases are zero, others one.
    Without ones, all are zero but square matrices of parts that have a name of what is behind an LSTM.
    """
    own = own_tensors(made)
    chosen = {name: value for name, value in own.items() if is_among(name, names)}
    values = {name: _choose(name, one, chosen, with_ones) for name, one in chosen.items()}
    if isinstance(made, nn.Module):
        with torch.no_grad():
            for name, value in values.items():
                own[name].copy_(torch.from_numpy(value))
    else:
        put_tensors(made, {name: value.astype(chosen[name].dtype) for name, value in values.items()})


def _choose(name: str, tensor: Any, chosen: Mapping[str, Any], with_ones: bool) -> Any:
    shape = tuple(tensor.shape)
    is_square = len(shape) == 2 and shape[0] == shape[1]
    if is_square and (with_ones or re.search(_BEHIND, name.lower())):
        return np.eye(shape[0])
    if not with_ones or (len(shape) > 1 and 1 not in shape):
        return np.zeros(shape)
    owner, _, last = name.rpartition(".")
    has_matrix = any(other.rpartition(".")[0] == owner and len(one.shape) == 2 for other, one in chosen.items())
    return np.zeros(shape) if has_matrix or re.search(r"bias|beta|^b|shift", last.lower()) else np.ones(shape)
