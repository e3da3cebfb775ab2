"""Wrong LSTMs in which two things meet: two gates in one function, two faults that both show in a single step.

Each is a class with nn.LSTM's arguments: `module:specimens/joined_equations.py:NAME`. There are five single faults and
five `PAIRS`, by somebody who had read what identifies them; they were committed before anything was run on them, and
before what identifies them was made more general. `parts` and `also` of a fault are what they are in
`unseen_equations`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from specimens.unseen_equations.written import SEAMS, Fault, Place, Written

Values = dict[str, Tensor]


def _cell(v: Values) -> Tensor:
    return v["f"] * v["c"] + v["i"] * v["g"]


def _hidden(v: Values) -> Tensor:
    return v["o"] * torch.tanh(v["new"])


def _reset_by_output(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    """The sums where h is gated, before the candidate reads it, by the rows of the output gate."""
    of_x, of_h = x @ w.T + b, h @ u.T + d
    i, f, _, o = of_h.chunk(4, -1)
    gated = torch.sigmoid(of_x.chunk(4, -1)[3] + o) * h
    return of_x + torch.cat([i, f, gated @ u.chunk(4, 0)[2].T + d.chunk(4, 0)[2], o], -1)


def _on_eighths(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    """The sums where the recurrent weights are rounded to eighths."""
    return SEAMS["sums"](x, h, w, (8 * u).round() / 8, b, d)


def _rows_of_start_reversed(h: Tensor, c: Tensor, place: Place) -> tuple[Tensor, Tensor]:
    return h[place.slot].flip(0), c[place.slot].flip(0)


def _first_frame_padded(x: Tensor, t: int) -> Tensor:
    return x[t] if t else 0 * x[t]


def _last_h_negated(h: Tensor, c: Tensor, layers: int, directions: int) -> tuple[Tensor, Tensor]:
    return -h, c


JOINED: tuple[Fault, ...] = (
    Fault("CellOpenerGate", ("c'",), {"cell": lambda v: torch.maximum(v["f"], v["i"]) * v["c"] + v["i"] * v["g"]}),
    Fault("CellWeighted", ("c'",), {"cell": lambda v: _cell(v) / (v["f"] + v["i"] + v["o"])}),
    Fault("HiddenThirtySeconds", ("h'",), {"hidden": lambda v: (32 * _hidden(v)).round() / 32}),
    Fault("RecurrentOnEighths", ("z",), {"sums": _on_eighths}),
    Fault("CandidateResetByOutput", ("z",), {"sums": _reset_by_output}, (("g",),)),
)
_PARTS: tuple[Fault, ...] = (
    Fault("ForgetSelu", ("f",), {"f": nn.functional.selu}),
    Fault("StartRowsReversed", ("wiring",), {"start": _rows_of_start_reversed}),
    Fault("HiddenRectified", ("h'",), {"hidden": lambda v: torch.relu(_hidden(v))}),
    Fault("LastStatesMixedUp", ("wiring",), {"last_states": lambda h, c, layers, directions: (c, h)}),
    Fault("CellGrows", ("c'",), {"cell": lambda v: _cell(v) + 0.1 * v["g"]}, (("i",),)),
    Fault("FirstFramePadded", ("wiring",), {"at": _first_frame_padded}),
    Fault("OutputSinus", ("o",), {"o": lambda z: 0.5 + 0.5 * torch.sin(z)}),
    Fault("StartMixedUp", ("wiring",), {"start": lambda h, c, place: (c[place.slot], h[place.slot])}),
    Fault("CandidateSquare", ("g",), {"g": lambda z: torch.tanh(z).square()}),
    Fault("LastHiddenNegated", ("wiring",), {"last_states": _last_h_negated}),
)
PAIRS = list(zip(_PARTS[::2], _PARTS[1::2], strict=True))
FAULTS = (*JOINED, *_PARTS)

CLASSES: dict[str, type[Written]] = {}
for _faults in [(fault,) for fault in JOINED] + PAIRS:
    _name = "And".join(fault.name for fault in _faults)
    CLASSES[_name] = type(_name, (Written,), {"faults": _faults, "__module__": __name__})
globals().update(CLASSES)
