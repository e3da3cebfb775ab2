"""LSTMs that look coarse in the numbers of one call: eight with one wrong function, eight that are coarse everywhere.

Each is a class with nn.LSTM's arguments: `module:specimens/coarse_gates.py:NAME`. In `WRONG` one function is another
one, near enough to the right one to look like low precision: no arithmetic explains that. In `NARROW` every function,
factor or state is coarse, as kernels for small devices have them: an arithmetic may be named there, or nothing, but no
equation. Committed before what names numbers was changed for them: an arithmetic was named for all 16, in 3 calls each.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from specimens.unseen_equations.written import SEAMS, Fault, Gates, Written

_Function = Callable[[Tensor], Tensor]

# one wrong function


def _plan(z: Tensor) -> Tensor:
    """The four straight lines of Amin, Curtis and Hayes-Gill (1997), of hardware that has no exponential."""
    size = z.abs()
    lines = [(0.25, 0.5, 0.0), (0.125, 0.625, 1.0), (0.03125, 0.84375, 2.375), (0.0, 1.0, 5.0)]
    above = torch.full_like(z, 0.5)
    for slope, offset, start in lines:
        above = torch.where(size >= start, slope * size + offset, above)
    return torch.where(z < 0, 1 - above, above)


def _rational(z: Tensor) -> Tensor:
    """The hyperbolic tangent by the ratio of two polynomials, cut at 1."""
    return (z * (27 + z * z) / (27 + 9 * z * z)).clamp(-1, 1)


def _limited_exponential(z: Tensor) -> Tensor:
    """The logistic function with (1 + x / 64)^64 in the place of the exponential, on the negative side alone."""
    low = (1 + z.clamp(max=0) / 64).clamp(min=0) ** 64
    return torch.where(z < 0, low / (1 + low), torch.sigmoid(z))


def _hidden_by_rational(v: Gates) -> Tensor:
    return v["o"] * _rational(v["new"])


WRONG: tuple[Fault, ...] = (
    Fault("InputProbit", ("i",), {"i": lambda z: torch.special.ndtr(z / 1.702)}),
    Fault("ForgetStraightLines", ("f",), {"f": _plan}),
    Fault("OutputRational", ("o",), {"o": lambda z: 0.5 + 0.5 * _rational(z / 2)}),
    Fault("CandidateLeaks", ("g",), {"g": lambda z: torch.tanh(z) + 0.01 * z}),
    Fault("InputSmoothed", ("i",), {"i": lambda z: 0.01 + 0.98 * torch.sigmoid(z)}),
    Fault("ForgetOneSided", ("f",), {"f": _limited_exponential}),
    Fault("OutputRipples", ("o",), {"o": lambda z: torch.sigmoid(z) + 0.004 * torch.sin(5 * z)}),
    Fault("HiddenRational", ("h'",), {"hidden": _hidden_by_rational}),
)

# coarse everywhere


def _everywhere(sigmoid: _Function, tanh: _Function) -> dict[str, Callable[..., Tensor]]:
    """What replaces all five functions of a step."""
    gates = {gate: tanh if gate == "g" else sigmoid for gate in "ifgo"}
    return {**gates, "hidden": lambda v: v["o"] * tanh(v["new"])}


def _near(function: _Function, step: float) -> _Function:
    """The value in a table at the argument that is nearest."""
    return lambda z: function((z.clamp(-8, 8) / step).round() * step)


def _between(function: _Function, step: float) -> _Function:
    """The straight line between two values of a table."""

    def look_up(z: Tensor) -> Tensor:
        place = z.clamp(-8, 8) / step
        low = place.floor()
        return torch.lerp(function(low * step), function((low + 1) * step), place - low)

    return look_up


def _as(function: _Function, dtype: torch.dtype) -> _Function:
    """The value rounded to another type."""
    return lambda z: function(z).to(dtype).to(z.dtype)


def _cut(function: _Function, step: float) -> _Function:
    """The value cut off to a multiple, as a shift to the right does."""
    return lambda z: (function(z) / step).floor() * step


def _half_tanh(tanh: _Function) -> _Function:
    return lambda z: 0.5 + 0.5 * tanh(z / 2)


def _stochastically(value: Tensor, bits: int, generator: torch.Generator) -> Tensor:
    """The value rounded up or down to so many bits, by chance."""
    unit = torch.exp2(value.abs().clamp(min=1e-30).log2().floor() + 1 - bits)
    drawn = torch.rand(value.shape, generator=generator, dtype=torch.float64).to(value.dtype)
    return (value / unit + drawn).floor() * unit


_GENERATOR = torch.Generator().manual_seed(7)


def _stochastic_sums(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    return _stochastically(SEAMS["sums"](x, h, w, u, b, d), 8, _GENERATOR)


def _bfloat16_factors(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    return SEAMS["sums"](*(one.to(torch.bfloat16).to(x.dtype) for one in (x, h, w, u)), b, d)


NARROW: tuple[Fault, ...] = (
    Fault("TablesNearest", (), _everywhere(_near(torch.sigmoid, 1 / 16), _near(torch.tanh, 1 / 32))),
    Fault("TablesOfStraightLines", (), _everywhere(_between(torch.sigmoid, 0.5), _between(torch.tanh, 0.5))),
    Fault(
        "Float8Activations",
        (),
        _everywhere(_as(torch.sigmoid, torch.float8_e4m3fn), _as(torch.tanh, torch.float8_e4m3fn)),
    ),
    Fault("StochasticSums", (), {"sums": _stochastic_sums}),
    Fault("EightBitsCutOff", (), _everywhere(_cut(torch.sigmoid, 1 / 256), _cut(torch.tanh, 1 / 128))),
    Fault("OneTableForAll", (), _everywhere(_half_tanh(_near(torch.tanh, 1 / 64)), _near(torch.tanh, 1 / 64))),
    Fault("RationalEverywhere", (), _everywhere(_half_tanh(_rational), _rational)),
    Fault("FactorsOfBfloat16", (), {"sums": _bfloat16_factors}),
)
FAULTS = (*WRONG, *NARROW)

CLASSES: dict[str, type[Written]] = {
    fault.name: type(fault.name, (Written,), {"faults": (fault,), "__module__": __name__}) for fault in FAULTS
}
globals().update(CLASSES)
