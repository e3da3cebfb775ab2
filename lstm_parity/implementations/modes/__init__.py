"""Torch's execution modes: every way in which people run an nn.LSTM, judged in units of rounding noise.

mode.py: what a mode is; plain.py, compiled.py, exported.py, scripted.py, transformed.py, low_precision.py, shaped.py,
onnx_models.py: the modes. They are judged in `audits/modes/`.
"""

from __future__ import annotations

from dataclasses import replace

from lstm_parity.implementations.modes import compiled, exported, onnx_models, plain, scripted, shaped, transformed
from lstm_parity.implementations.modes import low_precision as narrowed
from lstm_parity.implementations.modes.mode import DROPOUT, Mode

_FAMILIES = (plain, compiled, exported, scripted, transformed, narrowed, shaped, onnx_models)
MODES: dict[str, Mode] = {mode.name: mode for family in _FAMILIES for mode in family.MODES}
TRAINING = " in train mode"


def find_mode(name: str) -> Mode:
    """Find a mode by its name; with dropout if ` in train mode` follows it. Raises KeyError, which lists all names."""
    plain_name = name.removesuffix(TRAINING)
    if plain_name not in MODES:
        raise KeyError(f"{name!r} is none of {', '.join(MODES)}")
    return MODES[plain_name] if name == plain_name else replace(MODES[plain_name], name=name, dropout=DROPOUT)
