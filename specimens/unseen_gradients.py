"""LSTMs whose results are right and whose gradients are wrong: one factor of the way back is missing, doubled or cut.

Each is a class with nn.LSTM's arguments: `module:specimens/unseen_gradients.py:NAME`. They are made from
`unseen_equations.written.Written` by seams that return the right numbers with other derivatives. `part` says which
derivative is wrong, in the words of the equations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from specimens.unseen_equations.written import SEAMS, Fault, Place, Written


@dataclass(frozen=True)
class GradientFault:
    """One wrong derivative: its name, which it is, and what it replaces in `Written`."""

    name: str
    part: str
    replaced: dict[str, Callable[..., Any]]


def sloped(value: Tensor, z: Tensor, slope: Tensor) -> Tensor:
    """Return a value that depends on z with this derivative."""
    return value.detach() + slope.detach() * (z - z.detach())


def scaled(value: Tensor, factor: float) -> Tensor:
    """Return a value through which a factor of the gradient goes back."""
    return factor * value + (1.0 - factor) * value.detach()


def _sums(change: Callable[..., tuple[Tensor, ...]]) -> dict[str, Callable[..., Any]]:
    """Replace what the right sums are made of: x, h, w_ih, w_hh, b_ih, b_hh."""
    return {"sums": lambda *given: SEAMS["sums"](*change(*given))}


def _only_rows(w: Tensor, gate: str) -> Tensor:
    """The same numbers; the rows of one gate have no gradient."""
    parts = zip("ifgo", w.chunk(4, 0), strict=True)
    return torch.cat([part.detach() if name == gate else part for name, part in parts])


def _of_sigmoid(z: Tensor) -> Tensor:
    s = torch.sigmoid(torch.sigmoid(z))
    return s * (1 - s)


def _halfway(h: Tensor, c: Tensor, number: int, steps: int) -> tuple[Tensor, Tensor]:
    return h, c if number != steps // 2 else c.detach()


def _halved(below: list[Tensor], _: Place) -> Tensor:
    return scaled(torch.cat(below, -1), 0.5)


def _slope_one(values: dict[str, Tensor]) -> Tensor:
    c = values["new"]
    return values["o"] * sloped(torch.tanh(c), c, torch.ones_like(c))


def _start(h: Tensor, c: Tensor, place: Place) -> tuple[Tensor, Tensor]:
    return h[place.slot].detach(), c[place.slot].detach()


FAULTS = (
    GradientFault("SlopeOfActivated", "di/dz", {"i": lambda z: sloped(torch.sigmoid(z), z, _of_sigmoid(z))}),
    GradientFault("SlopeNotSquared", "dg/dz", {"g": lambda z: sloped(torch.tanh(z), z, 1 - torch.tanh(z))}),
    GradientFault("ForgetSlopeDoubled", "df/dz", {"f": lambda z: scaled(torch.sigmoid(z), 2.0)}),
    GradientFault("OutputGateDetached", "dh'/do", {"o": lambda z: torch.sigmoid(z).detach()}),
    GradientFault("CellDetachedInForget", "dc'/dc", {"cell": lambda v: v["f"] * v["c"].detach() + v["i"] * v["g"]}),
    GradientFault("ForgetDetached", "dc'/df", {"cell": lambda v: v["f"].detach() * v["c"] + v["i"] * v["g"]}),
    GradientFault("InputGateDetached", "dc'/di", {"cell": lambda v: v["f"] * v["c"] + v["i"].detach() * v["g"]}),
    GradientFault("CandidateNegated", "dc'/dg", {"cell": lambda v: v["f"] * v["c"] + v["i"] * scaled(v["g"], -1.0)}),
    GradientFault("HiddenCellDetached", "dh'/dc'", {"hidden": lambda v: v["o"] * torch.tanh(v["new"]).detach()}),
    GradientFault(
        "HiddenSlopeOne",
        "dh'/dc'",
        {"hidden": _slope_one},
    ),
    GradientFault("RecurrentDetached", "dz/dh", _sums(lambda x, h, *w: (x, h.detach(), *w))),
    GradientFault("RecurrentHalved", "dz/dh", _sums(lambda x, h, *w: (x, scaled(h, 0.5), *w))),
    GradientFault(
        "BiasesDoubled", "dz/db", _sums(lambda x, h, w, u, *b: (x, h, w, u, *(scaled(one, 2.0) for one in b)))
    ),
    GradientFault("SecondBiasMissing", "dz/db_hh", _sums(lambda x, h, w, u, b, d: (x, h, w, u, b, d.detach()))),
    GradientFault(
        "ForgetRowsMissing",
        "dz_f/dw_ih",
        _sums(lambda x, h, w, *u: (x, h, _only_rows(w, "f"), *u)),
    ),
    GradientFault(
        "RecurrentWeightsTripled",
        "dz/dw_hh",
        _sums(lambda x, h, w, u, *b: (x, h, w, scaled(u, 3.0), *b)),
    ),
    GradientFault("InputMissing", "dz/dx", _sums(lambda x, *w: (x.detach(), *w))),
    GradientFault("CellDetachedHalfway", "dc'/dc", {"between": _halfway}),
    GradientFault("StartDetached", "dh_0, dc_0", {"start": _start}),
    GradientFault("LayerBelowHalved", "dx of layers after the first", {"fed": _halved}),
)
CLASSES: dict[str, type[Written]] = {
    fault.name: type(
        fault.name, (Written,), {"faults": (Fault(fault.name, (), fault.replaced),), "__module__": __name__}
    )
    for fault in FAULTS
}
globals().update(CLASSES)
