"""Convert packed and batch-first sequences to padded, time-major ones, and back: reshaping without arithmetic.

The indices are this module's own, not those of `torch.nn.utils.rnn`, and every function is differentiable.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

_Array = Any  # a torch.Tensor or a numpy.ndarray


def time_major(x: _Array, batch_first: bool) -> _Array:
    """Return (T, B, I), or (B, T, I) with batch_first, as (T, B, I), without copying; its own inverse."""
    return x.swapaxes(0, 1) if batch_first else x


def unpack(packed: PackedSequence) -> tuple[Tensor, Tensor]:
    """Return a packed sequence as a padded one (T, B, I), with zeros as padding, and its lengths (B,).

    Both are in the order of the batch before it was sorted for packing.
    """
    sizes = packed.batch_sizes
    time, row = _positions(packed)
    padded = packed.data.new_zeros(len(sizes), int(sizes[0]), packed.data.shape[-1])
    return padded.index_put((time, row), packed.data), torch.bincount(row, minlength=int(sizes[0]))


def repack(x: Tensor, packed: PackedSequence) -> PackedSequence:
    """Pack a padded (T, B, I) in the same way as `packed`: the inverse of `unpack`."""
    return PackedSequence(x[_positions(packed)], packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)


def pack(x: Tensor, lengths: Tensor) -> PackedSequence:
    """Pack a padded (T, B, I) with lengths (B,), longest first; rows of equal length keep their order."""
    order = torch.sort(lengths, descending=True, stable=True).indices
    steps = torch.arange(int(lengths.max()), device=lengths.device)
    sizes = (lengths > steps[:, None]).sum(dim=1).cpu()
    order = order.to(x.device)
    return repack(x, PackedSequence(x.new_empty(0), sizes, order, _inverse(order)))


def _positions(packed: PackedSequence) -> tuple[Tensor, Tensor]:
    """Return the time step and the batch row of every row of the packed data."""
    sizes, device = packed.batch_sizes, packed.data.device
    time = torch.arange(len(sizes)).repeat_interleave(sizes)
    rank = torch.arange(len(time)) - (sizes.cumsum(0) - sizes)[time]
    time, rank = time.to(device), rank.to(device)
    return time, rank if packed.sorted_indices is None else packed.sorted_indices[rank]


def _inverse(order: Tensor) -> Tensor:
    return torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))
