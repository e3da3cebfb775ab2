"""Loaded by Python at its start from PYTHONPATH: a torch whose oneDNN is off, whatever a case asks for."""

from __future__ import annotations

from contextlib import nullcontext

import torch

torch._C._set_mkldnn_enabled(False)
torch.backends.mkldnn.flags = lambda *given, **named: nullcontext()
