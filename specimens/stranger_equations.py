"""Wrong LSTMs with one fault each, of kinds that are in neither `unseen_equations` nor `strange_equations`.

Each is a class with nn.LSTM's arguments: `module:specimens/stranger_equations.py:NAME`. They are slips of people who
write an LSTM by hand, port one, or copy a line from another kind of cell. They are written from the definition of an
LSTM and from `Written` alone, by somebody who has not seen what identifies them. `parts` and `also` of a fault are what
they are in `unseen_equations`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from specimens.unseen_equations.written import SEAMS, Fault, Place, Written

# activations


def _fast_exponential(z: Tensor) -> Tensor:
    """The logistic function with an exponential that is straight between powers of two, as from the bits of a float."""
    power = -z / math.log(2)
    whole = power.floor()
    return 1 / (1 + (1 + power - whole) * torch.exp2(whole))


def _wrapped(z: Tensor) -> Tensor:
    """The logistic function of a number that overflows from 1 to -1, where it should saturate."""
    return torch.sigmoid((z + 1).remainder(2) - 1)


def _raw_tail(z: Tensor) -> Tensor:
    """The logistic function of all units but the last, whose sum is left as it is."""
    return torch.cat([torch.sigmoid(z[..., :-1]), z[..., -1:]], -1)


# the cell and the hidden state


def _cell(v: dict[str, Tensor]) -> Tensor:
    return v["f"] * v["c"] + v["i"] * v["g"]


def _stale_tail(v: dict[str, Tensor]) -> Tensor:
    """The new cell, but the old one in the last unit."""
    return torch.cat([_cell(v)[..., :-1], v["c"][..., -1:]], -1)


def _normed_inside(v: dict[str, Tensor]) -> Tensor:
    return v["o"] * torch.tanh(nn.functional.layer_norm(v["new"], v["new"].shape[-1:]))


def _ungated_tail(v: dict[str, Tensor]) -> Tensor:
    """The new hidden state, whose last unit is not gated."""
    squashed = torch.tanh(v["new"])
    return torch.cat([(v["o"] * squashed)[..., :-1], squashed[..., -1:]], -1)


def _peeking(gate: Tensor, cell: Tensor) -> Tensor:
    """A gate to whose sum the cell is added."""
    return torch.sigmoid(torch.logit(gate) + cell)


# the sums


def _multiplied(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    """The sums of multiplicative integration: what is read of the input times what is read of the hidden state."""
    return (x @ w.T) * (h @ u.T) + b + d


def _piled_up(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    """The sums where what a gate reads of the hidden state is added to what the gates before it read."""
    return x @ w.T + b + (h @ u.T).unflatten(-1, (4, -1)).cumsum(-2).flatten(-2) + d


def _overlapping(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    """The sums where two tiles overlap in the last column of the input."""
    return x @ w.T + x[:, -1:] * w[:, -1] + b + h @ u.T + d


def _one_bias(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    """The sums where the biases of the first unit are broadcast to all units."""
    firsts = torch.stack([part[0] for part in (b + d).chunk(4)])
    return x @ w.T + h @ u.T + firsts.repeat_interleave(h.shape[-1])


def _viewed(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
    """The sums where the hidden weights are reshaped to the shape that they should be transposed to."""
    return x @ w.T + b + h @ u.reshape(h.shape[-1], -1) + d


# wiring


def _last_row_forgets(h: Tensor, c: Tensor, number: int, steps: int) -> tuple[Tensor, Tensor]:
    """The states where those of the last row are not stored after a step."""
    kept = torch.ones_like(h)
    if number:
        kept[-1] = 0
    return h * kept, c * kept


def _exchanged(h: Tensor, c: Tensor, number: int, steps: int) -> tuple[Tensor, Tensor]:
    return (c, h) if number else (h, c)


def _mixed_frames(x: Tensor, t: int) -> Tensor:
    return (x[t] + x[max(t - 1, 0)]) / 2


def _viewed_frames(x: Tensor, t: int) -> Tensor:
    """A step of an input whose first two axes were exchanged, and then reshaped rather than exchanged back."""
    return x.transpose(0, 1).reshape(x.shape)[t]


def _viewed_states(h: Tensor, c: Tensor, layers: int, directions: int) -> tuple[Tensor, Tensor]:
    """The last states where the same was done to layers and rows."""
    return h.transpose(0, 1).reshape(h.shape), c.transpose(0, 1).reshape(c.shape)


def _start_of_layer_zero_only(h: Tensor, c: Tensor, place: Place) -> tuple[Tensor, Tensor]:
    return (0 * h[0], 0 * c[0]) if place.layer else (h[place.slot], c[place.slot])


def _delayed(below: list[Tensor], place: Place) -> Tensor:
    """What a layer reads where the one below it runs in the same sweep, after it."""
    whole = torch.cat(below, -1)
    return torch.cat([0 * whole[:1], whole[:-1]])


def _odd_step_stale(outputs: Tensor, place: Place) -> Tensor:
    """The outputs of a loop that writes two steps at a time, and repeats the one before where one is left."""
    if len(outputs) % 2 == 0 or len(outputs) == 1:
        return outputs
    return torch.cat([outputs[1:2], outputs[1:]] if place.direction else [outputs[:-1], outputs[-2:-1]])


STRANGER: tuple[Fault, ...] = (
    # activations
    Fault("InputExponential", ("i",), {"i": torch.exp}, (("c'",),)),
    Fault("InputPrecedence", ("i",), {"i": lambda z: 1 / 1 + torch.exp(-z)}, (("c'",),)),
    Fault("ForgetLogarithm", ("f",), {"f": nn.functional.logsigmoid}, (("c'",),)),
    Fault("ForgetFastExp", ("f",), {"f": _fast_exponential}),
    Fault("ForgetWraps", ("f",), {"f": _wrapped}, (("z",),)),
    Fault("CandidateShrink", ("g",), {"g": nn.functional.tanhshrink}),
    Fault("CandidateMinusOneLost", ("g",), {"g": lambda z: 2 * torch.sigmoid(2 * z)}, (("c'",),)),
    Fault("OutputTailRaw", ("o",), {"o": _raw_tail}),
    Fault("OutputCentred", ("o",), {"o": lambda z: torch.sigmoid(z - z.mean(-1, keepdim=True))}, (("z",),)),
    # the cell
    Fault("CellReusesProduct", ("c'",), {"cell": lambda v: v["f"] * v["c"] + v["i"] * (v["f"] * v["c"])}),
    Fault("CellBlends", ("c'",), {"cell": lambda v: v["f"] * v["c"] + (1 - v["f"]) * v["i"] * v["g"]}),
    Fault(
        "CellTanhInPlace",
        ("c'",),
        {"cell": lambda v: torch.tanh(_cell(v)), "hidden": lambda v: v["o"] * v["new"]},
        (("c'", "h'"),),
    ),
    Fault("CellTakesHidden", ("c'",), {"cell": lambda v: v["f"] * v["c"] + v["i"] * v["h"]}),
    Fault(
        "CellScalarForget",
        ("c'",),
        {"cell": lambda v: v["f"][..., :1] * v["c"] + v["i"] * v["g"]},
        (("f",), ("z",)),
    ),
    Fault("CellAddsTwice", ("c'",), {"cell": lambda v: _cell(v) + v["i"] * v["g"]}, (("i",), ("g",))),
    Fault("CellSquaresCandidate", ("c'",), {"cell": lambda v: v["f"] * v["c"] + v["g"] * v["g"]}, (("i", "z"),)),
    Fault("CellTailStale", ("c'",), {"cell": _stale_tail}, (("f", "i"), ("f", "g"))),
    Fault("CellErases", ("c'",), {"cell": lambda v: v["f"] * (1 - v["i"]) * v["c"] + v["i"] * v["g"]}),
    # the hidden state
    Fault("HiddenLayerNorm", ("h'",), {"hidden": _normed_inside}),
    Fault("HiddenGatedTwice", ("h'",), {"hidden": lambda v: v["o"] * torch.tanh(v["o"] * v["new"])}),
    Fault(
        "HiddenMixesCandidate",
        ("h'",),
        {"hidden": lambda v: v["o"] * torch.tanh(v["new"]) + (1 - v["o"]) * v["g"]},
    ),
    Fault("HiddenNormaliser", ("h'",), {"hidden": lambda v: v["o"] * v["new"] / (v["f"] + v["i"]).clamp(min=1)}),
    Fault("HiddenTailUngated", ("h'",), {"hidden": _ungated_tail}, (("o",),)),
    Fault(
        "HiddenPeeks",
        ("h'",),
        {"hidden": lambda v: _peeking(v["o"], v["new"]) * torch.tanh(v["new"])},
        (("o",), ("z",)),
    ),
    # the sums
    Fault(
        "SumsPeephole",
        ("z",),
        {"cell": lambda v: _peeking(v["f"], v["c"]) * v["c"] + _peeking(v["i"], v["c"]) * v["g"]},
        (("c'",), ("f", "i")),
    ),
    Fault("SumsMultiplied", ("z",), {"sums": _multiplied}),
    Fault("HiddenSquashedAgain", ("z",), {"sums": lambda x, h, *read: SEAMS["sums"](x, torch.tanh(h), *read)}),
    Fault("HiddenSumsPileUp", ("z",), {"sums": _piled_up}),
    Fault("InputColumnTwice", ("z",), {"sums": _overlapping}),
    Fault("BiasOfFirstUnit", ("z",), {"sums": _one_bias}),
    Fault("HiddenWeightsViewed", ("z",), {"sums": _viewed}),
    # wiring
    Fault("LastRowForgets", ("wiring",), {"between": _last_row_forgets}),
    Fault("CarriedExchanged", ("wiring",), {"between": _exchanged}),
    Fault("FramesMixed", ("wiring",), {"at": _mixed_frames}),
    Fault("FramesViewed", ("wiring",), {"at": _viewed_frames}),
    Fault("LastStatesViewed", ("wiring",), {"last_states": _viewed_states}),
    Fault("UpperStartIgnored", ("wiring",), {"start": _start_of_layer_zero_only}),
    Fault("FedDelayed", ("wiring",), {"fed": _delayed}),
    Fault("OddStepStale", ("wiring",), {"laid": _odd_step_stale}),
    Fault("HalvesInterleaved", ("wiring",), {"result": lambda output, below: torch.stack(below, -1).flatten(-2)}),
)

CLASSES: dict[str, type[Written]] = {}
for _fault in STRANGER:
    CLASSES[_fault.name] = type(_fault.name, (Written,), {"faults": (_fault,), "__module__": __name__})
globals().update(CLASSES)
