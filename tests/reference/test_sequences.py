"""Packed and padded sequences are turned into one another as torch does it, by indices of our own."""

from __future__ import annotations

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lstm_parity.parity_tests.small_lstms import B, F, T, close, every_lengths, numbers
from lstm_parity.reference import sequences


@every_lengths
def test_unpacking_is_torchs(lengths: list[int]) -> None:
    """Our own indices unpack as torch's do, whatever the order of the lengths."""
    packed = pack_padded_sequence(numbers(T, B, F), lengths, enforce_sorted=False)
    close(sequences.unpack(packed), pad_packed_sequence(packed))


@every_lengths
def test_repacking_is_torchs(lengths: list[int]) -> None:
    """A padded batch is packed as a packed one was, indices and all."""
    packed = pack_padded_sequence(numbers(T, B, F), lengths, enforce_sorted=False)
    close(sequences.repack(numbers(T, B, F), packed), packed)


@every_lengths
def test_unpacking_undoes_packing(lengths: list[int]) -> None:
    """A padded batch, packed and unpacked, is itself."""
    x, given = numbers(T, B, F), torch.tensor(lengths)
    packed = sequences.pack(x, given)
    padded, found = sequences.unpack(packed)
    running = torch.arange(len(padded))[:, None, None] < given[:, None]
    close((padded, found), (x[: len(padded)] * running, given))
