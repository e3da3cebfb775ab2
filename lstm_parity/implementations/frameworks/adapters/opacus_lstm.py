"""Opacus's `DPLSTM`, which is constructed, called and loaded like `nn.LSTM`."""

from __future__ import annotations

from opacus.layers import DPLSTM

from lstm_parity.implementations.torch_modules import FromModule

implementation = FromModule("Opacus DPLSTM", DPLSTM)
