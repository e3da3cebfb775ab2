"""The small LSTMs that capabilities are tried with."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


def small_lstm(dtype: str = "float32", **arguments: Any) -> tuple[nn.LSTM, Tensor]:
    """Return an LSTM and an input of 5 steps and 2 rows."""
    torch.manual_seed(0)
    return nn.LSTM(3, 4, dtype=getattr(torch, dtype), **arguments), torch.randn(5, 2, 3).to(getattr(torch, dtype))


class PackingLSTM(nn.Module):
    """An LSTM that packs its input: rows of 5 and 2 steps."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        """Return the packed output's data."""
        packed = pack_padded_sequence(x, torch.tensor([5, 2]))
        return self.lstm(packed)[0].data  # type: ignore[no-any-return]
