"""More wrong LSTMs with one fault each, of kinds that are not in `unseen_equations`: slips of people who write or port.

Each is a class with nn.LSTM's arguments: `module:specimens/strange_equations.py:NAME`. They are written from the
definition of an LSTM and from `Written` alone, by somebody who has not seen what identifies them. `PAIRS` have two
faults. `parts` and `also` of a fault are what they are in `unseen_equations`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from specimens.unseen_equations.written import SEAMS, Fault, Place, Written

# activations


def _looked_up(z: Tensor) -> Tensor:
    """The logistic function out of a table with four entries per unit, without interpolation."""
    return torch.sigmoid((4 * z).round() / 4)


def _wrong_branch(z: Tensor) -> Tensor:
    """A logistic function that overflows nowhere, whose branch for negative numbers lacks its denominator."""
    return torch.where(z < 0, z.clamp(max=0).exp(), torch.sigmoid(z))


def _smoothstep(z: Tensor) -> Tensor:
    t = (z / 6 + 0.5).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _interpolated(z: Tensor) -> Tensor:
    """Straight lines between the values of tanh at whole numbers."""
    return torch.lerp(torch.tanh(z.floor()), torch.tanh(z.floor() + 1), z - z.floor())


# the cell and the hidden state


def _normed(c: Tensor) -> Tensor:
    return nn.functional.layer_norm(c, c.shape[-1:])


def _cell(v: dict[str, Tensor]) -> Tensor:
    return v["f"] * v["c"] + v["i"] * v["g"]


# the sums


def _one_block(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    """The sums where every gate reads the hidden state by the rows of the first."""
    return x @ w.T + b + (h @ u.chunk(4, 0)[0].T).repeat(1, 4) + d


def _diagonal(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    """The sums where every unit reads itself alone of the hidden state."""
    return x @ w.T + b + h.repeat(1, 4) * torch.cat([part.diagonal() for part in u.chunk(4, 0)]) + d


def _reset(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    """The sums where a gate is put before the hidden state in the candidate, as in a GRU."""
    of_x, of_h = x @ w.T + b, h @ u.T + d
    i, f, g, o = of_h.chunk(4, -1)
    return of_x + torch.cat([i, f, torch.sigmoid(of_x.chunk(4, -1)[0] + i) * g, o], -1)


def _unit_rows(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    return x @ w.T + b + h @ nn.functional.normalize(u, dim=1).T + d


# wiring


def _reversed_hh(named: Callable[[str, Place], Tensor], place: Place) -> tuple[Tensor, ...]:
    """The weights where the hidden ones are read from the last layer to the first."""
    w, _, b, d = SEAMS["weights"](named, place)
    return w, named("weight_hh", place.at(place.layers - 1 - place.layer, place.direction)), b, d


def _first_row(h: Tensor, c: Tensor, place: Place) -> tuple[Tensor, Tensor]:
    """The initial states where those of the first row are taken for all rows."""
    return h[place.slot][:1].expand_as(h[0]), c[place.slot][:1].expand_as(c[0])


def _rows_averaged(h: Tensor, c: Tensor, number: int, steps: int) -> tuple[Tensor, Tensor]:
    return h.mean(0, keepdim=True).expand_as(h), c


def _layer_below(above: list[Tensor], below: list[Tensor], place: Place) -> list[Tensor]:
    return below if place.layer and place.last else above


def _scaled_between(above: list[Tensor], below: list[Tensor], place: Place) -> list[Tensor]:
    return above if place.last else [0.8 * part for part in above]


def _repeated_cells(h: Tensor, c: Tensor, layers: int, directions: int) -> tuple[Tensor, Tensor]:
    return h, c[-directions:].repeat(layers, 1, 1)


STRANGE: tuple[Fault, ...] = (
    # activations
    Fault("InputTaylor", ("i",), {"i": lambda z: (0.5 + z / 4 - z**3 / 48).clamp(0, 1)}),
    Fault("InputSlope", ("i",), {"i": lambda z: torch.sigmoid(z) * (1 - torch.sigmoid(z))}, (("c'",),)),
    Fault("InputTanh", ("i",), {"i": torch.tanh}),
    Fault("InputSoftmax", ("i",), {"i": lambda z: z.softmax(-1)}, (("z",),)),
    Fault("ForgetFromTable", ("f",), {"f": _looked_up}),
    Fault("ForgetWrongBranch", ("f",), {"f": _wrong_branch}),
    Fault("ForgetLimitExp", ("f",), {"f": lambda z: 1 / (1 + (1 - z / 8) ** 8)}),
    Fault("OutputSmoothstep", ("o",), {"o": _smoothstep}),
    Fault("OutputGompertz", ("o",), {"o": lambda z: torch.exp(-torch.exp(-z))}),
    Fault("OutputActivatedTwice", ("o",), {"o": lambda z: torch.sigmoid(torch.sigmoid(z))}, (("h'",),)),
    Fault("OutputSignLost", ("o",), {"o": lambda z: torch.sigmoid(z.abs())}, (("h'",),)),
    Fault("CandidateSigmoid", ("g",), {"g": torch.sigmoid}),
    Fault("CandidateHardTanh", ("g",), {"g": nn.functional.hardtanh}),
    Fault("CandidateInterpolated", ("g",), {"g": _interpolated}),
    # the cell
    Fault("CellCoupled", ("c'",), {"cell": lambda v: v["f"] * v["c"] + (1 - v["f"]) * v["g"]}, (("z",),)),
    Fault("CellGatesSwapped", ("c'",), {"cell": lambda v: v["i"] * v["c"] + v["f"] * v["g"]}, (("z",),)),
    Fault("CellForgetless", ("c'",), {"cell": lambda v: v["c"] + v["i"] * v["g"]}, (("f",),)),
    Fault("CellInputless", ("c'",), {"cell": lambda v: v["f"] * v["c"] + v["g"]}, (("i",),)),
    Fault("CellReadsHidden", ("c'",), {"cell": lambda v: v["f"] * v["h"] + v["i"] * v["g"]}),
    Fault("CellKeptByOutput", ("c'",), {"cell": lambda v: v["o"] * v["c"] + v["i"] * v["g"]}, (("z",),)),
    Fault("CellSubtracts", ("c'",), {"cell": lambda v: v["f"] * v["c"] - v["i"] * v["g"]}, (("g",), ("i",), ("z",))),
    Fault("CellAverages", ("c'",), {"cell": lambda v: _cell(v) / (v["f"] + v["i"])}),
    Fault("CellPlusForStar", ("c'",), {"cell": lambda v: v["f"] * v["c"] + (v["i"] + v["g"])}),
    Fault("CellOfNeighbour", ("c'",), {"cell": lambda v: v["f"] * v["c"].roll(1, -1) + v["i"] * v["g"]}),
    Fault("CellFixedPoint", ("c'",), {"cell": lambda v: (64 * _cell(v)).round() / 64}),
    Fault("CellZoneout", ("c'",), {"cell": lambda v: 0.9 * _cell(v) + 0.1 * v["c"]}, (("f", "g"), ("f", "i"))),
    Fault("CellLayerNorm", ("c'",), {"cell": lambda v: _normed(_cell(v))}),
    Fault("CellHardGated", ("c'",), {"cell": lambda v: (v["f"] > 0.5) * v["c"] + v["i"] * v["g"]}, (("f",),)),
    # the hidden state
    Fault("HiddenUnsquashed", ("h'",), {"hidden": lambda v: v["o"] * v["new"]}),
    Fault("HiddenOfCandidate", ("h'",), {"hidden": lambda v: v["o"] * v["g"]}),
    Fault("HiddenUngated", ("h'",), {"hidden": lambda v: torch.tanh(v["new"])}, (("o",),)),
    Fault("HiddenSigmoid", ("h'",), {"hidden": lambda v: v["o"] * torch.sigmoid(v["new"])}),
    Fault("HiddenBeforeCell", ("h'",), {"hidden": lambda v: v["o"] * torch.tanh(v["c"])}),
    Fault("HiddenClipped", ("h'",), {"hidden": lambda v: (v["o"] * torch.tanh(v["new"])).clamp(-0.25, 0.25)}),
    Fault("HiddenTanhTwice", ("h'",), {"hidden": lambda v: v["o"] * torch.tanh(torch.tanh(v["new"]))}),
    Fault(
        "HiddenUnitsReversed",
        ("h'",),
        {"hidden": lambda v: v["o"].flip(-1) * torch.tanh(v["new"])},
        (("o",), ("z",)),
    ),
    # the sums
    Fault("BiasReadTwice", ("z",), {"sums": lambda x, h, w, u, b, d: x @ w.T + b + h @ u.T + b}),
    Fault("RowsInterleaved", ("z",), {"rows": lambda z: z.unflatten(-1, (-1, 4)).unbind(-1)}),
    Fault("InputColumnsRotated", ("z",), {"sums": lambda x, h, w, u, b, d: x.roll(1, -1) @ w.T + b + h @ u.T + d}),
    Fault("InputColumnLost", ("z",), {"sums": lambda x, h, w, u, b, d: x[:, :-1] @ w[:, :-1].T + b + h @ u.T + d}),
    Fault("GatesShareHidden", ("z",), {"sums": _one_block}),
    Fault("HiddenDiagonal", ("z",), {"sums": _diagonal}),
    Fault("CandidateReset", ("z",), {"sums": _reset}),
    Fault("HiddenRowsUnitLength", ("z",), {"sums": _unit_rows}),
    Fault("SumsLayerNorm", ("z",), {"sums": lambda *read: _normed(SEAMS["sums"](*read))}),
    Fault("SumsSaturated", ("z",), {"sums": lambda *read: SEAMS["sums"](*read).clamp(-1, 1)}, (("i", "f", "g", "o"),)),
    # wiring
    Fault("StartExchanged", ("wiring",), {"start": lambda h, c, place: (c[place.slot], h[place.slot])}),
    Fault("LastStatesExchanged", ("wiring",), {"last_states": lambda h, c, layers, directions: (c, h)}),
    Fault("LastCellsRepeated", ("wiring",), {"last_states": _repeated_cells}),
    Fault("StartOfFirstRow", ("wiring",), {"start": _first_row}),
    Fault("RowsAveraged", ("wiring",), {"between": _rows_averaged}),
    Fault("CellNotCarried", ("wiring",), {"between": lambda h, c, number, steps: (h, 0 * c if number else c)}),
    Fault("ResultOfLayerBelow", ("wiring",), {"above": _layer_below}),
    Fault("DropoutScaleLeft", ("wiring",), {"above": _scaled_between}),
    Fault("FedFlippedInTime", ("wiring",), {"fed": lambda below, place: torch.cat(below, -1).flip(0)}),
    Fault("LayersAlternate", ("wiring",), {"backwards": lambda place: (place.direction + place.layer) % 2 == 1}),
    Fault("LayersReversedHH", ("wiring",), {"weights": _reversed_hh}),
    Fault("FramesHeld", ("wiring",), {"at": lambda x, t: x[t - t % 2]}),
    Fault("LastStepPadded", ("wiring",), {"at": lambda x, t: x[t] if t < len(x) - 1 else 0 * x[t]}),
    Fault("ReverseLaidLate", ("wiring",), {"laid": lambda outputs, place: outputs.roll(place.direction, 0)}),
)

# a gate whose activation cannot show, by what does not read it
_UNREAD = {
    "CellForgetless": "f",
    "CellKeptByOutput": "f",
    "CellCoupled": "i",
    "CellInputless": "i",
    "HiddenUngated": "o",
}


def _draw_pairs() -> list[tuple[Fault, Fault]]:
    """Draw 20 pairs that replace different seams, neither of which hides the other."""
    rng, pairs = np.random.default_rng(29), list[tuple[Fault, Fault]]()
    while len(pairs) < 20:
        one, other = (STRANGE[k] for k in sorted(rng.choice(len(STRANGE), 2, replace=False)))
        hidden = _UNREAD.get(other.name) in one.replaced
        if not hidden and not {*one.replaced} & {*other.replaced} and (one, other) not in pairs:
            pairs.append((one, other))
    return pairs


PAIRS = _draw_pairs()
CLASSES: dict[str, type[Written]] = {}
for _faults in [(fault,) for fault in STRANGE] + PAIRS:
    _name = "And".join(fault.name for fault in _faults)
    CLASSES[_name] = type(_name, (Written,), {"faults": _faults, "__module__": __name__})
globals().update(CLASSES)
