"""Wrong LSTMs of kinds that no other file has: slips of people who port, prune, quantise or mix two papers.

Each is a class with nn.LSTM's arguments: `module:specimens/ported_equations.py:NAME`. There are 40 single faults, 15
`PAIRS` of them, and 10 wrong gradients (`GRADIENTS`), whose `part` is the derivative that is to be named. They were
committed before anything was run on them. `parts` and `also` of a fault are what they are in `unseen_equations`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lstm_parity.running.autograd import send_back
from specimens.unseen_equations.written import SEAMS, Fault, Place, Written
from specimens.unseen_gradients import GradientFault, scaled, sloped

Values = dict[str, Tensor]


def _cell(v: Values) -> Tensor:
    return v["f"] * v["c"] + v["i"] * v["g"]


def _hidden(v: Values) -> Tensor:
    return v["o"] * torch.tanh(v["new"])


# the cell and the hidden state


def _twice(v: Values) -> Tensor:
    """The cell where its update is run a second time on what it gave."""
    return v["f"] * _cell(v) + v["i"] * v["g"]


def _tiled(gate: Tensor) -> Tensor:
    """A gate that is computed for half of the units, and repeated for the others."""
    units = gate.shape[-1]
    return gate[..., : (units + 1) // 2].repeat_interleave(2, -1)[..., :units]


def _bounded(c: Tensor) -> Tensor:
    """A cell that is scaled to length 1 where it is longer."""
    return c / c.norm(dim=-1, keepdim=True).clamp(min=1.0)


# the sums


def _with(change: Callable[..., tuple[Tensor, ...]]) -> dict[str, Callable[..., Any]]:
    """Replace what the right sums are made of: x, h, w_ih, w_hh, b_ih, b_hh."""
    return {"sums": lambda *read: SEAMS["sums"](*change(*read))}


def _by_gate(w: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    return torch.cat([change(part) for part in w.chunk(4, 0)], 0)


def _evens_first(part: Tensor) -> Tensor:
    """The rows of one gate where a converter has taken the two halves of a rotary layout apart."""
    return torch.cat([part[0::2], part[1::2]])


def _over_root(x: Tensor, h: Tensor, *weights: Tensor) -> Tensor:
    """The sums scaled as those of attention are."""
    return SEAMS["sums"](x, h, *weights) / h.shape[-1] ** 0.5


def _by_maximum(x: Tensor) -> Tensor:
    return x / x.abs().amax(-1, keepdim=True).clamp(min=1e-6)


def _pruned(w: Tensor) -> Tensor:
    return torch.where(w.abs() < 0.1, torch.zeros_like(w), w)


# wiring


def _pairs_swapped(x: Tensor, t: int) -> Tensor:
    """The step at t where steps are read in pairs, the later one first; a last one without a partner is itself."""
    return x[t ^ 1] if t ^ 1 < len(x) else x[t]


def _third_reset(h: Tensor, c: Tensor, number: int, steps: int) -> tuple[Tensor, Tensor]:
    """The states of a sequence that is run in chunks of three steps, each from zeros."""
    return (0 * h, 0 * c) if number and number % 3 == 0 else (h, c)


def _half_flipped(below: list[Tensor], place: Place) -> Tensor:
    """What a layer reads where the reverse half below it still lies in its own order of time."""
    return torch.cat([below[0], *(half.flip(0) for half in below[1:])], -1)


def _averaged_start(h: Tensor, c: Tensor, place: Place) -> tuple[Tensor, Tensor]:
    """The initial states where those of the directions of a layer are averaged."""
    first = place.layer * place.directions
    slots = slice(first, first + place.directions)
    return h[slots].mean(0), c[slots].mean(0)


def _step_before(h: Tensor, outputs: Tensor, place: Place) -> Tensor:
    """The last hidden state by an index that is one short."""
    if len(outputs) == 1:
        return h
    return outputs[1] if place.direction else outputs[-2]


def _first_rows(h: Tensor, c: Tensor, layers: int, directions: int) -> tuple[Tensor, Tensor]:
    return h, c[:, :1].expand_as(c)


def _rows_reversed(h: Tensor, c: Tensor, layers: int, directions: int) -> tuple[Tensor, Tensor]:
    """The last states of a batch that was sorted and not put back."""
    return h.flip(1), c.flip(1)


PORTED: tuple[Fault, ...] = (
    # activations
    Fault("InputHardSwish", ("i",), {"i": nn.functional.hardswish}),
    Fault("ForgetPowerOfGate", ("f",), {"f": lambda z: 0.5 ** torch.sigmoid(z)}, (("c'",),)),
    Fault("CandidateSelu", ("g",), {"g": nn.functional.selu}),
    Fault("CandidateCosine", ("g",), {"g": torch.cos}),
    Fault("OutputExpClamped", ("o",), {"o": lambda z: torch.exp(z.clamp(max=0))}),
    Fault("ForgetCloglog", ("f",), {"f": lambda z: 1 - torch.exp(-torch.exp(z))}, (("c'",),)),
    Fault("InputSparse", ("i",), {"i": lambda z: torch.sigmoid(z) * (torch.sigmoid(z) > 0.25)}),
    Fault("CandidateAsinh", ("g",), {"g": torch.asinh}),
    Fault("OutputSixteenths", ("o",), {"o": lambda z: (16 * torch.sigmoid(z)).round() / 16}),
    Fault("InputOneSided", ("i",), {"i": lambda z: torch.sigmoid(torch.relu(z))}),
    # the cell
    Fault("CellLesserGate", ("c'",), {"cell": lambda v: v["f"] * v["c"] + torch.minimum(v["i"], 1 - v["f"]) * v["g"]}),
    Fault("CellUpdatedTwice", ("c'",), {"cell": _twice}),
    Fault(
        "CellGeometricGate",
        ("c'",),
        {"cell": lambda v: v["f"] * v["c"] + (v["i"] * (1 - v["f"])).sqrt() * v["g"]},
    ),
    Fault("CellRelu", ("c'",), {"cell": lambda v: torch.relu(_cell(v))}),
    Fault("CellOutputAdded", ("c'",), {"cell": lambda v: _cell(v) + v["o"]}),
    Fault("CellDelta", ("c'",), {"cell": lambda v: v["f"] * v["c"] + v["i"] * (v["g"] - v["h"])}),
    Fault("CellGateTiled", ("c'",), {"cell": lambda v: v["f"] * v["c"] + _tiled(v["i"]) * v["g"]}, (("i",), ("z",))),
    Fault("CellBounded", ("c'",), {"cell": lambda v: _bounded(_cell(v))}),
    Fault(
        "CellMeanGate",
        ("c'",),
        {"cell": lambda v: v["f"] * v["c"] + v["i"].mean(-1, keepdim=True) * v["g"]},
        (("i",), ("z",)),
    ),
    # the hidden state
    Fault("HiddenMean", ("h'",), {"hidden": lambda v: (_hidden(v) + v["h"]) / 2}),
    Fault("HiddenLeaks", ("h'",), {"hidden": lambda v: _hidden(v) + 0.1 * v["new"]}),
    Fault("HiddenRelu", ("h'",), {"hidden": lambda v: torch.relu(_hidden(v))}),
    Fault("HiddenOfChange", ("h'",), {"hidden": lambda v: v["o"] * torch.tanh(v["new"] - v["c"])}),
    Fault("HiddenPlusInside", ("h'",), {"hidden": lambda v: torch.tanh(v["o"] + v["new"])}),
    Fault("HiddenUnitLength", ("h'",), {"hidden": lambda v: nn.functional.normalize(_hidden(v), dim=-1)}),
    Fault("HiddenDropoutScale", ("h'",), {"hidden": lambda v: _hidden(v) / 0.9}, (("o",),)),
    # the sums
    Fault("BiasOneUnitOn", ("z",), _with(lambda x, h, w, u, b, d: (x, h, w, u, b.roll(1, 0), d))),
    Fault(
        "RecurrentTriangular",
        ("z",),
        _with(lambda x, h, w, u, b, d: (x, h, w, _by_gate(u, torch.tril), b, d)),
    ),
    Fault(
        "RecurrentCentred",
        ("z",),
        _with(lambda x, h, w, u, b, d: (x, h, w, u - u.mean(1, keepdim=True), b, d)),
    ),
    Fault("InputByMaximum", ("z",), _with(lambda x, *read: (_by_maximum(x), *read))),
    Fault(
        "RecurrentUnrotated",
        ("z",),
        _with(lambda x, h, w, u, b, d: (x, h, w, _by_gate(u, _evens_first), b, d)),
    ),
    Fault("InputPruned", ("z",), _with(lambda x, h, w, *read: (x, h, _pruned(w), *read))),
    Fault("SumsOverRoot", ("z",), {"sums": _over_root}),
    # wiring
    Fault("FramesSwapped", ("wiring",), {"at": _pairs_swapped}),
    Fault("ThirdStepResets", ("wiring",), {"between": _third_reset}),
    Fault("LastHiddenTooEarly", ("wiring",), {"last_h": _step_before}),
    Fault("LastCellsOfFirstRow", ("wiring",), {"last_states": _first_rows}),
    Fault("FedHalfFlipped", ("wiring",), {"fed": _half_flipped}),
    Fault("LastStatesUnsorted", ("wiring",), {"last_states": _rows_reversed}),
    Fault("StartAveraged", ("wiring",), {"start": _averaged_start}),
)


def _draw_pairs() -> list[tuple[Fault, Fault]]:
    """Draw 15 pairs that replace different seams."""
    rng, pairs = np.random.default_rng(41), list[tuple[Fault, Fault]]()
    while len(pairs) < 15:
        one, other = (PORTED[k] for k in sorted(rng.choice(len(PORTED), 2, replace=False)))
        if not {*one.replaced} & {*other.replaced} and (one, other) not in pairs:
            pairs.append((one, other))
    return pairs


PAIRS = _draw_pairs()


# gradients


def _slope_of_old(v: Values) -> Tensor:
    """The hidden state whose slope by the new cell is taken at the old one."""
    new = v["new"]
    return v["o"] * sloped(torch.tanh(new), new, 1 - torch.tanh(v["c"]) ** 2)


def _forget_by_new(v: Values) -> Tensor:
    """The cell whose derivative by f is the new cell, which has overwritten the old one."""
    new = _cell(v).detach()
    f = v["f"]
    return f.detach() * v["c"] + new * (f - f.detach()) + v["i"] * v["g"]


def _kept_squared(v: Values) -> Tensor:
    """The cell whose derivative by the old one has the factor f twice."""
    f, c = v["f"], v["c"]
    return f * c.detach() + f.detach() ** 2 * (c - c.detach()) + v["i"] * v["g"]


def _cut_every_second(h: Tensor, c: Tensor, number: int, steps: int) -> tuple[Tensor, Tensor]:
    return (h.detach(), c.detach()) if number and number % 2 == 0 else (h, c)


def _averaged_over_rows(x: Tensor, h: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
    """Weights whose gradient is the mean over the rows of the batch, not the sum."""
    return x, h, *(scaled(w, 1 / len(x)) for w in weights)


def _clipped_back(h: Tensor, c: Tensor, number: int, steps: int) -> tuple[Tensor, Tensor]:
    return send_back(h, lambda adjoint: adjoint.clamp(-0.1, 0.1)), c


def _first_row_of_bias(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    """The sums whose second bias has the gradient of the first row alone."""
    rows = torch.cat([d[None], d.detach().expand(len(x) - 1, -1)])
    return x @ w.T + b + h @ u.T + rows


GRADIENTS = (
    GradientFault("HiddenSlopeOfOldCell", "h' by c'", {"hidden": _slope_of_old}),
    GradientFault("OutputSlopeIncomplete", "o by z_o", {"o": lambda z: sloped(torch.sigmoid(z), z, torch.sigmoid(z))}),
    GradientFault(
        "CandidateSlopeOfSigmoid",
        "g by z_g",
        {"g": lambda z: sloped(torch.tanh(z), z, torch.sigmoid(z) * (1 - torch.sigmoid(z)))},
    ),
    GradientFault("ForgetByNewCell", "c' by f", {"cell": _forget_by_new}),
    GradientFault("KeptSquared", "c' by c", {"cell": _kept_squared}),
    GradientFault("CutEverySecondStep", "by h and c", {"between": _cut_every_second}),
    GradientFault("WeightsAveragedOverRows", "weights", _with(_averaged_over_rows)),
    GradientFault("RecurrentClippedBack", "by h", {"between": _clipped_back}),
    GradientFault("BiasOfFirstRow", "z by b_hh", {"sums": _first_row_of_bias}),
    GradientFault(
        "InputSlopeQuarter", "i by z_i", {"i": lambda z: sloped(torch.sigmoid(z), z, torch.full_like(z, 0.25))}
    ),
)

CLASSES: dict[str, type[Written]] = {}
for _faults in [(fault,) for fault in PORTED] + PAIRS:
    _name = "And".join(fault.name for fault in _faults)
    CLASSES[_name] = type(_name, (Written,), {"faults": _faults, "__module__": __name__})
for _wrong in GRADIENTS:
    _members = {"faults": (Fault(_wrong.name, (), _wrong.replaced),), "__module__": __name__}
    CLASSES[_wrong.name] = type(_wrong.name, (Written,), _members)
globals().update(CLASSES)
