"""Loaded by Python at its start from PYTHONPATH: a torch whose oneDNN is off, whatever a case asks for."""

from __future__ import annotations

import torch

torch._C._set_mkldnn_enabled(False)
type(torch.backends.mkldnn).enabled = property(lambda self: False, lambda self, value: None)
