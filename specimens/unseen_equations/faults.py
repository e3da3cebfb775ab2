"""Single faults, by the line of the equations that they change, and those written when identification was finished."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from specimens.unseen_equations.written import SEAMS, Fault, Place


def _by_gate(**factors: float) -> Callable[[Tensor], Tensor]:
    """A function that multiplies the rows of each gate (…, 4H) by a factor of its own."""
    return lambda z: torch.cat([factors.get(k, 1.0) * part for k, part in zip("ifgo", z.chunk(4, -1), strict=True)], -1)


_forget_rows = _by_gate(i=0.0, g=0.0, o=0.0)


def _permuted(order: str) -> Callable[[Tensor], Tensor]:
    """A function of row blocks along the first axis that reads i, f, g, o out of rows in another order."""
    return lambda w: torch.cat([w.chunk(4, 0)[order.index(k)] for k in "ifgo"], 0)


def _transposed(u: Tensor) -> Tensor:
    return torch.cat([part.T for part in u.chunk(4, 0)], 0)


def _pade(c: Tensor) -> Tensor:
    """A rational function that is near tanh for small c."""
    return c * (27 + c**2) / (27 + 9 * c**2)


def _stacked_by_direction(h: Tensor, c: Tensor, layers: int, directions: int) -> tuple[Tensor, ...]:
    return tuple(s.unflatten(0, (layers, directions)).transpose(0, 1).flatten(0, 1) for s in (h, c))


def _added(above: list[Tensor], below: list[Tensor], place: Place) -> list[Tensor]:
    return [a + b for a, b in zip(above, below, strict=True)] if place.layer else above


def _averaged(below: list[Tensor], _: Place) -> Tensor:
    return torch.cat([torch.stack(below).mean(0)] * len(below), -1)


def _forward_half(below: list[Tensor], place: Place) -> Tensor:
    return torch.cat([below[0]] * len(below) if place.direction else below, -1)


def _reset_halfway(h: Tensor, c: Tensor, number: int, steps: int) -> tuple[Tensor, Tensor]:
    return (h, c) if number != steps // 2 or not number else (0 * h, 0 * c)


def _sums(change: Callable[..., Tensor]) -> dict[str, Callable[..., Any]]:
    return {"sums": change}


def _other_weights(kinds: tuple[str, ...], other: Callable[[Place], Place]) -> dict[str, Callable[..., Any]]:
    def weights(named: Callable[[str, Place], Tensor], place: Place) -> tuple[Tensor, ...]:
        every = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return tuple(named(kind, other(place) if kind in kinds else place) for kind in every)

    return {"weights": weights}


def _start(h_of: Callable[[Place], Place], c_of: Callable[[Place], Place]) -> dict[str, Callable[..., Any]]:
    return {"start": lambda h, c, place: (h[h_of(place).slot], c[c_of(place).slot])}


def _same(place: Place) -> Place:
    return place


FAULTS = (
    # activations
    Fault("InputSoftsign", ("i",), {"i": lambda z: 0.5 * (1 + z / (1 + z.abs()))}),
    Fault("ForgetSteep", ("f",), {"f": lambda z: torch.sigmoid(1.5 * z)}),
    Fault("OutputShifted", ("o",), {"o": lambda z: torch.sigmoid(z - 0.5)}),
    Fault("CandidateArctan", ("g",), {"g": lambda z: torch.atan(0.5 * math.pi * z) * 2 / math.pi}),
    Fault("CandidateSine", ("g",), {"g": torch.sin}),
    Fault("InputSquared", ("i",), {"i": lambda z: torch.sigmoid(z).square()}, (("c'",),)),
    Fault("ForgetFloor", ("f",), {"f": lambda z: 0.1 + 0.9 * torch.sigmoid(z)}),
    Fault("CandidateLeCun", ("g",), {"g": lambda z: 1.7159 * torch.tanh(2 * z / 3)}),
    Fault("OutputLinear", ("o",), {"o": lambda z: (0.25 * z + 0.5).clamp(0, 1)}),
    Fault("InputErf", ("i",), {"i": lambda z: 0.5 * (1 + torch.erf(z / math.sqrt(2)))}),
    Fault("CandidateElu", ("g",), {"g": nn.functional.elu}),
    Fault("CandidateClipped", ("g",), {"g": lambda z: torch.tanh(z.clamp(-1, 1))}),
    Fault("CandidateAbsolute", ("g",), {"g": lambda z: torch.tanh(z).abs()}),
    Fault("OutputFlipped", ("o",), {"o": lambda z: torch.sigmoid(-z)}, (("h'",),)),
    Fault("ForgetOfZero", ("f",), {"f": lambda z: torch.sigmoid(0 * z)}, (("c'",), ("z",))),
    # the cell
    Fault("CellUngated", ("c'",), {"cell": lambda v: v["f"] * v["c"] + v["i"] * v["g"] * v["o"]}),
    Fault("CellFlippedInput", ("c'",), {"cell": lambda v: v["f"] * v["c"] + (1 - v["i"]) * v["g"]}, (("i",),)),
    Fault("CellFlippedForget", ("c'",), {"cell": lambda v: (1 - v["f"]) * v["c"] + v["i"] * v["g"]}, (("f",),)),
    Fault("CellLeaks", ("c'",), {"cell": lambda v: v["f"] * v["c"] + v["i"] * v["g"] - 0.1 * v["c"]}, (("f",),)),
    Fault("CellHalved", ("c'",), {"cell": lambda v: 0.5 * SEAMS["cell"](v)}, (("f", "g"), ("f", "i"))),
    Fault("CellPlusHidden", ("c'",), {"cell": lambda v: v["f"] * v["c"] + v["i"] * v["g"] + v["h"]}),
    Fault("CellOfTanh", ("c'",), {"cell": lambda v: v["f"] * torch.tanh(v["c"]) + v["i"] * v["g"]}),
    Fault("CellInputTwice", ("c'",), {"cell": lambda v: v["f"] * v["i"] * v["c"] + v["i"] * v["g"]}),
    Fault("CellClipped", ("c'",), {"cell": lambda v: (v["f"] * v["c"] + v["i"] * v["g"]).clamp(-1, 1)}),
    Fault("CellForgetTwice", ("c'",), {"cell": lambda v: v["f"] * v["f"] * v["c"] + v["i"] * v["g"]}, (("f",),)),
    Fault("CellNormed", ("c'",), {"cell": lambda v: v["f"] * v["c"] + (1 - v["f"].square()).sqrt() * v["g"]}),
    Fault("CellForgetsCandidate", ("c'",), {"cell": lambda v: v["f"] * (v["c"] + v["i"] * v["g"])}),
    # the hidden state
    Fault("HiddenResidual", ("h'",), {"hidden": lambda v: v["o"] * torch.tanh(v["new"]) + v["h"]}),
    Fault("HiddenOldCell", ("h'",), {"hidden": lambda v: v["o"] * torch.tanh(v["f"] * v["c"])}),
    Fault("HiddenFlipped", ("h'",), {"hidden": lambda v: (1 - v["o"]) * torch.tanh(v["new"])}, (("o",),)),
    Fault("HiddenByInput", ("h'",), {"hidden": lambda v: v["i"] * torch.tanh(v["new"])}),
    Fault("HiddenSteep", ("h'",), {"hidden": lambda v: v["o"] * torch.tanh(2 * v["new"])}),
    Fault("HiddenTwice", ("h'",), {"hidden": lambda v: torch.tanh(v["o"]) * torch.tanh(v["new"])}, (("o",),)),
    Fault("HiddenSoftsign", ("h'",), {"hidden": lambda v: v["o"] * v["new"] / (1 + v["new"].abs())}),
    Fault("HiddenGelu", ("h'",), {"hidden": lambda v: v["o"] * nn.functional.gelu(v["new"])}),
    Fault("HiddenPade", ("h'",), {"hidden": lambda v: v["o"] * _pade(v["new"])}),
    # the sums
    Fault("BiasSubtracted", ("z",), _sums(lambda x, h, w, u, b, d: x @ w.T - b + h @ u.T + d)),
    Fault("HiddenShrunk", ("z",), _sums(lambda x, h, w, u, b, d: x @ w.T + b + 0.9 * (h @ u.T) + d)),
    Fault("CandidateForgetsHidden", ("z",), _sums(lambda x, h, w, u, b, d: x @ w.T + b + _by_gate(g=0.0)(h @ u.T) + d)),
    Fault(
        "BiasOfForgetOnly",
        ("z",),
        _sums(lambda x, h, w, u, b, d: x @ w.T + b + h @ u.T + _forget_rows(d)),
    ),
    Fault("OutputReadsTwice", ("z",), _sums(lambda x, h, w, u, b, d: _by_gate(o=2.0)(x @ w.T) + b + h @ u.T + d)),
    Fault("RowsFIOG", ("z",), {"rows": lambda z: [z.chunk(4, -1)[k] for k in (1, 0, 3, 2)]}),
    Fault("HiddenRowsIFOG", ("z",), _sums(lambda x, h, w, u, b, d: x @ w.T + b + h @ _permuted("ifog")(u).T + d)),
    Fault("HiddenTransposed", ("z",), _sums(lambda x, h, w, u, b, d: x @ w.T + b + h @ _transposed(u).T + d)),
    Fault("SumsScaled", ("z",), _sums(lambda x, h, w, u, b, d: (x @ w.T + b + h @ u.T + d) / 2)),
    Fault("InputRowsIOGF", ("z",), _sums(lambda x, h, w, u, b, d: x @ _permuted("iogf")(w).T + b + h @ u.T + d)),
    # wiring
    Fault("ReverseReadsForwardHH", ("wiring",), _other_weights(("weight_hh",), lambda p: p.at(p.layer, 0))),
    Fault("CellStartsFromLayerZero", ("wiring",), _start(_same, lambda p: p.at(0, p.direction))),
    Fault("HalvesSwapped", ("wiring",), {"fed": lambda below, place: torch.cat(below[::-1], -1)}),
    Fault(
        "ReverseReadsForwardHalf",
        ("wiring",),
        {"fed": _forward_half},
    ),
    Fault(
        "HalvesAveraged",
        ("wiring",),
        {"fed": _averaged},
    ),
    Fault("LayerOneRunsForward", ("wiring",), {"backwards": lambda p: p.direction == 1 and p.layer == 0}),
    Fault("LastReverseNotFlipped", ("wiring",), {"laid": lambda y, p: y.flip(0) if p.direction and p.last else y}),
    Fault(
        "StatesByDirection",
        ("wiring",),
        {"last_states": _stacked_by_direction},
    ),
    Fault(
        "LastCellsSwapped", ("wiring",), {"last_states": lambda h, c, _, d: (h, torch.cat([c[:-d], c[-d:].flip(0)]))}
    ),
    Fault("InputDelayed", ("wiring",), {"at": lambda x, t: x[t - 1] if t else 0 * x[0]}),
    Fault("HiddenStartsFromReverse", ("wiring",), _start(lambda p: p.at(p.layer, 1 - p.direction), _same)),
    Fault("StatesOfLayerZero", ("wiring",), _start(lambda p: p.at(0, p.direction), lambda p: p.at(0, p.direction))),
    Fault(
        "LayersAdded",
        ("wiring",),
        {"above": _added},
    ),
    Fault("LastHiddenByPosition", ("wiring",), {"last_h": lambda h, outputs, place: outputs[-1]}),
    Fault("ResetHalfway", ("wiring",), {"between": _reset_halfway}),
    Fault("BiasOfLayerZero", ("wiring",), _other_weights(("bias_hh",), lambda p: p.at(0, p.direction))),
)


def _early(x: Tensor, t: int) -> Tensor:
    return x[min(t + 1, len(x) - 1)]


def _rotated_rows(h: Tensor, c: Tensor, place: Place) -> tuple[Tensor, Tensor]:
    return h[place.slot].roll(1, 0), c[place.slot].roll(1, 0)


def _mean_residual(above: list[Tensor], below: list[Tensor], place: Place) -> list[Tensor]:
    return [(a + b) / 2 for a, b in zip(above, below, strict=True)] if place.layer else above


def _flipped_columns(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    return x @ w.T + b + h @ u.flip(1).T + d


def _exchanged_biases(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    return x @ w.T + _permuted("figo")(b) + h @ u.T + d


def _normed(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    return x @ w.T + b + (h / (1 + h.norm(dim=-1, keepdim=True))) @ u.T + d


# written when identification was finished; no function and no connection was added for them
LATER = (
    Fault("CandidateAlgebraic", ("g",), {"g": lambda z: z / (1 + z * z).sqrt()}),
    Fault("ForgetSine", ("f",), {"f": lambda z: 0.5 * (1 + torch.sin(z))}),
    Fault("OutputCubed", ("o",), {"o": lambda z: torch.sigmoid(z) ** 3}, (("h'",),)),
    Fault("InputSoftplus", ("i",), {"i": lambda z: nn.functional.softplus(z).clamp(max=1.0)}),
    Fault("CandidateCubed", ("g",), {"g": lambda z: torch.tanh(z) ** 3}),
    Fault("CandidateLeaky", ("g",), {"g": lambda z: nn.functional.leaky_relu(z, 0.1)}),
    Fault("CandidateMish", ("g",), {"g": nn.functional.mish}),
    Fault("CellShifted", ("c'",), {"cell": lambda v: v["f"] * v["c"] + v["i"] * v["g"] + 0.1}),
    Fault("CellInputLeaks", ("c'",), {"cell": lambda v: v["f"] * v["c"] + v["i"] * (v["g"] - v["c"])}),
    Fault("CellLarger", ("c'",), {"cell": lambda v: torch.maximum(v["f"] * v["c"], v["i"] * v["g"])}),
    Fault("CellTanhKept", ("c'",), {"cell": lambda v: torch.tanh(v["f"] * v["c"]) + v["i"] * v["g"]}),
    Fault("CellByHidden", ("c'",), {"cell": lambda v: v["f"] * v["c"] + v["i"] * v["g"] * v["h"]}),
    Fault("HiddenHighway", ("h'",), {"hidden": lambda v: v["o"] * torch.tanh(v["new"]) + (1 - v["o"]) * v["h"]}),
    Fault("HiddenBothCells", ("h'",), {"hidden": lambda v: v["o"] * torch.tanh(v["new"] + v["c"])}),
    Fault("HiddenOuterTanh", ("h'",), {"hidden": lambda v: torch.tanh(v["o"] * v["new"])}),
    Fault("HiddenForgets", ("h'",), {"hidden": lambda v: v["o"] * v["f"] * torch.tanh(v["new"])}),
    Fault("HiddenColumnsFlipped", ("z",), {"sums": _flipped_columns}),
    Fault("BiasesExchanged", ("z",), {"sums": _exchanged_biases}),
    Fault("HiddenNormed", ("z",), {"sums": _normed}),
    Fault("InputEarly", ("wiring",), {"at": _early}),
    Fault("RowsRotated", ("wiring",), {"start": _rotated_rows}),
    Fault("MeanResidual", ("wiring",), {"above": _mean_residual}),
    Fault(
        "WeightsOfOtherDirection", ("wiring",), _other_weights(("weight_ih",), lambda p: p.at(p.layer, 1 - p.direction))
    ),
    Fault("CellStartsHalved", ("wiring",), {"start": lambda h, c, p: (h[p.slot], c[p.slot] / 2)}),
    Fault("StepSkipped", ("wiring",), {"between": lambda h, c, k, n: (h, c) if k % 2 == 0 else (0 * h, c)}),
)
